using System.Text;

namespace Postreiter.Spam.Text;

/// <summary>
/// Charsets of seven bits that shift between ASCII and an East Asian set: ISO 2022-JP (RFC 1468), ISO 2022-KR (RFC 1557) and HZ (RFC 1843). Each
/// is turned into the form of its set that has high octets. What is broken is read as SpamAssassin's platform reads it: text ends there, or
/// stands as it is.
/// </summary>
/// <param name="set">The set with high octets: EUC-JP, EUC-KR or GB 2312.</param>
/// <param name="toHigh">Turns text into it; what is left out is lost.</param>
internal sealed class ShiftedCharset(
    DoubleOctetCharset set,
    Func<ReadOnlySpan<char>, DoubleOctetCharset, bool, string?> toHigh
) : CharsetDecoder
{
    /// <inheritdoc/>
    public override string? Decode(ReadOnlySpan<char> octets, bool strict) => toHigh(octets, set, strict);

    /// <summary>ISO 2022-JP with the kanji of JIS X 0212 and half-width kana; nothing behind an octet above 0x7F is read.</summary>
    public static string Japanese(ReadOnlySpan<char> octets, DoubleOctetCharset set, bool strict)
    {
        var high = octets.IndexOfAnyInRange('\x80', '\xFF');
        octets = high < 0 ? octets : octets[..high];
        var to = new StringBuilder(octets.Length);
        var mode = 'B';
        while (true)
        {
            var escape = octets.IndexOf('\x1B');
            Append(to, escape < 0 ? octets : octets[..escape], mode);
            if (escape < 0)
                break;
            octets = octets[escape..];
            var length = Escape(octets, ref mode);
            // Another escape begins nothing that is known: the text ends.
            if (length == 0)
                break;
            octets = octets[length..];
        }

        return set.DecodeQuoting(to.ToString());
    }

    /// <summary>ISO 2022-KR: what stands between SO and SI.</summary>
    public static string Korean(ReadOnlySpan<char> octets, DoubleOctetCharset set, bool strict)
    {
        var text = octets.ToString().Replace("\x1B$)C", "", StringComparison.Ordinal).AsSpan();
        var to = new StringBuilder(text.Length);
        while (true)
        {
            var shift = text.IndexOf('\x0E');
            var back = shift < 0 ? -1 : text[(shift + 1)..].IndexOf('\x0F');
            if (back < 0)
                break;
            to.Append(text[..shift]);
            Append(to, text.Slice(shift + 1, back), 'K');
            text = text[(shift + back + 2)..];
        }

        to.Append(text);
        var whole = to.ToString();
        var escape = whole.IndexOf('\x1B', StringComparison.Ordinal);
        return set.DecodeQuoting(escape < 0 ? whole : whole.AsSpan(0, escape));
    }

    /// <summary>HZ: what stands between ~{ and ~}; the text ends where it is broken.</summary>
    public static string? Chinese(ReadOnlySpan<char> octets, DoubleOctetCharset set, bool strict)
    {
        var to = new StringBuilder(octets.Length);
        var isAscii = true;
        for (var at = 0; at < octets.Length; )
        {
            var (octet, next) = (octets[at], at + 1 < octets.Length ? octets[at + 1] : '\0');
            if (isAscii)
            {
                if (octet is >= '\x80' || (octet == '~' && next is not ('~' or '\n' or '{')))
                    break;
                if (octet != '~' || next == '~')
                    to.Append(octet);
                isAscii = octet != '~' || next != '{';
                at += octet == '~' ? 2 : 1;
                continue;
            }

            if (octet == '~' && next == '}')
                isAscii = true;
            else if (octet is < '!' or > 'w' || next is < '!' or > '~')
                break;
            else if (set.Decode([(char)(octet | 0x80), (char)(next | 0x80)], strict) is { } character)
                to.Append(character);
            else
                return null;
            at += 2;
        }

        return to.ToString();
    }

    // The length of the sequence that begins here and the set it calls: B ASCII, J JIS X 0208, D JIS X 0212, I kana.
    private static int Escape(ReadOnlySpan<char> text, ref char mode)
    {
        ReadOnlySpan<(string Sequence, char Mode)> known =
        [
            ("\x1B$(D", 'D'),
            ("\x1B$@", 'J'),
            ("\x1B$B", 'J'),
            ("\x1B&@\x1B$B", 'J'),
            ("\x1B(B", 'B'),
            ("\x1B(J", 'B'),
            ("\x1B(I", 'I'),
        ];
        foreach (var (sequence, called) in known)
        {
            if (!text.StartsWith(sequence))
                continue;
            mode = called;
            return sequence.Length;
        }

        return 0;
    }

    private static void Append(StringBuilder to, ReadOnlySpan<char> text, char mode)
    {
        for (var at = 0; at < text.Length; at++)
        {
            var octet = text[at];
            if (mode == 'B' || octet is < '!' or > '~')
            {
                to.Append(octet);
                continue;
            }

            if (mode == 'I' && octet <= '_')
                to.Append('\x8E');
            var isPair = mode == 'D' && at + 1 < text.Length && text[at + 1] is >= '!' and <= '~';
            if (isPair)
                to.Append('\x8F').Append((char)(octet | 0x80)).Append((char)(text[++at] | 0x80));
            else
                to.Append((char)(octet | 0x80));
        }
    }
}
