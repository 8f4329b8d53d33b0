using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Patterns;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Functions;

/// <summary>Patterns among the arguments of rules; each is read once.</summary>
internal static class RulePatterns
{
    private static readonly ConditionalWeakTable<Rule, ConcurrentDictionary<int, OctetPattern?>> Known = [];

    /// <summary>A pattern.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="argument">Which of its arguments, from 0.</param>
    /// <returns>Null where there is no such argument, or it is wrong.</returns>
    public static OctetPattern? Of(Rule rule, int argument) =>
        argument < rule.Arguments.Count
            ? Known
                .GetValue(rule, static _ => new())
                .GetOrAdd(argument, static (at, of) => TryRead(of, at, out var pattern, out _) ? pattern : null, rule)
            : null;

    /// <summary>Reads a pattern as the rule's function wants it written: with delimiters or without.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="argument">Which of its arguments; it has to be there.</param>
    /// <param name="pattern">The pattern.</param>
    /// <param name="error">What is wrong, for people.</param>
    public static bool TryRead(
        Rule rule,
        int argument,
        [NotNullWhen(true)] out OctetPattern? pattern,
        [NotNullWhen(false)] out string? error
    ) =>
        RuleFunctions.HasDelimitedPattern(rule.Function)
            ? OctetPattern.TryParse(rule.Arguments[argument], out pattern, out error)
            : OctetPattern.TryParse(rule.Arguments[argument], "", out pattern, out error);
}
