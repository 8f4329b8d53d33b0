using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Rules;

/// <summary>Matches mimeheader rules: a header of each part in turn.</summary>
internal static class PartMatch
{
    /// <summary>Matches one.</summary>
    public static void Run(SingleRule single, IRuleTexts texts, CaptureValues captures, IMatchSink sink)
    {
        var rule = single.Rule;
        if (rule.IsNegated)
        {
            // As in the original, whose loop ends before it counts: a negated one hits whatever the parts say.
            sink.Hit(single.Index, 1);
            return;
        }
        var steps = PatternRun.DefaultSteps;
        var count = Count(single, texts, captures, ref steps);
        if (steps == 0)
            sink.GaveUp(single.Index);
        else if (count > 0)
            sink.Hit(single.Index, count);
    }

    private static int Count(SingleRule single, IRuleTexts texts, CaptureValues captures, ref int steps)
    {
        var rule = single.Rule;
        var (first, last) = Range(rule.Flags.Value("range"));
        var joined = new System.Text.StringBuilder();
        var number = 0;
        foreach (var value in texts.PartHeaders(rule.Header!))
        {
            number++;
            if (number > last)
                break;
            if (number < first)
                continue;
            var text = value ?? rule.IfUnset ?? "";
            if (rule.Flags.Has("concat"))
            {
                joined.Append(text);
                if (!text.EndsWith('\n'))
                    joined.Append('\n');
                continue;
            }
            // The first part with a match ends it.
            if (
                SingleMatch.MayMatch(single, text)
                && SingleMatch.Count(rule, rule.Pattern!, text, 0, captures, ref steps) is var count and > 0
            )
                return Math.Min(count, 1000);
            if (steps == 0)
                return 0;
        }
        return joined.Length > 0 && SingleMatch.MayMatch(single, joined.ToString())
            ? Math.Min(SingleMatch.Count(rule, rule.Pattern!, joined.ToString(), 0, captures, ref steps), 1000)
            : 0;
    }

    // range=N, N-M, N- or -M; parts count from 1.
    private static (int First, int Last) Range(string? text)
    {
        if (text is null)
            return (0, 1000);
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var low = int.TryParse(dash < 0 ? text : text[..dash], out var first) ? first : 0;
        if (dash < 0)
            return (low, low);
        return (low, int.TryParse(text[(dash + 1)..], out var last) ? last : 1000);
    }
}
