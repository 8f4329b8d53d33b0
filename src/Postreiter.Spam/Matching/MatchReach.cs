using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>How far a match of a pattern can be from something that is known to stand in it: the rest of a line need not be looked at.</summary>
/// <param name="Octets">Octets of a match at most; <see cref="int.MaxValue"/> = without end.</param>
/// <param name="LineEnds">Line ends that a match can hold at most; <see cref="int.MaxValue"/> = without end.</param>
internal readonly record struct MatchReach(int Octets, int LineEnds)
{
    // With more of them the search for line ends would save nothing.
    private const int MaxLineEnds = 4;

    /// <summary>The reach of a pattern.</summary>
    public static MatchReach Of(PatternNode pattern) =>
        new(PatternLength.Max(pattern), PatternLength.Max(pattern, static set => set.Contains('\n')));

    /// <summary>The part of a text in which all matches lie that hold one of some octets.</summary>
    /// <param name="line">The text.</param>
    /// <param name="first">Behind the first of those octets.</param>
    /// <param name="last">Behind the last of them.</param>
    /// <returns>
    /// Where the first match can begin, and the end of what is to be looked at: one octet more than the last match takes, unless the text ends there.
    /// </returns>
    public (int From, int Till) Around(ReadOnlySpan<char> line, int first, int last)
    {
        var from = Octets >= first ? 0 : first - Octets;
        var till = Octets >= line.Length - last ? line.Length : last + Octets;
        if (LineEnds > MaxLineEnds)
            return (from, till);
        // From the octet that is known back over as many line ends as a match can hold, to the one before.
        var (begin, end) = (first, last);
        for (var i = 0; i <= LineEnds && begin > from; i++)
            begin = from + line[from..(begin - 1)].LastIndexOf('\n') + 1;
        for (var i = 0; i <= LineEnds && end < till; i++)
            end = line[end..till].IndexOf('\n') is var next and >= 0 ? end + next + 1 : till;
        return (begin, end);
    }
}
