using System.Buffers;
using System.Text;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Text.Html;

namespace Postreiter.Spam.Text;

/// <summary>Makes the lines that body rules match on: the subject, then each paragraph of the rendered text with its white space squeezed.</summary>
internal static class BodyText
{
    /// <summary>Octets of a line; a longer one is cut behind a blank.</summary>
    private const int MaxLine = 2048;

    // Characters that are looked at together.
    private const int Window = 512;

    // How far behind the scan size a better place for the cut may be.
    private const int CutWindow = 1024;

    private static readonly SearchValues<char> OtherBlanks = SearchValues.Create("\t\n\v\f\r\0");

    /// <param name="subject">The subject with its line feed; "" for none.</param>
    /// <param name="parts">The parts in order; null for one that has no text.</param>
    /// <param name="choose">Which text of a part.</param>
    /// <param name="scanSize">Characters of a part that are looked at; 0 is no limit.</param>
    public static ReadOnlyMemory<char>[] Lines(
        string subject,
        IReadOnlyList<PartText?> parts,
        Func<PartText, PartText> choose,
        int scanSize
    )
    {
        var isCharacters = false;
        var lines = new List<ReadOnlyMemory<char>>();
        // The usual mail has one text.
        if (parts is [{ } only])
        {
            var text = choose(only);
            Split(Squeeze(subject, Cut(text.All, scanSize), text.IsCharacters), lines);
            return [.. lines];
        }

        var joined = new StringBuilder();
        foreach (var part in parts)
        {
            if (joined.Length > 0)
                joined.Append('\n');
            if (part is null)
                continue;
            var text = choose(part);
            isCharacters |= text.IsCharacters;
            joined.Append(Cut(text.All, scanSize));
        }

        Split(Squeeze(subject, joined.ToString(), isCharacters), lines);
        return [.. lines];
    }

    private static ReadOnlySpan<char> Cut(string text, int scanSize)
    {
        if (scanSize <= 0 || text.Length <= scanSize)
            return text;
        var start = CharacterText.IndexOf(text, scanSize);
        if (start == text.Length)
            return text;
        var window = text.AsSpan(start, CharacterText.IndexOf(text.AsSpan(start), CutWindow + 1));
        var place = window.IndexOf('\n');
        if (place < 0)
            place = window.IndexOf(' ');
        return text.AsSpan(0, start + place + 1);
    }

    // White space is one space, and one line feed where it holds two of them: a paragraph ends. A NUL is a line feed as well. The subject
    // stands in front as it is.
    private static string Squeeze(string subject, ReadOnlySpan<char> from, bool isCharacters)
    {
        var squeezed = ArrayPool<char>.Shared.Rent(subject.Length + from.Length);
        subject.CopyTo(squeezed);
        var (at, n) = (0, subject.Length);
        while (at < from.Length)
        {
            var plain = isCharacters ? NextBlank(from[at..]) : NextRun(from[at..]);
            from.Slice(at, plain).CopyTo(squeezed.AsSpan(n));
            (at, n) = (at + plain, n + plain);
            if (at >= from.Length)
                break;
            if (from[at] != '\0' && !CharacterClass.IsSpace(from[at], isCharacters))
                continue;
            if (from[at] == '\0')
            {
                squeezed[n++] = '\n';
                at++;
                continue;
            }

            var (first, last, end) = (-1, -1, at);
            for (; end < from.Length && CharacterClass.IsSpace(from[end], isCharacters); end++)
            {
                if (from[end] != '\n')
                    continue;
                first = first < 0 ? end : first;
                last = end;
            }

            if (first == last)
            {
                squeezed[n++] = ' ';
            }
            else
            {
                if (first > at)
                    squeezed[n++] = ' ';
                squeezed[n++] = '\n';
                if (last < end - 1)
                    squeezed[n++] = ' ';
            }

            at = end;
        }

        var body = squeezed.AsSpan(subject.Length, n - subject.Length);
        var text = isCharacters ? subject + Octets.ToUtf8(body) : squeezed.AsSpan(0, n).ToString();
        ArrayPool<char>.Shared.Return(squeezed);
        return text;
    }

    // The length of what has nothing but single spaces between its words; of a long one only its beginning is looked at.
    private static int NextRun(ReadOnlySpan<char> text)
    {
        text = text[..Math.Min(text.Length, Window)];
        var end = text.IndexOfAny(OtherBlanks);
        if (end < 0)
            end = text.Length;
        var spaces = text[..end].IndexOf("  ");
        return spaces >= 0 ? spaces
            : end > 0 && text[end - 1] == ' ' ? end - 1
            : end;
    }

    private static int NextBlank(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0' || CharacterClass.IsSpace(text[i], isCharacters: true))
                return i;
        }

        return text.Length;
    }

    private static void Split(string text, List<ReadOnlyMemory<char>> lines)
    {
        for (var at = 0; at < text.Length; )
        {
            var feed = text.IndexOf('\n', at);
            var end = feed < 0 ? text.Length : feed + 1;
            while (end - at > MaxLine)
            {
                // Behind the last blank of the line, so that no address is cut in two.
                var blank = text.LastIndexOf(' ', at + MaxLine, MaxLine + 1);
                var length = blank < 0 ? MaxLine : blank + 1 - at;
                lines.Add(text.AsMemory(at, length));
                at += length;
            }

            lines.Add(text.AsMemory(at, end - at));
            at = end;
        }
    }
}
