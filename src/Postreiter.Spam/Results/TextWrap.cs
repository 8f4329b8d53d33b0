using System.Text;

namespace Postreiter.Spam.Results;

/// <summary>Breaks text into lines as SpamAssassin does for headers and reports; its quirks are part of what readers see.</summary>
internal static class TextWrap
{
    /// <summary>Wraps.</summary>
    /// <param name="text">What to wrap.</param>
    /// <param name="first">Starts the first line and counts in its length.</param>
    /// <param name="next">Starts every further line.</param>
    /// <param name="width">Most octets in a line; a tab counts as eight.</param>
    /// <param name="canPass">Whether the piece that reaches the width still belongs to its line.</param>
    /// <param name="breaks">Where text may break.</param>
    public static string Wrap(string text, string first, string next, int width, bool canPass, LineBreaks breaks)
    {
        var pieces = breaks == LineBreaks.AtBlanks ? AtBlanks(text) : BehindBlanksAndCommas(text);
        if (first.Length > 0)
            pieces.Insert(0, first);
        if (pieces.Count == 0)
            return "";
        var result = new StringBuilder(text.Length + 64);
        var line = new StringBuilder(pieces[0]);
        var length = Length(pieces[0]);
        var isJoined = false;
        for (var i = 1; i < pieces.Count; )
        {
            var ahead = isJoined && !canPass ? Length(pieces[i]) : 0;
            if (length + ahead <= width)
            {
                line.Append(pieces[i]);
                length += Length(pieces[i]);
                isJoined = true;
                i++;
                continue;
            }

            TrimEnd(line);
            result.Append(line).Append('\n');
            line.Clear().Append(next);
            length = Length(next);
            isJoined = false;
        }

        return result.Append(line).ToString();
    }

    private static int Length(string piece) => piece.Length + (7 * piece.AsSpan().Count('\t'));

    private static void TrimEnd(StringBuilder line)
    {
        while (line.Length > 0 && IsBlank(line[^1]))
            line.Length--;
    }

    /// <summary>White space of an octet string.</summary>
    internal static bool IsBlank(char c) => c is ' ' or (>= '\t' and <= '\r');

    // Words and the blanks between them, each blank a piece; empty words at the end do not count.
    private static List<string> AtBlanks(string text)
    {
        var pieces = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (!IsBlank(text[i]))
                continue;
            pieces.Add(text[start..i]);
            pieces.Add(text[i..(i + 1)]);
            start = i + 1;
        }

        if (start < text.Length)
            pieces.Add(text[start..]);
        return pieces;
    }

    private static List<string> BehindBlanksAndCommas(string text)
    {
        var pieces = new List<string>();
        var start = 0;
        for (var i = 1; i <= text.Length; i++)
        {
            if (i < text.Length && !IsBlank(text[i - 1]) && text[i - 1] != ',')
                continue;
            // The empty piece is the break itself: it joins before the next word is measured.
            pieces.Add(text[start..i]);
            if (i < text.Length)
                pieces.Add("");
            start = i;
        }

        return pieces;
    }
}

/// <summary>Where text may break.</summary>
internal enum LineBreaks
{
    /// <summary>At white space, which goes to the end of the line and is trimmed there.</summary>
    AtBlanks,

    /// <summary>Behind white space and commas, as headers fold.</summary>
    BehindBlanksAndCommas,
}
