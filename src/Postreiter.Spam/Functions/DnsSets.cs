using System.Runtime.CompilerServices;
using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Functions;

/// <summary>The `check_rbl_sub` rules of a ruleset: each tests what the others of its set are answered.</summary>
internal sealed class DnsSets
{
    private static readonly ConditionalWeakTable<Ruleset, DnsSets> Known = [];
    private readonly Dictionary<string, List<(Rule Rule, DnsTest Test)>> _sets = new(StringComparer.Ordinal);

    private DnsSets(Ruleset ruleset)
    {
        foreach (var rule in ruleset.Rules.Where(static rule => rule.Function == "check_rbl_sub"))
        {
            if (rule.Arguments is not [var set, var text, ..] || !DnsTest.TryParse(text, out var test, out _))
                continue;
            if (!_sets.TryGetValue(set, out var rules))
                _sets.Add(set, rules = []);
            rules.Add((rule, test));
        }
    }

    /// <summary>Those of a ruleset, read once.</summary>
    public static DnsSets Of(Ruleset ruleset) => Known.GetValue(ruleset, static one => new DnsSets(one));

    /// <summary>The rules of a set.</summary>
    public IReadOnlyList<(Rule Rule, DnsTest Test)> this[string set] =>
        _sets.TryGetValue(set, out var rules) ? rules : [];
}
