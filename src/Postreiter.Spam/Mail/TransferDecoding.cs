using System.Buffers;

namespace Postreiter.Spam.Mail;

/// <summary>
/// base64 and quoted-printable (RFC 2045 §6) from octets to octets, without errors: what stands wrong in the text is read as most mail
/// programs read it.
/// </summary>
internal static class TransferDecoding
{
    private static readonly SearchValues<char> QuotedPrintableMarks = SearchValues.Create("= \t");
    private static readonly byte[] Values = MakeValues();

    /// <summary>Decodes quoted-printable; blanks at line ends are dropped, hexadecimal digits may be of either case.</summary>
    public static string QuotedPrintable(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAny(QuotedPrintableMarks))
            return text.ToString();
        var buffer = ArrayPool<char>.Shared.Rent(text.Length);
        var n = Unwrap(text, buffer);
        n = DecodeHex(buffer.AsSpan(0, n));
        var decoded = new string(buffer, 0, n);
        ArrayPool<char>.Shared.Return(buffer);
        return decoded;
    }

    /// <summary>Decodes base64; what is no letter of it is passed over.</summary>
    public static string Base64(ReadOnlySpan<char> text)
    {
        var letters = ArrayPool<char>.Shared.Rent(Math.Max(1, text.Length));
        var (n, isClean) = (0, true);
        foreach (var c in text)
        {
            if (Octets.IsBlank(c))
                continue;
            if (c < 0x80 && (Values[c] < 64 || c == '='))
                letters[n++] = c;
            else
                isClean = false;
            // What is no letter counts for the length that well-formed text has.
        }

        var decoded = Decode(letters.AsSpan(0, n), isClean && n % 4 == 0);
        ArrayPool<char>.Shared.Return(letters);
        return decoded;
    }

    // An "=" in the middle stands for 0 in text that is otherwise clean, and for 63 in text that is not.
    private static string Decode(ReadOnlySpan<char> letters, bool isClean)
    {
        letters = letters.TrimEnd('=');
        var length = letters.Length % 4 == 1 ? letters.Length - 1 : letters.Length;
        letters = letters[..length];
        var inner = isClean ? (byte)0 : (byte)63;
        var to = ArrayPool<char>.Shared.Rent(Math.Max(1, (length * 3 / 4) + 3));
        var (n, bits, held) = (0, 0u, 0);
        foreach (var c in letters)
        {
            bits = (bits << 6) | (c == '=' ? inner : Values[c]);
            held += 6;
            if (held < 8)
                continue;
            held -= 8;
            to[n++] = (char)((bits >> held) & 0xFF);
        }

        var decoded = new string(to, 0, n);
        ArrayPool<char>.Shared.Return(to);
        return decoded;
    }

    // Drops blanks before a line end, and soft line breaks.
    private static int Unwrap(ReadOnlySpan<char> text, Span<char> to)
    {
        var (at, n) = (0, 0);
        while (at < text.Length)
        {
            var plain = text[at..].IndexOfAny(QuotedPrintableMarks);
            if (plain < 0)
                plain = text.Length - at;
            text.Slice(at, plain).CopyTo(to[n..]);
            (at, n) = (at + plain, n + plain);
            if (at >= text.Length)
                break;
            var isEquals = text[at] == '=';
            var blanks = at + (isEquals ? 1 : 0);
            var end = blanks;
            while (end < text.Length && text[end] is ' ' or '\t')
                end++;
            var line = LineEnd(text, end);
            if (isEquals && line > 0)
            {
                at = end + line;
                continue;
            }

            if (isEquals)
                to[n++] = '=';
            if (line == 0)
            {
                text[blanks..end].CopyTo(to[n..]);
                n += end - blanks;
            }

            at = end;
        }

        return n;
    }

    private static int LineEnd(ReadOnlySpan<char> text, int at)
    {
        if (at < text.Length && text[at] == '\n')
            return 1;
        return at + 1 < text.Length && text[at] == '\r' && text[at + 1] == '\n' ? 2 : 0;
    }

    private static int DecodeHex(Span<char> text)
    {
        var n = text.IndexOf('=');
        if (n < 0)
            return text.Length;
        for (var at = n; at < text.Length; at++)
        {
            if (
                text[at] == '='
                && at + 2 < text.Length
                && char.IsAsciiHexDigit(text[at + 1])
                && char.IsAsciiHexDigit(text[at + 2])
            )
            {
                text[n++] = (char)((Hex(text[at + 1]) << 4) | Hex(text[at + 2]));
                at += 2;
            }
            else
            {
                text[n++] = text[at];
            }
        }

        return n;
    }

    private static int Hex(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

    private static byte[] MakeValues()
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        var values = new byte[128];
        Array.Fill(values, (byte)64);
        for (var i = 0; i < alphabet.Length; i++)
            values[alphabet[i]] = (byte)i;
        return values;
    }
}
