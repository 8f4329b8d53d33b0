using System.Text.RegularExpressions;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>The last word on one rule and one line.</summary>
internal static class PatternConfirmation
{
    /// <summary>How often a pattern matches.</summary>
    /// <param name="pattern">The rule.</param>
    /// <param name="mapped">The line, mapped by <see cref="OctetText"/>.</param>
    /// <param name="known">Matches counted in earlier lines.</param>
    /// <param name="gaveUp">Set when the time ran out.</param>
    /// <returns>1 at most, unless the rule counts.</returns>
    public static int Count(MatchedPattern pattern, ReadOnlySpan<char> mapped, int known, ref bool gaveUp)
    {
        try
        {
            var regex = pattern.Pattern.Regex;
            if (!pattern.IsMultiple)
                return regex.IsMatch(mapped) ? 1 : 0;
            var count = 0;
            foreach (var _ in regex.EnumerateMatches(mapped))
            {
                count++;
                if (pattern.MaxHits > 0 && known + count >= pattern.MaxHits)
                    break;
            }
            return count;
        }
        catch (RegexMatchTimeoutException)
        {
            gaveUp = true;
            return 0;
        }
    }
}
