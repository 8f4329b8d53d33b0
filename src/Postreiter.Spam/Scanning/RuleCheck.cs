using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Results;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Scanning;

/// <summary>What of a ruleset is not in force as written.</summary>
public static class RuleCheck
{
    /// <summary>
    /// Wrong lines first as they were read, then rules whose function this engine lacks, is given a wrong pattern, or does otherwise, with
    /// what follows from it.
    /// </summary>
    public static IEnumerable<ConfigurationWarning> Warnings(Ruleset ruleset)
    {
        ArgumentNullException.ThrowIfNull(ruleset);
        Marks(ruleset, out var marks);
        return ruleset
            .Warnings.Concat(marks)
            .Concat(PluginCheck.Warnings(ruleset))
            .Concat(MissingFunctions(ruleset))
            .Concat(WrongPatterns(ruleset))
            .Concat(NetworkCheck.Warnings(ruleset));
    }

    /// <summary>
    /// Whether what the ruleset says of a mail can be acted upon: of its rules that call functions, and would run, at most one in twenty
    /// calls one that this engine lacks. Metas count on each other; with more missing the points are wrong.
    /// </summary>
    /// <param name="ruleset">The ruleset.</param>
    /// <param name="options">How it is run: rules that ask a network that is not wanted do not count, nor do those scored 0.</param>
    public static bool CanJudge(Ruleset ruleset, SpamEngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(ruleset);
        var calls = RuleSelection
            .Wanted(ruleset, options ?? new SpamEngineOptions())
            .Where(static rule => rule.Function.Length > 0)
            .ToList();
        return calls.Count(IsMissing) * 20 <= calls.Count;
    }

    private static bool IsMissing(Rule rule) =>
        rule.Function.Length > 0 && !RuleFunctions.All.ContainsKey(rule.Function);

    /// <summary>How the ruleset wants mails marked.</summary>
    /// <param name="ruleset">The ruleset.</param>
    /// <param name="warnings">Lines about marks that are wrong.</param>
    public static MarkSettings Marks(Ruleset ruleset, out IReadOnlyList<ConfigurationWarning> warnings)
    {
        ArgumentNullException.ThrowIfNull(ruleset);
        return Marks(ruleset.Settings, out warnings);
    }

    internal static MarkSettings Marks(Settings lines, out IReadOnlyList<ConfigurationWarning> warnings)
    {
        var settings = new MarkSettings();
        var wrong = new List<ConfigurationWarning>();
        foreach (var line in lines.Marks)
        {
            if (!MarkDirectives.TryApply(ref settings, line.Key, line.Value))
                wrong.Add(new(line.File, line.Line, $"{line.Key} cannot be \"{line.Value}\"; the line is passed over"));
        }

        warnings = wrong;
        return settings;
    }

    private static IEnumerable<ConfigurationWarning> WrongPatterns(Ruleset ruleset)
    {
        foreach (var rule in ruleset.Rules)
        {
            var index = RuleFunctions.PatternArgument(rule.Function);
            if (index < 0 || index >= rule.Arguments.Count)
                continue;
            if (!RulePatterns.TryRead(rule, index, out _, out var error))
            {
                yield return new ConfigurationWarning(
                    rule.File,
                    rule.Line,
                    $"{rule.Name}: the pattern {rule.Arguments[index]} of {rule.Function} cannot be used: {error}; the rule never hits",
                    IsError: true
                );
            }
        }
    }

    private static IEnumerable<ConfigurationWarning> MissingFunctions(Ruleset ruleset)
    {
        var missing = ruleset.Rules.Where(r => r.Function.Length > 0 && !RuleFunctions.All.ContainsKey(r.Function));
        foreach (var rule in missing.OrderBy(r => r.File, StringComparer.Ordinal).ThenBy(r => r.Line))
        {
            var users = ruleset.Rules.Count(r => r.Expression?.Names.Contains(rule.Name) == true);
            yield return new ConfigurationWarning(
                rule.File,
                rule.Line,
                $"{rule.Name}: there is no function {rule.Function} here; the rule never hits"
                    + (users > 0 ? $", and counts as 0 in {users} metas" : ""),
                IsError: false
            );
        }
    }
}
