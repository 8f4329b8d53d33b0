using System.Text;

namespace Postreiter.Spam.Uris;

/// <summary>Percent-encoding as rules expect it undone: what could have been written plainly is, the rest stays encoded.</summary>
internal static class PercentCode
{
    /// <summary>Whether there is an encoded octet.</summary>
    public static bool Has(string text)
    {
        for (var i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (TryRead(text, i, out _))
                return true;
        }

        return false;
    }

    /// <summary>The octet of `%XX` at a place.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, int at, out int octet)
    {
        octet = 0;
        if (at + 2 >= text.Length || !char.IsAsciiHexDigit(text[at + 1]) || !char.IsAsciiHexDigit(text[at + 2]))
            return false;
        octet = Convert.ToInt32(text.Slice(at + 1, 2).ToString(), 16);
        return true;
    }

    /// <summary>Decodes 0x21 to 0x7E, and encodes blanks, controls, octets from 0x7F and `" % &lt; &gt;` that stand plainly.</summary>
    public static string Normalize(string text)
    {
        var normal = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '%' && TryRead(text, i, out var octet))
            {
                if (octet is > 0x20 and < 0x7F)
                    normal.Append((char)octet);
                else
                    normal.Append(text, i, 3);
                i += 2;
            }
            else if (c is <= ' ' or (>= '\x7F' and <= '\xFF') or '"' or '%' or '<' or '>')
            {
                normal.Append('%').Append(((int)c).ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            }
            else
            {
                normal.Append(c);
            }
        }

        return normal.ToString();
    }
}
