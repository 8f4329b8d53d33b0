using System.Text;

namespace Postreiter.Spam.Text;

/// <summary>
/// UTF-7 (RFC 2152), which the runtime no longer reads; in mail it hides words. Whatever is no shift is itself, and a shift ends where its
/// alphabet does.
/// </summary>
internal sealed class Utf7Charset : CharsetDecoder
{
    private static readonly UnicodeEncoding Units = new(bigEndian: true, byteOrderMark: false);

    public override string? Decode(ReadOnlySpan<char> octets, bool strict)
    {
        var to = new StringBuilder(octets.Length);
        for (var at = 0; at < octets.Length; )
        {
            var shift = octets[at..].IndexOf('+');
            to.Append(shift < 0 ? octets[at..] : octets.Slice(at, shift));
            if (shift < 0)
                break;
            at += shift + 1;
            var length = 0;
            while (at + length < octets.Length && Value(octets[at + length]) >= 0)
                length++;
            if (length == 0)
                to.Append('+');
            else
                Append(to, octets.Slice(at, length));
            at += length;
            if (at < octets.Length && octets[at] == '-')
                at++;
        }

        return to.ToString();
    }

    // Base64 without padding; bits that make no unit are dropped.
    private static void Append(StringBuilder to, ReadOnlySpan<char> run)
    {
        var bytes = new byte[run.Length * 6 / 8];
        var (bits, held, count) = (0, 0, 0);
        foreach (var c in run)
        {
            bits = ((bits << 6) | Value(c)) & 0xFFFF;
            held += 6;
            if (held >= 8)
            {
                held -= 8;
                bytes[count++] = (byte)(bits >> held);
            }
        }

        to.Append(Units.GetString(bytes, 0, count & ~1));
    }

    private static int Value(char c) =>
        c switch
        {
            >= 'A' and <= 'Z' => c - 'A',
            >= 'a' and <= 'z' => c - 'a' + 26,
            >= '0' and <= '9' => c - '0' + 52,
            '+' => 62,
            '/' => 63,
            _ => -1,
        };
}
