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

    private static readonly Lazy<FrozenDictionary<string, int>> Patterns = new(() =>
        Attributes(typeof(RuleFunctions).Assembly)
            .Where(static one => one.Attribute.PatternArgument >= 0)
            .ToFrozenDictionary(
                static one => one.Attribute.Name,
                static one => one.Attribute.PatternArgument,
                StringComparer.Ordinal
            )
    );

    /// <summary>Which argument of a function is a pattern, from 0; -1 = none.</summary>
    public static int PatternArgument(string function) => Patterns.Value.GetValueOrDefault(function, -1);

    private static readonly Lazy<FrozenSet<string>> Delimited = new(() =>
        Attributes(typeof(RuleFunctions).Assembly)
            .Where(static one => one.Attribute.IsPatternDelimited)
            .Select(static one => one.Attribute.Name)
            .ToFrozenSet(StringComparer.Ordinal)
    );

    /// <summary>Whether the pattern of a function stands in delimiters.</summary>
    internal static bool HasDelimitedPattern(string function) => Delimited.Value.Contains(function);

    private static readonly Lazy<FrozenSet<string>> Asking = new(() =>
        Attributes(typeof(RuleFunctions).Assembly)
            .Where(static one => one.Attribute.IsAwaited)
            .Select(static one => one.Attribute.Name)
            .ToFrozenSet(StringComparer.Ordinal)
    );

    /// <summary>Names of the functions whose rules hit when an answer of the network comes.</summary>
    internal static IReadOnlySet<string> Awaited => Asking.Value;

    private static readonly Lazy<FrozenSet<string>> Senders = new(() =>
        Attributes(typeof(RuleFunctions).Assembly)
            .Where(static one => one.Attribute.IsOfSender)
            .Select(static one => one.Attribute.Name)
            .ToFrozenSet(StringComparer.Ordinal)
    );

    /// <summary>Names of the functions that ask who sent a mail.</summary>
    internal static IReadOnlySet<string> OfSenders => Senders.Value;

    private static Dictionary<string, RuleFunction> Of(Assembly assembly)
    {
        var functions = new Dictionary<string, RuleFunction>(StringComparer.Ordinal);
        foreach (var (method, attribute) in Attributes(assembly))
            functions.Add(attribute.Name, method.CreateDelegate<RuleFunction>());
        return functions;
    }

    private static IEnumerable<(MethodInfo Method, RuleFunctionAttribute Attribute)> Attributes(Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
        from attribute in method.GetCustomAttributes<RuleFunctionAttribute>()
        select (method, attribute);
}
