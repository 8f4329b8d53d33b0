using System.Text;

namespace Postreiter.Spam.Text.Html;

/// <summary>Characters counted as Perl counts them: one for a pair of surrogates.</summary>
internal static class CharacterText
{
    public static int Count(ReadOnlySpan<char> text)
    {
        var pairs = 0;
        for (var at = text.IndexOfAnyInRange('\uDC00', '\uDFFF'); at >= 0; )
        {
            pairs++;
            var next = text[(at + 1)..].IndexOfAnyInRange('\uDC00', '\uDFFF');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return text.Length - pairs;
    }

    /// <summary>Where the character of this number begins, from 0; the length of the text if it has no more.</summary>
    public static int IndexOf(ReadOnlySpan<char> text, int number)
    {
        if (number >= text.Length)
            return text.Length;
        if (text.IndexOfAnyInRange('\uD800', '\uDBFF') < 0)
            return number;
        var at = 0;
        for (; number > 0 && at < text.Length; number--)
            at += char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1;
        return at;
    }

    /// <summary>White space: of Unicode in characters, blank, tab, CR, LF and VT in octets.</summary>
    public static int CountSpaces(ReadOnlySpan<char> text, bool isCharacters)
    {
        var spaces = 0;
        foreach (var c in text)
            spaces += CharacterClass.IsSpace(c, isCharacters) && (isCharacters || c != '\f') ? 1 : 0;
        return spaces;
    }

    /// <summary>The first characters; how many there are.</summary>
    public static int First(ReadOnlySpan<char> text, Span<Rune> to)
    {
        var n = 0;
        while (n < to.Length && !text.IsEmpty)
        {
            Rune.DecodeFromUtf16(text, out to[n++], out var length);
            text = text[length..];
        }

        return n;
    }

    /// <summary>The last characters, the last one first; how many there are.</summary>
    public static int Last(ReadOnlySpan<char> text, Span<Rune> to)
    {
        var n = 0;
        while (n < to.Length && !text.IsEmpty)
        {
            Rune.DecodeLastFromUtf16(text, out to[n++], out var length);
            text = text[..^length];
        }

        return n;
    }
}
