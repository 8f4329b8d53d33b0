using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Rules;

/// <summary>Matches header rules, grouped by header: each value is fetched once.</summary>
internal sealed class HeaderMatcher
{
    // What each relay has in the headers that are made of them.
    private const string Relays = "X-Spam-Relays-";
    private static readonly string[] RelayTexts =
    [
        "[ ip=",
        " rdns=",
        " helo=",
        " by=",
        " ident=",
        " envfrom=",
        " intl=",
        " id=",
        " auth=",
        " msa=",
        " ]",
    ];

    private readonly Group[] _groups;

    /// <summary>Builds it.</summary>
    /// <param name="rules">Header rules with their numbers.</param>
    public HeaderMatcher(IEnumerable<SingleRule> rules) =>
        _groups = [.. rules.GroupBy(static rule => rule.Rule.Header!.Full, StringComparer.Ordinal).Select(Make)];

    /// <summary>The rules of one header.</summary>
    /// <param name="Header">The header.</param>
    /// <param name="Form">The form that its modifiers mean.</param>
    /// <param name="Existence">`exists:` rules.</param>
    /// <param name="Plain">`=~` rules; made when a mail has the header.</param>
    /// <param name="Negated">`!~` rules, each with the text that a missing header has for it.</param>
    /// <param name="WhenMissing">`=~` rules that may match when the header is missing, each with the text it then has.</param>
    private sealed record Group(
        RuleHeader Header,
        HeaderForm Form,
        int[] Existence,
        Lazy<LineMatcher>? Plain,
        (MatchedPattern Pattern, string Text)[] Negated,
        (MatchedPattern Pattern, string Text)[] WhenMissing
    );

    /// <summary>What a scan needs.</summary>
    internal sealed class Work(HeaderMatcher matcher)
    {
        private readonly LineMatcher.Work?[] _groups = new LineMatcher.Work?[matcher._groups.Length];

        public LineMatcher.Work Of(int group) =>
            _groups[group] ??= new LineMatcher.Work(matcher._groups[group].Plain!.Value);
    }

    /// <summary>Matches all of them.</summary>
    public void Match(IRuleTexts texts, Work work, IMatchSink sink)
    {
        for (var i = 0; i < _groups.Length; i++)
        {
            var group = _groups[i];
            if (texts.Header(group.Header, group.Form) is { } value)
                MatchPresent(group, value, work, i, sink);
            else
                MatchMissing(group, sink);
        }
    }

    private static void MatchPresent(Group group, string value, Work work, int index, IMatchSink sink)
    {
        foreach (var rule in group.Existence)
            sink.Hit(rule, 1);
        if (group.Plain is { } plain)
        {
            plain.Value.Match(value, work.Of(index), sink);
        }
        if (group.Negated.Length == 0)
            return;
        foreach (var (pattern, _) in group.Negated)
            MatchNegated(pattern, value, sink);
    }

    // A missing header is the text of [if-unset:], or empty.
    private static void MatchMissing(Group group, IMatchSink sink)
    {
        foreach (var (pattern, text) in group.WhenMissing)
        {
            var steps = PatternRun.DefaultSteps;
            var count = PatternConfirmation.Count(pattern, text, 0, text.Length, 0, ref steps);
            if (steps == 0)
                sink.GaveUp(pattern.Rule);
            else if (count > 0)
                sink.Hit(pattern.Rule, count);
        }
        foreach (var (pattern, text) in group.Negated)
            MatchNegated(pattern, text, sink);
    }

    private static void MatchNegated(MatchedPattern pattern, ReadOnlySpan<char> value, IMatchSink sink)
    {
        var steps = PatternRun.DefaultSteps;
        var count = PatternConfirmation.Count(pattern, value, 0, value.Length, 0, ref steps);
        if (steps == 0)
            sink.GaveUp(pattern.Rule);
        else if (count == 0)
            sink.Hit(pattern.Rule, 1);
    }

    private static Group Make(IGrouping<string, SingleRule> rules)
    {
        var plain = new List<MatchedPattern>();
        var negated = new List<(MatchedPattern, string)>();
        var missing = new List<(MatchedPattern, string)>();
        foreach (var (index, rule, _) in rules.Where(static rule => !rule.Rule.IsExistence))
        {
            var pattern = new MatchedPattern(
                index,
                rule.Pattern!,
                rule.Flags.IsMultiple && !rule.IsNegated,
                rule.Flags.MaxHits,
                SkipsFirst: false
            );
            if (rule.IsNegated)
            {
                negated.Add((pattern, rule.IfUnset ?? ""));
                continue;
            }

            plain.Add(pattern);
            if (rule.IfUnset is not null || PatternLength.Min(rule.Pattern!.Tree) == 0)
                missing.Add((pattern, rule.IfUnset ?? ""));
        }
        var isOfRelays = rules.Key.StartsWith(Relays, StringComparison.OrdinalIgnoreCase);
        var common = isOfRelays ? RelayTexts : null;
        return new Group(
            rules.First().Rule.Header!,
            MailHeaders.Form(rules.First().Rule.Header!),
            [.. rules.Where(static rule => rule.Rule.IsExistence).Select(static rule => rule.Index)],
            plain.Count > 0 ? new Lazy<LineMatcher>(() => new LineMatcher(plain, common)) : null,
            [.. negated],
            [.. missing]
        );
    }
}
