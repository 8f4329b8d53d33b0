using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Uris;

/// <summary>Numeric character references within URIs: visible ASCII, and the dots of other scripts.</summary>
internal static class NumericEntities
{
    /// <summary>The text with `&amp;#33;` to `&amp;#126;` and `&amp;#x21;` to `&amp;#x7e;` decoded; other full stops become a dot.</summary>
    public static string Decode(string text)
    {
        var at = text.IndexOf("&#", StringComparison.Ordinal);
        if (at < 0)
            return text;
        var decoded = new StringBuilder(text.Length);
        var done = 0;
        for (; at >= 0; at = text.IndexOf("&#", at + 1, StringComparison.Ordinal))
        {
            if (at < done || TryRead(text.AsSpan(at), out var length) is not { } character)
                continue;
            decoded.Append(text, done, at - done).Append(character);
            done = at + length;
        }

        return decoded.Append(text, done, text.Length - done).ToString();
    }

    private static char? TryRead(ReadOnlySpan<char> text, out int length)
    {
        var end = text.IndexOf(';');
        length = end + 1;
        if (end is < 3 or > 64)
            return null;
        var digits = text[2..end];
        if (Equals(digits, "x2e") || Equals(digits, "12290") || Equals(digits, "x3002") || Equals(digits, "65294"))
            return '.';
        if (Equals(digits, "xff0e") || Equals(digits, "65377") || Equals(digits, "xff61"))
            return '.';
        var isHex = digits[0] == 'x';
        if (
            !int.TryParse(
                isHex ? digits[1..] : digits,
                isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var code
            )
        )
            return null;
        // In hexadecimal 2a to 2f are not undone: rules know these spellings as they are.
        return code is > 0x20 and < 0x7F && !(isHex && code is >= 0x2A and <= 0x2F) ? (char)code : null;
    }

    private static bool Equals(ReadOnlySpan<char> digits, string known) =>
        digits.Equals(known, StringComparison.OrdinalIgnoreCase);
}
