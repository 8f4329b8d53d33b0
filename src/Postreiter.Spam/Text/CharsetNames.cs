using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Postreiter.Spam.Text;

/// <summary>Names of charsets as mails write them.</summary>
internal static class CharsetNames
{
    private static readonly ConcurrentDictionary<string, CharsetDecoder?> Decoders = new(
        StringComparer.OrdinalIgnoreCase
    );

    // Names beyond those that the runtime knows, and those that mean a larger set in practice.
    private static readonly Dictionary<string, int> CodePages = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ascii"] = 20127,
        ["us-ascii"] = 20127,
        ["iso-646-us"] = 20127,
        ["big5"] = 950,
        ["big-5"] = 950,
        ["x-x-big5"] = 950,
        ["big5-eten"] = 950,
        ["cp950"] = 950,
        ["gb2312"] = 936,
        ["gb_2312-80"] = 936,
        ["gb-2312"] = 936,
        ["euc-cn"] = 936,
        ["hz-gb-2312"] = 936,
        ["gbk"] = 936,
        ["cp936"] = 936,
        ["ks_c_5601-1987"] = 949,
        ["ks_c_5601"] = 949,
        ["uhc"] = 949,
        ["cp949"] = 949,
        ["euc-kr"] = 949,
        ["shift_jis"] = 932,
        ["shift-jis"] = 932,
        ["sjis"] = 932,
        ["x-sjis"] = 932,
        ["cp932"] = 932,
        ["ms932"] = 932,
        ["windows-31j"] = 932,
        ["euc-jp"] = 51932,
        ["iso-2022-jp"] = 50220,
        ["iso-2022-kr"] = 50225,
        ["hz"] = 52936,
        ["johab"] = 1361,
        ["koi8-r"] = 20866,
        ["koi8-u"] = 21866,
        ["macintosh"] = 10000,
        ["x-mac-roman"] = 10000,
    };

    /// <summary>A mail names charsets freely: as many of its names are remembered.</summary>
    private const int MaxNames = 1000;

    static CharsetNames() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static bool IsAscii(string name) => Is(name, "US-ASCII") || Is(name, "ASCII");

    public static bool IsUtf8(string name) =>
        Is(name, "UTF-8") || Is(name, "UTF8") || Is(name.Trim(), "UTF-8") || Is(name, "UTF_8");

    public static bool IsUtf16(string name) =>
        name.StartsWith("UTF16", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("UTF-16", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("UTF 16", StringComparison.OrdinalIgnoreCase);

    /// <summary>ISO 8859-1 is read as Windows-1252 everywhere: senders mix them up.</summary>
    public static bool IsWindows1252(string name) =>
        Is(name, "ISO-8859-1") || Is(name, "ISO8859-1") || Is(name, "Windows-1252") || Is(name, "CP1252");

    /// <summary>Whether text without 8-bit octets says the same in this charset as in ASCII.</summary>
    public static bool ExtendsAscii(string name)
    {
        if (IsAscii(name) || Is(name, "UTF-8") || Is(name, "UTF8") || Is(name, "Big5") || Is(name, "GBK"))
            return true;
        var lower = name.ToLowerInvariant();
        if (Rest(lower, "iso8859", "iso-8859", "iso 8859") is { } part)
            return part.Length == 0 || (part.Length is 2 or 3 && part[0] == '-' && IsDigits(part[1..]));
        if (Rest(lower, "windows-") is { } page)
            return page.Length == 4 && IsDigits(page);
        if (Rest(lower, "koi8-", "euc-") is { } letters)
            return letters.Length is 1 or 2 && letters.All(char.IsAsciiLetter);
        if (Rest(lower, "gb18030", "gb-18030", "gb 18030") is { } year)
            return year.Length == 0
                || (year.Length == 5 && year.StartsWith("-20", StringComparison.Ordinal) && IsDigits(year[1..]));
        return lower is "iso646-us" || (Rest(lower, "ansix3.4-", "ansi_x3.4-", "ansi x3.4-") is "1968" or "1986");
    }

    /// <summary>The decoder of a charset, null if it is not known.</summary>
    public static CharsetDecoder? Find(string name)
    {
        name = name.Trim();
        if (Decoders.TryGetValue(name, out var known))
            return known;
        var decoder = Make(name) ?? MakeFromEnd(name);
        if (Decoders.Count < MaxNames)
            Decoders[name] = decoder;
        return decoder;
    }

    // A name with something in front, such as what is left of a broken encoding: 3D"iso-8859-2. Not ASCII, which is no guess.
    private static CharsetDecoder? MakeFromEnd(string name)
    {
        for (var at = 1; at < name.Length; at++)
        {
            if (char.IsAsciiLetterOrDigit(name[at - 1]) || name[at - 1] == '_' || !char.IsAsciiLetter(name[at]))
                continue;
            var end = name[at..];
            if (!end.EndsWith("ascii", StringComparison.OrdinalIgnoreCase) && Make(end) is { } decoder)
                return decoder;
        }

        return null;
    }

    private static CharsetDecoder? Make(string name)
    {
        if (Is(name, "UTF-8"))
            return new Utf8Charset();
        var lower = name.ToLowerInvariant();
        // GBK is what of GB 18030 has two octets.
        if (
            lower.StartsWith("gb18030", StringComparison.Ordinal)
            || lower.StartsWith("gb-18030", StringComparison.Ordinal)
        )
            return new DoubleOctetCharset(936);
        if (CodePages.TryGetValue(name, out var page))
            return MakePage(lower, page);
        if (
            Rest(lower, "iso-8859-", "iso8859-", "iso_8859-", "iso 8859 ", "iso8859") is { } part
            && int.TryParse(part, NumberStyles.None, null, out var number)
        )
        {
            return MakeIso8859(number);
        }

        if (
            Rest(lower, "windows-", "windows", "cp-", "cp", "ibm-", "ibm") is { } digits
            && int.TryParse(digits, NumberStyles.None, null, out page)
            && CodePagesEncodingProvider.Instance.GetEncoding(page) is { } known
        )
        {
            return known.IsSingleByte
                ? new SingleOctetCharset(page, isWindows: page is 874 or (>= 1250 and <= 1258))
                : MakePage(lower, page);
        }

        return null;
    }

    private static CharsetDecoder MakePage(string name, int page) =>
        (page, name) switch
        {
            (936, "gbk" or "cp936" or "x-gbk") => new DoubleOctetCharset(936),
            (936, _) => new DoubleOctetCharset(936, EastAsianCharsets.IsGb2312, (0xA1A4, '\u30FB'), (0xA1AA, '\u2015')),
            (949, "euc-kr") => new DoubleOctetCharset(949, EastAsianCharsets.IsKsX1001),
            (932, "shift_jis" or "shift-jis" or "sjis" or "x-sjis") => new DoubleOctetCharset(
                932,
                EastAsianCharsets.IsShiftJis,
                (0x8160, '\u301C'),
                (0x8161, '\u2016'),
                (0x817C, '\u2212'),
                (0x8191, '\u00A2'),
                (0x8192, '\u00A3'),
                (0x81CA, '\u00AC')
            ),
            (949 or 950 or 932, _) => new DoubleOctetCharset(page),
            (21866, _) => new SingleOctetCharset(page, isWindows: false, (0xAE, '\u255D'), (0xBE, '\u256C')),
            (50220, _) => new RuntimeCharset(page) { IsSevenBit = true },
            _ => new RuntimeCharset(page),
        };

    private static SingleOctetCharset? MakeIso8859(int number) =>
        number switch
        {
            8 => new SingleOctetCharset(28598, isWindows: false, (0xAF, '\u00AF'), (0xFD, '\u200E'), (0xFE, '\u200F')),
            11 => new SingleOctetCharset(
                874,
                isWindows: false,
                [.. Enumerable.Range(0x80, 0x20).Select(static octet => ((byte)octet, (char)octet))]
            ),
            (>= 1 and <= 9) or 13 or 15 => new SingleOctetCharset(28590 + number, isWindows: false),
            _ => null,
        };

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static string? Rest(string name, params ReadOnlySpan<string> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                return name[prefix.Length..];
        }

        return null;
    }

    private static bool IsDigits(string text) => text.All(char.IsAsciiDigit);
}
