using Postreiter.Spam.Functions;

namespace Postreiter.Spam.Text;

/// <summary>
/// What a charset's name means, as SpamAssassin's platform has it: names are much freer in mail than in any registry, and what follows
/// rubbish in front is still found.
/// </summary>
internal static class CharsetAliases
{
    // A mail can call its charset what it likes; each rule looks at all of it.
    private const int MaxLength = 256;

    // One name leads to the next; no chain of real ones is longer.
    private const int MaxSteps = 8;

    private static readonly int[] LatinParts = [0, 1, 2, 3, 4, 9, 10, 13, 14, 15, 16];

    // First those that win where several fit.
    private static readonly (FunctionPattern Pattern, string Name)[] Rules =
    [
        (Rule(@"^([^\s_]+)[\s_]+([^\s_]*)$"), "$1-$2"),
        (Rule(@"\bUTF-8$"), "utf-8"),
        (Rule("cp65001"), "utf-8"),
        (Rule("cp65000"), "utf-7"),
        (Rule(@"\bhk(?:scs)?[-_]?big5$"), "big5-hkscs"),
        (Rule(@"\bbig5-?hk(?:scs)?$"), "big5-hkscs"),
        (Rule(@"\btca[-_]?big5$"), "big5-eten"),
        (Rule(@"\bbig5-?et(?:en)?$"), "big5-eten"),
        (Rule(@"\bbig-?5$"), "big5-eten"),
        (Rule(@"\bks_c_5601-1987$"), "cp949"),
        (Rule("(?:x-)?windows-949$"), "cp949"),
        (Rule("(?:x-)?uhc$"), "cp949"),
        (Rule(@"\bkr.*euc$"), "euc-kr"),
        (Rule(@"\beuc.*kr$"), "euc-kr"),
        (Rule(@"\bwindows-31j$"), "cp932"),
        (Rule(@"\bsjis$"), "shiftjis"),
        (Rule(@"\bshift.*jis$"), "shiftjis"),
        (Rule(@"\bujis$"), "euc-jp"),
        (Rule(@"\bjp.*euc$"), "euc-jp"),
        (Rule(@"\beuc.*jp$"), "euc-jp"),
        (Rule(@"\bjis$"), "7bit-jis"),
        (Rule(@"\bGB[-_ ]?2312(?!-?raw)"), "euc-cn"),
        (Rule("^gbk$"), "cp936"),
        (Rule(@"\bcn.*euc$"), "euc-cn"),
        (Rule(@"\beuc.*cn$"), "euc-cn"),
        (Rule(@"\bkoi8[\s\-_]*([ru])$"), "koi8-$1"),
        (Rule("^macce$"), "maccentraleurroman"),
        (Rule("^macintosh$"), "macroman"),
        (Rule("^(?:x[_-])?mac[_-](.*)$"), "mac$1"),
        (Rule(@"\b(?:cp|ibm|ms|windows)[-_ ]?(\d{2,4})$"), "cp$1"),
        (Rule(@"\btis-?620\b"), "iso-8859-11"),
        (Rule("^thai$"), "iso-8859-11"),
        (Rule("^hebrew$"), "iso-8859-8"),
        (Rule("^greek$"), "iso-8859-7"),
        (Rule("^arabic$"), "iso-8859-6"),
        (Rule("^cyrillic$"), "iso-8859-5"),
        (Rule(@"\bwinlatin1$"), "cp1252"),
        (Rule(@"\bwinlatin2$"), "cp1250"),
        (Rule(@"\bwincyrillic$"), "cp1251"),
        (Rule(@"\bwingreek$"), "cp1253"),
        (Rule(@"\bwinturkish$"), "cp1254"),
        (Rule(@"\bwinhebrew$"), "cp1255"),
        (Rule(@"\bwinarabic$"), "cp1256"),
        (Rule(@"\bwinbaltic$"), "cp1257"),
        (Rule(@"\bwinvietnamese$"), "cp1258"),
        (Rule(@"\b(?:iso[-_]?)?latin[-_]?(\d+)$"), "latin"),
        (Rule("^(.+)@euro$"), "$1"),
        (Rule(@"\bANSI[-_]?X3\.4[-_]?1968$"), "ascii"),
        (Rule(@"\biso8859(\d+)$"), "iso-8859-$1"),
        (Rule(@"\biso[-_]?(\d+)[-_](\d+)$"), "iso-$1-$2"),
        (Rule(@"\b(?:ISO[-_]?)?646(?:[-_]?US)?$"), "ascii"),
        (Rule("^C$"), "ascii"),
        (Rule("^US-?ascii$"), "ascii"),
        (Rule("^UTF-?(16|32)$"), "utf-$1"),
        (Rule("^UTF-?(16|32)-?LE$"), "utf-$1le"),
        (Rule("^UTF-?(16|32)-?BE$"), "utf-$1be"),
        (Rule("^iso-10646-1$"), "ucs-2be"),
        (Rule("^UCS-?4-?(BE|LE|)?$"), "utf-32$1"),
        (Rule("^UCS-?2-?(BE)?$"), "ucs-2be"),
        (Rule("^UCS-?2-?LE$"), "ucs-2le"),
        (Rule("^(?:unicode-1-1-)?UTF-?7$"), "utf-7"),
    ];

    /// <summary>The name under which a charset is known.</summary>
    /// <param name="name">The name in the mail.</param>
    /// <param name="isKnown">Whether there is a charset of that name, in lower case.</param>
    /// <returns>Null if it means none.</returns>
    public static string? Resolve(string name, Func<string, bool> isKnown)
    {
        name = string.Concat(name.Where(static c => !char.IsWhiteSpace(c))).ToLowerInvariant();
        return name.Length > MaxLength ? null : Resolve(name, isKnown, MaxSteps);
    }

    private static string? Resolve(string name, Func<string, bool> isKnown, int steps)
    {
        if (isKnown(name))
            return name;
        if (steps == 0)
            return null;
        foreach (var (pattern, target) in Rules)
        {
            if (pattern.First(name) is not { } groups)
                continue;
            var next = target == "latin" ? Latin(groups[1]) : Filled(target, groups);
            if (next is not null && next != name && Resolve(next, isKnown, steps - 1) is { } found)
                return found;
        }

        return null;
    }

    private static string? Latin(string number) =>
        int.TryParse(number, out var part) && part > 0 && part < LatinParts.Length
            ? $"iso-8859-{LatinParts[part]}"
            : null;

    // $1 and $2 are groups.
    private static string Filled(string target, string[] groups)
    {
        var filled = new System.Text.StringBuilder();
        for (var i = 0; i < target.Length; i++)
            _ = target[i] == '$' ? filled.Append(groups[target[++i] - '0']) : filled.Append(target[i]);
        return filled.ToString();
    }

    private static FunctionPattern Rule(string pattern) => new(pattern, "i");
}
