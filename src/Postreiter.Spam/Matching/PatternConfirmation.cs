using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>The last word on one rule and one line.</summary>
internal static class PatternConfirmation
{
    /// <summary>How often a pattern matches.</summary>
    /// <param name="pattern">The rule.</param>
    /// <param name="line">The line, octets.</param>
    /// <param name="from">No match begins before here.</param>
    /// <param name="till">No match begins behind here.</param>
    /// <param name="known">Matches counted in earlier lines.</param>
    /// <param name="steps">Steps that the rule has left for this mail; 0 when it gave up.</param>
    /// <returns>1 at most, unless the rule counts.</returns>
    public static int Count(
        MatchedPattern pattern,
        ReadOnlySpan<char> line,
        int from,
        int till,
        int known,
        ref int steps
    )
    {
        using var run = new PatternRun(pattern.Pattern.Program, line, steps) { First = from, Last = till };
        var count = 0;
        while (run.Next())
        {
            count++;
            if (!pattern.IsMultiple || (pattern.MaxHits > 0 && known + count >= pattern.MaxHits))
                break;
        }
        steps = run.StepsLeft;
        return count;
    }
}
