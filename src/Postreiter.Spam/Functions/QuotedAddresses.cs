using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>Addresses in a text that are not its author's: in links, and of those whom the author quotes.</summary>
internal static class QuotedAddresses
{
    private const int UrlWindow = 255;
    private const int MostBlanks = 10;

    private static readonly string[] OtherLabels = ["fax", "facsi", "tel", "phone", "email", "e-mail", "-mail", "mail"];

    /// <summary>A text with a blank in the place of each <c>http://user@host</c> and the like, with a bracket in front.</summary>
    public static ReadOnlyMemory<char> WithoutUrls(ReadOnlyMemory<char> line)
    {
        var text = line.Span;
        System.Text.StringBuilder? kept = null;
        var copied = 0;
        for (var at = 0; text[at..].IndexOf("http", StringComparison.OrdinalIgnoreCase) is var found && found >= 0; )
        {
            var start = at + found;
            at = start + 4;
            var rest = text[at..];
            rest = rest is ['s' or 'S', ..] ? rest[1..] : rest;
            if (!rest.StartsWith("://"))
                continue;
            var url = text.Length - rest.Length + 3;
            var end = UrlEnd(text, url);
            if (end == 0)
                continue;
            if (start > copied && text[start - 1] == '<')
                start--;
            (kept ??= new System.Text.StringBuilder()).Append(text[copied..start]).Append(' ');
            copied = at = end;
        }

        return kept is null ? line : kept.Append(text[copied..]).ToString().AsMemory();
    }

    private static int UrlEnd(ReadOnlySpan<char> text, int url)
    {
        // No more of it is looked at, or a text without blanks would be walked once for each URL in it.
        var run = text[url..Math.Min(text.Length, url + (2 * UrlWindow) + 3)];
        var length = run.IndexOfAny(Octets.Blanks);
        run = length < 0 ? run : run[..length];
        for (var at = Math.Min(UrlWindow, run.Length - 1); at >= 0; at--)
        {
            var sign =
                run[at] == '@' ? 1
                : run[at..].StartsWith("%40") ? 3
                : 0;
            if (sign > 0)
                return url + Math.Min(run.Length, at + sign + UrlWindow);
        }

        return 0;
    }

    /// <summary>Whether a link stands right before a place.</summary>
    public static bool IsMailto(ReadOnlySpan<char> text, int start) =>
        text[..start].EndsWith("mailto:", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// What shows that an address is somebody else's: <c>&lt;address&gt;</c>, and <c>address Name:</c>, unless the name says that a fax number or
    /// another address follows.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="at">Where the address ends.</param>
    /// <returns>Where that ends; 0 where there is nothing of it.</returns>
    public static int LabelEnd(ReadOnlySpan<char> text, int at)
    {
        var rest = text[at..];
        if (rest is ['>', ..])
            return at + 1;
        var label = Octets.TrimStart(rest);
        var blanks = rest.Length - label.Length;
        if (label.IsEmpty || blanks is 0 or > MostBlanks)
            return 0;
        foreach (var other in OtherLabels)
        {
            if (label.StartsWith(other, StringComparison.OrdinalIgnoreCase))
                return 0;
        }

        var letters = 0;
        while (letters < label.Length && char.IsAsciiLetter(label[letters]))
            letters++;
        return letters is >= 2 and <= 11 && letters < label.Length && label[letters] == ':'
            ? at + blanks + letters + 1
            : 0;
    }
}
