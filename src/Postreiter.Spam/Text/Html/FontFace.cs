using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text.Html;

/// <summary>Whether a list of font names looks like one.</summary>
internal static class FontFace
{
    /// <summary>Names of letters, blanks and hyphens, perhaps a digit at the end, quotes around them, commas between, a semicolon behind.</summary>
    public static bool IsOrdinary(string text)
    {
        var trimmed = Octets.TrimStart(text);
        if (IsList(trimmed))
            return true;
        // A blank may be the first character of a name.
        var blanks = text.Length - trimmed.Length;
        return blanks > 0 && text[blanks - 1] == ' ' && IsList(text.AsSpan(blanks - 1));
    }

    private static bool IsList(ReadOnlySpan<char> rest)
    {
        if (rest is [.., '\n'])
            rest = rest[..^1];
        if (rest is ['"' or '\'' or '.', ..])
            rest = rest[1..];
        if (!TryName(ref rest, mayBeginBlank: true))
            return false;
        while (rest is [',', ..])
        {
            rest = Octets.TrimStart(rest[1..]);
            if (rest is ['"' or '\'', ..])
                rest = rest[1..];
            if (!TryName(ref rest, mayBeginBlank: false))
                return false;
        }

        return rest is [] or ";";
    }

    // Two characters at least; the last one a letter, then perhaps a digit and a quote.
    private static bool TryName(ref ReadOnlySpan<char> text, bool mayBeginBlank)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiLetter(text[length]) || text[length] is ' ' or '-'))
            length++;
        // The name ends in a letter.
        if (length < 2 || !char.IsAsciiLetter(text[length - 1]))
            return false;
        if (!char.IsAsciiLetter(text[0]) && !(mayBeginBlank && text[0] == ' '))
            return false;
        text = text[length..];
        if (text is [>= '0' and <= '9', ..])
            text = text[1..];
        if (text is ['"' or '\'', ..])
            text = text[1..];
        return true;
    }
}
