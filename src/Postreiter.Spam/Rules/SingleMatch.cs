using Postreiter.Spam.Configuration;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Rules;

/// <summary>Matches a rule with templates, or with groups whose text other rules use.</summary>
internal static class SingleMatch
{
    /// <summary>Texts of which one stands in whatever the rule matches, whatever its templates are filled with.</summary>
    /// <returns>Null when there are none, or when the rule hits on what does not match.</returns>
    public static LiteralAutomaton? Needed(Rule rule)
    {
        if (rule.IsNegated || rule.IfUnset is not null || rule.Pattern is not { } pattern)
            return null;
        var tree = pattern.Tree;
        if (rule.Templates.Count > 0)
        {
            var source = Template.Fill(pattern.Source, static _ => "(?:[\\x00-\\xff]*)");
            if (!OctetPattern.TryParse(source, pattern.Modifiers, out var open, out _))
                return null;
            tree = open.Tree;
        }

        return RequiredLiterals.Of(tree) is { } texts
            ? new LiteralAutomaton([.. texts.Select(static t => (t, 0))])
            : null;
    }

    /// <summary>Whether a text may match.</summary>
    public static bool MayMatch(SingleRule single, ReadOnlySpan<char> text) =>
        single.Needed is not { } needed || needed.IsIn(text);

    /// <summary>Matches it.</summary>
    public static void Run(SingleRule single, IRuleTexts texts, CaptureValues captures, IMatchSink sink)
    {
        var rule = single.Rule;
        if (!MayMatch(single, texts))
            return;
        var pattern = rule.Pattern!;
        if (rule.Templates.Count > 0 && !TryFill(rule, texts, captures, out pattern))
            return;
        var steps = PatternRun.DefaultSteps;
        var count = rule.Kind switch
        {
            RuleKind.Header => Header(rule, pattern, texts, captures, ref steps),
            RuleKind.Body => Lines(rule, pattern, texts.Body, captures, ref steps),
            RuleKind.RawBody => Lines(rule, pattern, texts.RawBody, captures, ref steps),
            RuleKind.Uri => Lines(rule, pattern, texts.Uris, captures, ref steps),
            RuleKind.Full => Lines(rule, pattern, [texts.Full], captures, ref steps),
            _ => 0,
        };
        if (steps == 0)
            sink.GaveUp(single.Index);
        else if (count > 0)
            sink.Hit(single.Index, count);
    }

    private static bool MayMatch(SingleRule single, IRuleTexts texts)
    {
        if (single.Needed is null)
            return true;
        var lines = single.Rule.Kind switch
        {
            RuleKind.Body => texts.Body,
            RuleKind.RawBody => texts.RawBody,
            RuleKind.Uri => texts.Uris,
            _ => null,
        };
        if (lines is null)
            return true;
        for (var i = 0; i < lines.Count; i++)
        {
            if (MayMatch(single, lines[i].Span))
                return true;
        }

        return false;
    }

    /// <summary>Puts the values of this mail into a pattern.</summary>
    /// <returns>False when one has no value: the rule does not run.</returns>
    private static bool TryFill(Rule rule, IRuleTexts texts, CaptureValues captures, out OctetPattern pattern)
    {
        pattern = rule.Pattern!;
        var isKnown = true;
        var source = Template.Fill(
            pattern.Source,
            name =>
            {
                var values = captures.Of(name) is { Count: > 0 } found ? found : texts.Tag(name);
                isKnown &= values.Count > 0;
                return "(?:" + string.Join('|', values.Select(OctetPattern.Quote)) + ")";
            }
        );
        if (!isKnown || !OctetPattern.TryParse(source, pattern.Modifiers, out var filled, out _))
            return false;
        pattern = filled;
        return true;
    }

    private static int Header(Rule rule, OctetPattern pattern, IRuleTexts texts, CaptureValues captures, ref int steps)
    {
        var value = texts.Header(rule.Header!) ?? rule.IfUnset ?? "";
        var count = Count(rule, pattern, value, 0, captures, ref steps);
        return rule.IsNegated ? (count == 0 ? 1 : 0) : count;
    }

    private static int Lines(
        Rule rule,
        OctetPattern pattern,
        IReadOnlyList<ReadOnlyMemory<char>> lines,
        CaptureValues captures,
        ref int steps
    )
    {
        var count = 0;
        for (var i = rule.Kind == RuleKind.Body && rule.Flags.Has("nosubject") ? 1 : 0; i < lines.Count; i++)
        {
            count += Count(rule, pattern, lines[i].Span, count, captures, ref steps);
            if (steps == 0)
                break;
            if (count > 0 && (!rule.Flags.IsMultiple || (rule.Flags.MaxHits > 0 && count >= rule.Flags.MaxHits)))
                break;
        }
        return count;
    }

    /// <summary>How often a pattern matches a text; the texts of its named groups are kept.</summary>
    /// <param name="rule">Says whether it counts.</param>
    /// <param name="pattern">Its pattern, filled.</param>
    /// <param name="text">Octets.</param>
    /// <param name="known">Matches counted in earlier texts.</param>
    /// <param name="captures">Where the texts of groups go.</param>
    /// <param name="steps">Steps that the rule has left for this mail; 0 when it gave up.</param>
    public static int Count(
        Rule rule,
        OctetPattern pattern,
        ReadOnlySpan<char> text,
        int known,
        CaptureValues captures,
        ref int steps
    )
    {
        using var run = new PatternRun(pattern.GroupProgram, text, steps);
        var count = 0;
        while (run.Next())
        {
            count++;
            foreach (var (name, number) in pattern.Groups)
            {
                if (char.IsAsciiLetterUpper(name[0]) && run.Group(number) is var (begin, end))
                    captures.Add(name, text[begin..end].ToString());
            }
            if (!rule.Flags.IsMultiple || (rule.Flags.MaxHits > 0 && known + count >= rule.Flags.MaxHits))
                break;
        }
        steps = run.StepsLeft;
        return count;
    }
}
