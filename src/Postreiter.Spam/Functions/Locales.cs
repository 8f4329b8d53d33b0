namespace Postreiter.Spam.Functions;

/// <summary>Which charsets somebody who reads certain languages gets mail in (`ok_locales`).</summary>
internal sealed class Locales
{
    private const string Cyrillic = "KOI8R KOI8U KOI8T ISOIR111 CP1251 GEORGIANPS PT154 CP866";

    // Charsets beyond those of the West, letters and digits only, by language.
    private static readonly Dictionary<string, HashSet<string>> Charsets = new(StringComparer.Ordinal)
    {
        ["ja"] = Set(
            "EUCJP JISX020119760 JISX020819830 JISX020819900 JISX020819970 JISX021219900 JISX021320001 JISX021320002 SHIFT_JIS "
                + "SHIFTJIS ISO2022JP SJIS JIS7 JISX0201 JISX0208 JISX0212"
        ),
        ["ko"] = Set("EUCKR KSC56011987"),
        ["ru"] = Set(Cyrillic),
        ["ka"] = Set(Cyrillic),
        ["tg"] = Set(Cyrillic),
        ["be"] = Set(Cyrillic),
        ["uk"] = Set(Cyrillic),
        ["bg"] = Set(Cyrillic),
        ["th"] = Set("TIS620"),
        ["zh"] = Set("GB1988 GB2312 GB231219800 GB18030 GBK BIG5HKSCS BIG5 EUCTW ISO2022CN"),
    };

    private static readonly HashSet<string> Western = Set("USASCII ASCII IBM852 XUNKNOWN ISO");
    private static readonly string[] WesternFamilies = ["ISO8859", "ISO10646", "UTF", "UCS", "CP125", "WINDOWS"];

    private readonly HashSet<string> _known = [];

    private Locales(string setting)
    {
        foreach (var word in setting.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            AreAll |= word == "all";
            // zh_TW is zh.
            var language =
                word.Length > 2 && char.IsAsciiLetterLower(word[0]) && char.IsAsciiLetterLower(word[1])
                    ? word[..2]
                    : word;
            if (Charsets.TryGetValue(language, out var charsets))
                _known.UnionWith(charsets);
        }
    }

    /// <summary>Whether every charset is fine.</summary>
    public bool AreAll { get; }

    /// <summary>The languages the settings name.</summary>
    public static Locales Of(MailFacts facts) =>
        facts.Shared(static f => new Locales(f.Settings.Text("ok_locales") ?? ""));

    /// <summary>Whether mail in a charset is fine; those of the West always are.</summary>
    public bool Allows(string charset)
    {
        var name = string.Concat(charset.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();
        // A broken quoted-printable equals sign.
        if (name.StartsWith("3D", StringComparison.Ordinal))
            name = name[2..];
        return Western.Contains(name)
            || Array.Exists(WesternFamilies, family => name.StartsWith(family, StringComparison.Ordinal))
            || name.StartsWith("UNICODE11UTF7", StringComparison.Ordinal)
            || name.StartsWith("UNICODE11UTF8", StringComparison.Ordinal)
            || _known.Contains(name);
    }

    private static HashSet<string> Set(string words) => [.. words.Split(' ')];
}
