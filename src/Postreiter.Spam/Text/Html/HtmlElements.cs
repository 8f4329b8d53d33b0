using System.Collections.Frozen;

namespace Postreiter.Spam.Text.Html;

/// <summary>Which elements there are (HTML 4.01 §24, its loose parts, and a few of mail programs), and what they do to the text.</summary>
internal static class HtmlElements
{
    private static readonly FrozenSet<string> Known = Set(
        "a abbr acronym address area b base bdo big blockquote body br button caption cite code col colgroup dd del dfn div dl dt em "
            + "fieldset form h1 h2 h3 h4 h5 h6 head hr html i img input ins kbd label legend li link map meta noscript object ol "
            + "optgroup option p param pre q samp script select small span strong style sub sup table tbody td textarea tfoot th "
            + "thead title tr tt ul var applet basefont center dir font frame frameset iframe isindex menu noframes s strike u "
            + "nobr x-sigsep x-tab"
    );

    // Rendered, though they are of no standard.
    private static readonly FrozenSet<string> Tricks = Set("bgsound embed listing plaintext xmp");

    private static readonly FrozenSet<string> Styling = Set(
        "body font table tr th td big small basefont marquee span p div a"
    );

    private static readonly FrozenDictionary<string, string> WhiteSpace = Lines("br div", "\n")
        .Concat(Lines("li td th dt dd embed h1 h2 h3 h4 h5 h6", " "))
        .Concat(Lines("p hr blockquote pre listing plaintext xmp title", "\n\n"))
        .ToFrozenDictionary(StringComparer.Ordinal);

    public static bool IsKnown(string name) => Known.Contains(name);

    /// <summary>Whether anything is done for it at all.</summary>
    public static bool IsRead(string name) => Known.Contains(name) || Tricks.Contains(name);

    public static bool ChangesStyle(string name) => Styling.Contains(name);

    /// <summary>The white space that its tags are; null for none.</summary>
    public static string? Blank(string name) => WhiteSpace.GetValueOrDefault(name);

    /// <summary>Whether the name is of a namespace of word processors: <c>o:p</c>, <c>st1:city</c>.</summary>
    public static bool IsOfNamespace(string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        if (
            colon < 1
            || !(
                name[..colon] == "o"
                || (colon == 3 && name.StartsWith("st", StringComparison.Ordinal) && char.IsAsciiDigit(name[2]))
            )
        )
            return false;
        var rest = name.AsSpan(colon + 1);
        if (rest is [.., '/'])
            rest = rest[..^1];
        foreach (var c in rest)
        {
            if (!Mail.Octets.IsWord(c) && c != '-')
                return false;
        }

        return rest.Length > 0;
    }

    private static FrozenSet<string> Set(string names) => names.Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static IEnumerable<KeyValuePair<string, string>> Lines(string names, string text) =>
        names.Split(' ').Select(name => KeyValuePair.Create(name, text));
}
