using System.Text;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text;

/// <summary>
/// Text of any charset, as characters or as UTF-8 octets. Declared charsets are often wrong: what is valid UTF-8 is taken for that, and
/// what fits nothing is Windows-1252, where nearly every octet is something.
/// </summary>
internal static class Charset
{
    // Windows-1252 where it differs from ISO 8859-1: 0x80 to 0x9F; five places are empty.
    private const string Windows1252 =
        "\u20AC\uFFFD\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\uFFFD\u017D\uFFFD"
        + "\uFFFD\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\uFFFD\u017E\u0178";

    /// <summary>The text as UTF-8 octets.</summary>
    /// <param name="octets">The text.</param>
    /// <param name="declared">The charset it says it has.</param>
    /// <param name="insist">Whether that is believed, and read leniently, before anything else is tried (encoded words, RFC 2047).</param>
    public static string ToUtf8(string octets, string declared, bool insist)
    {
        if (CharsetNames.IsUtf16(declared) && DecodeUtf16(octets) is not null)
            return octets;
        return Decode(octets, declared, insist) is { } text ? Octets.ToUtf8(text) : octets;
    }

    /// <summary>
    /// The text as characters; null if its octets are ASCII and characters already, which is not the same as characters that happen to
    /// be ASCII: HTML entities for U+0080 to U+00FF stay octets there.
    /// </summary>
    /// <inheritdoc cref="ToUtf8"/>
    public static string? Decode(ReadOnlySpan<char> octets, string declared, bool insist = false)
    {
        var isHigh = Octets.HasHigh(octets);
        if (!isHigh && CharsetNames.ExtendsAscii(declared))
            return null;
        if (isHigh && !insist && Utf8.IsValid(octets))
            return Octets.FromUtf8(octets);
        if (DecodeDeclared(octets, declared, insist) is { } text)
            // UTF-7 that shifts nowhere is what it was.
            return text.AsSpan().SequenceEqual(octets) && CharsetNames.Find(declared) is Utf7Charset ? null : text;
        // No charset fits. Windows-1252 it is, be the text Western or not: nothing better is known.
        return isHigh ? DecodeWindows1252(octets) : null;
    }

    private static string? DecodeDeclared(ReadOnlySpan<char> octets, string declared, bool insist)
    {
        if (CharsetNames.IsAscii(declared) && !insist)
            return null;
        if (CharsetNames.IsUtf16(declared))
            return DecodeUtf16(octets);
        if (CharsetNames.IsWindows1252(declared))
            return DecodeWindows1252(octets);
        if (CharsetNames.IsUtf8(declared))
        {
            if (insist)
                return Utf8.DecodeLeniently(octets);
            return Utf8.IsValid(octets) ? Octets.FromUtf8(octets) : null;
        }

        return CharsetNames.Find(declared)?.Decode(octets, strict: !insist);
    }

    private static string DecodeWindows1252(ReadOnlySpan<char> octets) =>
        string.Create(
            octets.Length,
            octets,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = from[i] is >= '\x80' and < '\xA0' ? Windows1252[from[i] - 0x80] : from[i];
            }
        );

    // The order of the bytes is guessed; a text with a byte order mark is left to be read as something else, as it always was.
    private static string? DecodeUtf16(ReadOnlySpan<char> octets)
    {
        if (octets is ['\xFF', '\xFE', ..] or ['\xFE', '\xFF', ..] || octets.Length % 2 != 0)
            return null;
        var (little, big, even, odd) = (0, 0, 0L, 0L);
        for (var i = 0; i < octets.Length; i += 2)
        {
            even += (octets[i] >> 4) + (octets[i] & 15);
            odd += (octets[i + 1] >> 4) + (octets[i + 1] & 15);
            little += octets[i] == 0x20 && octets[i + 1] == 0 ? 1 : 0;
            big += octets[i] == 0 && octets[i + 1] == 0x20 ? 1 : 0;
        }

        little += even > odd * 4 ? 1 : 0;
        big += odd * 4 > even ? 1 : 0;
        if (little == big)
            return null;
        var encoding = new UnicodeEncoding(bigEndian: big > little, byteOrderMark: false, throwOnInvalidBytes: true);
        try
        {
            return encoding.GetString(Encoding.Latin1.GetBytes(octets.ToArray()));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
