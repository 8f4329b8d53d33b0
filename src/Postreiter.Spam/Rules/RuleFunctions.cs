using System.Collections.Frozen;
using System.Reflection;
using Postreiter.Spam.Functions;

namespace Postreiter.Spam.Rules;

/// <summary>A rule function.</summary>
/// <returns>Number of hits; 0 = none.</returns>
public delegate int RuleFunction(RuleCall call);

/// <summary>Finds the methods marked <see cref="RuleFunctionAttribute"/>, once.</summary>
public static class RuleFunctions
{
    private static readonly Lazy<FrozenDictionary<string, RuleFunction>> BuiltIn = new(() =>
        Of(typeof(RuleFunctions).Assembly).ToFrozenDictionary(StringComparer.Ordinal)
    );

    /// <summary>The functions of this library, by the names rulesets use.</summary>
    public static IReadOnlyDictionary<string, RuleFunction> All => BuiltIn.Value;

    private static Dictionary<string, RuleFunction> Of(Assembly assembly)
    {
        var functions = new Dictionary<string, RuleFunction>(StringComparer.Ordinal);
        foreach (var type in assembly.GetTypes())
        {
            foreach (var method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            {
                foreach (var attribute in method.GetCustomAttributes<RuleFunctionAttribute>())
                    functions.Add(attribute.Name, method.CreateDelegate<RuleFunction>());
            }
        }
        return functions;
    }
}
