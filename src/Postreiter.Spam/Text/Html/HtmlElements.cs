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

    private static readonly FrozenDictionary<string, HtmlElement> Ready = Known
        .Concat(Tricks)
        .ToFrozenDictionary(static name => name, Read, StringComparer.Ordinal);

    /// <summary>What an element is, by its name in lower case.</summary>
    public static HtmlElement Of(string name) => Ready.TryGetValue(name, out var known) ? known : Read(name);

    private static HtmlElement Read(string name) =>
        new(
            name,
            IsKnown: Known.Contains(name) || IsOfNamespace(name),
            IsRead: Known.Contains(name) || Tricks.Contains(name),
            ChangesStyle: Styling.Contains(name),
            Blank: WhiteSpace.GetValueOrDefault(name)
        );

    // Of a namespace of word processors: o:p, st1:city.
    private static bool IsOfNamespace(string name)
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

/// <summary>What an element is.</summary>
/// <param name="Name">Its name in lower case.</param>
/// <param name="IsKnown">Whether there is such an element.</param>
/// <param name="IsRead">Whether anything is done for it at all.</param>
/// <param name="ChangesStyle">Whether its text may look otherwise.</param>
/// <param name="Blank">The white space that its tags are; null for none.</param>
internal sealed record HtmlElement(string Name, bool IsKnown, bool IsRead, bool ChangesStyle, string? Blank);
