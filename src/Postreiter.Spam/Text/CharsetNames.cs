using System.Collections.Concurrent;
using System.Text;

namespace Postreiter.Spam.Text;

/// <summary>Names of charsets as mails write them.</summary>
internal static class CharsetNames
{
    private static readonly ConcurrentDictionary<string, CharsetDecoder?> Decoders = new(
        StringComparer.OrdinalIgnoreCase
    );

    // Those that are no tables.
    private static readonly Dictionary<string, Func<CharsetDecoder>> Others = new(StringComparer.Ordinal)
    {
        ["ascii"] = static () => new RuntimeCharset(20127),
        ["utf-8"] = static () => new Utf8Charset(),
        ["utf-7"] = static () => new Utf7Charset(),
        ["ucs-2be"] = static () => new RuntimeCharset(1201),
        ["ucs-2le"] = static () => new RuntimeCharset(1200),
        ["utf-32be"] = static () => new RuntimeCharset(12001),
        ["utf-32le"] = static () => new RuntimeCharset(12000),
        ["iso-2022-jp"] = static () => Shifted("euc-jp", ShiftedCharset.Japanese),
        ["iso-2022-jp-1"] = static () => Shifted("euc-jp", ShiftedCharset.Japanese),
        ["7bit-jis"] = static () => Shifted("euc-jp", ShiftedCharset.Japanese),
        ["iso-2022-kr"] = static () => Shifted("euc-kr", ShiftedCharset.Korean),
        ["hz"] = static () => Shifted("euc-cn", ShiftedCharset.Chinese),
    };

    private static readonly ConcurrentDictionary<string, CharsetDecoder> Tables = new(StringComparer.Ordinal);

    // No charset has a longer one.
    private const int MaxNameLength = 100;

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
        if (IsGb18030(name))
            return true;
        return lower is "iso646-us" || (Rest(lower, "ansix3.4-", "ansi_x3.4-", "ansi x3.4-") is "1968" or "1986");
    }

    /// <summary>The decoder of a charset, null if it is not known.</summary>
    public static CharsetDecoder? Find(string name)
    {
        if (name.Length > MaxNameLength)
            return null;
        if (Decoders.TryGetValue(name, out var known))
            return known;
        var resolved = CharsetAliases.Resolve(name, static one => Others.ContainsKey(one) || CharsetTable.Has(one));
        // GBK is what of GB 18030 has two octets.
        if (resolved is null && IsGb18030(name))
            resolved = "cp936";
        var decoder = resolved is null ? null : OfName(resolved);
        if (Decoders.Count < MaxNames)
            Decoders[name] = decoder;
        return decoder;
    }

    private static ShiftedCharset Shifted(
        string set,
        Func<ReadOnlySpan<char>, DoubleOctetCharset, bool, string?> toHigh
    ) => new((DoubleOctetCharset)OfName(set), toHigh);

    // Many names mean one table.
    private static CharsetDecoder OfName(string name) =>
        Tables.GetOrAdd(name, static one => Others.TryGetValue(one, out var make) ? make() : CharsetTable.Make(one));

    private static bool IsGb18030(string name) =>
        Rest(name.ToLowerInvariant(), "gb18030", "gb-18030", "gb 18030") is { } year
        && (
            year.Length == 0
            || (year.Length == 5 && year.StartsWith("-20", StringComparison.Ordinal) && IsDigits(year[1..]))
        );

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
