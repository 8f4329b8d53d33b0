using System.Reflection;
using Postreiter.Spam.Functions;

namespace Postreiter.Spam.Tests.Functions;

public sealed class RuleFunctionTests
{
    [Fact]
    public void A_function_name_belongs_to_one_method()
    {
        var names = typeof(RuleFunctionAttribute)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .SelectMany(method => method.GetCustomAttributes<RuleFunctionAttribute>())
            .Select(function => function.Name)
            .ToList();
        Assert.Equal(names.Distinct(StringComparer.Ordinal), names);
    }
}
