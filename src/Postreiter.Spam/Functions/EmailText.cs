using System.Buffers;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>Finds mail addresses in text, one pass: at most 64 octets before the at sign, five labels, a known top-level domain.</summary>
internal static class EmailText
{
    private const int LongestUser = 64;
    private const int MostLabels = 4;
    private const int LongestLabel = 61;

    private static readonly SearchValues<char> InAtom = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+/=?^_`{|}~-"
    );

    /// <summary>Whether an octet may stand in front of the at sign, other than a dot.</summary>
    public static bool IsInAtom(char c) => InAtom.Contains(c);

    /// <summary>The next address.</summary>
    /// <param name="text">Octets.</param>
    /// <param name="from">Where it may begin at the earliest.</param>
    /// <param name="domains">What is a top-level domain.</param>
    /// <param name="mayBegin">Whether an address may begin at a place; null = at any.</param>
    /// <returns>Start and end; null when there is none.</returns>
    public static (int Start, int End)? Next(
        ReadOnlySpan<char> text,
        int from,
        IDomainBoundaries domains,
        Func<int, bool>? mayBegin = null
    )
    {
        for (var at = from; at < text.Length; at++)
        {
            var found = text[at..].IndexOf('@');
            if (found < 0)
                return null;
            at += found;
            var end = HostEnd(text, at + 1, domains);
            if (end > 0 && Start(text, from, at, mayBegin) is >= 0 and var start)
                return (start, end);
        }

        return null;
    }

    /// <summary>The end of the address that begins exactly here; 0 when there is none.</summary>
    public static int EndFrom(ReadOnlySpan<char> text, int start, IDomainBoundaries domains) =>
        Next(text, start, domains) is var (found, end) && found == start ? end : 0;

    // The leftmost place: atoms, one dot between two.
    private static int Start(ReadOnlySpan<char> text, int from, int at, Func<int, bool>? mayBegin)
    {
        var first = -1;
        var place = at;
        while (place > from && at - place <= LongestUser)
        {
            var c = text[place - 1];
            if (IsInAtom(c))
            {
                place--;
                if (at - place > LongestUser)
                    break;
                if ((place == 0 || !IsInAtom(text[place - 1])) && (mayBegin is null || mayBegin(place)))
                    first = place;
            }
            else if (c == '.' && place < at && text[place] != '.')
            {
                place--;
            }
            else
            {
                break;
            }
        }

        return first;
    }

    private static int HostEnd(ReadOnlySpan<char> text, int at, IDomainBoundaries domains)
    {
        for (var labels = 0; labels <= MostLabels; labels++)
        {
            var end = at;
            while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '-'))
                end++;
            var label = text[at..end];
            if (label.IsEmpty)
                return 0;
            if (end + 1 >= text.Length || text[end] != '.' || !char.IsAsciiLetterOrDigit(text[end + 1]))
                return labels > 0 && domains.IsTopLevel(label) ? end : 0;
            if (label.Length > LongestLabel || label[0] == '-' || label[^1] == '-')
                return 0;
            at = end + 1;
        }

        return 0;
    }
}
