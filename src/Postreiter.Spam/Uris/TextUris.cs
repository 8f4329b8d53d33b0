using System.Buffers;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Uris;

/// <summary>
/// Finds in plain text what mail programs make a link of: what begins with a scheme, `www.` or `ftp.`; mail addresses; and bare host
/// names with a known top-level domain, which many people copy into a browser. One pass; what a place can be is decided there.
/// </summary>
/// <param name="domains">Knows top-level domains.</param>
internal sealed class TextUris(RegisteredDomains domains)
{
    private const int MostOfUri = 2048;
    private const int MostOfAddress = 251;
    private const int MostOfHost = 252;

    private static readonly SearchValues<char> UriEnd = SearchValues.Create("><\"`}]{[| \t\n\v\f\r\x1b\xa0");
    private static readonly SearchValues<char> AddressEnd = SearchValues.Create([
        .. "><\"`}]{[| \t\n\v\f\r\x1b\xa0,('",
        .. Enumerable.Range(0x80, 0x80).Select(static c => (char)c),
    ]);
    private static readonly SearchValues<char> LocalPartEnd = SearchValues.Create([
        .. "><\"`}]{[| \t\n\v\f\r\x1b\xa0,('@",
        .. Enumerable.Range(0x80, 0x80).Select(static c => (char)c),
    ]);
    private static readonly SearchValues<char> Start = SearchValues.Create("><\"'`,{[(| \t\n\v\f\r\x1b\xa0");
    private static readonly SearchValues<char> BareStart = SearchValues.Create(
        "!\"#$&'()*+,/:;<=>?@[\\]^`{|}~ \t\n\v\f\r\x1b\xa0"
    );
    private static readonly SearchValues<char> NotHost = SearchValues.Create([
        .. Enumerable
            .Range(0, 256)
            .Select(static c => (char)c)
            .Where(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-')),
    ]);

    /// <summary>What a place was found to hold.</summary>
    internal enum Kind
    {
        /// <summary>With a scheme, or `www.` or `ftp.`.</summary>
        Link,

        /// <summary>A mail address, with `mailto:` or without.</summary>
        Address,

        /// <summary>A bare host name, perhaps with port and path.</summary>
        Bare,
    }

    /// <summary>Finds them in order.</summary>
    /// <param name="text">One line; octets.</param>
    /// <param name="found">Told of each: its kind, its text, and for <see cref="Kind.Bare"/> its host.</param>
    public void Find(ReadOnlySpan<char> text, Action<Kind, string, string> found)
    {
        ArgumentNullException.ThrowIfNull(found);
        // None of them goes over a blank, and none is without a colon, a dot or an at sign with something behind it: the words that have
        // one are looked at.
        for (var at = 0; at < text.Length; )
        {
            var mark = text[at..].IndexOfAny('.', ':', '@');
            if (mark < 0)
                return;
            mark += at;
            if (mark + 1 >= text.Length || text[mark + 1] is ' ' or '\n')
            {
                at = mark + 1;
                continue;
            }

            var start = Math.Max(text[..mark].LastIndexOfAny(' ', '\n') + 1, at);
            var length = text[mark..].IndexOfAny(' ', '\n');
            var end = length < 0 ? text.Length : mark + length;
            FindInWord(text, start, end, found);
            at = end;
        }
    }

    private void FindInWord(ReadOnlySpan<char> text, int start, int end, Action<Kind, string, string> found)
    {
        // Where the local part that may begin here ends: the same for all places before it, so looked for once.
        var localEnd = -1;
        for (var i = start; i < end; )
        {
            var length = MayBegin(text, i) ? Read(text, i, ref localEnd, found) : 0;
            i += Math.Max(length, 1);
        }
    }

    private int Read(ReadOnlySpan<char> text, int at, ref int localEnd, Action<Kind, string, string> found)
    {
        if (LinkEnd(text, at) is > 0 and var link)
        {
            found(Kind.Link, text[at..link].ToString(), "");
            return link - at;
        }

        if (AddressAt(text, at, ref localEnd) is > 0 and var address)
        {
            found(Kind.Address, text[at..address].ToString(), "");
            return address - at;
        }

        if (BareAt(text, at, out var hostEnd) is > 0 and var bare)
        {
            found(Kind.Bare, text[at..bare].ToString(), text[at..hostEnd].ToString());
            return bare - at;
        }

        return 0;
    }

    // A word's edge, a delimiter, or the shift of an ISO-2022 text, which is ESC ( and one more.
    private static bool MayBegin(ReadOnlySpan<char> text, int at)
    {
        if (at == 0)
            return Octets.IsWord(text[0]);
        return Octets.IsWord(text[at - 1]) != Octets.IsWord(text[at])
            || Start.Contains(text[at - 1])
            || (at >= 3 && text[at - 3] == '\x1b' && text[at - 2] == '(' && text[at - 1] != '\n');
    }

    private static int LinkEnd(ReadOnlySpan<char> text, int at)
    {
        var start = text[at..];
        var prefix = start[0] switch
        {
            'h' or 'H' => Octets.StartsIgnoreCase(start, "http://") ? 7
            : Octets.StartsIgnoreCase(start, "https://") ? 8
            : 0,
            'f' or 'F' => Octets.StartsIgnoreCase(start, "ftp://") ? 6
            : Octets.StartsIgnoreCase(start, "ftp.") ? 4
            : 0,
            'w' or 'W' when Octets.StartsIgnoreCase(start, "www") => WwwLength(start),
            _ => 0,
        };
        return prefix == 0 ? 0 : RunEnd(text, at + prefix, UriEnd, MostOfUri);
    }

    private static int WwwLength(ReadOnlySpan<char> start)
    {
        for (var digits = 0; digits <= 2 && 3 + digits < start.Length; digits++)
        {
            if (start[3 + digits] == '.')
                return 4 + digits;
            if (!char.IsAsciiDigit(start[3 + digits]))
                return 0;
        }

        return 0;
    }

    private static int AddressAt(ReadOnlySpan<char> text, int at, ref int localEnd)
    {
        if (
            Octets.StartsIgnoreCase(text[at..], "mailto:")
            && RunEnd(text, at + 7, AddressEnd, MostOfUri) is > 0 and var end
        )
            return end;
        if (localEnd < at)
        {
            var run = text[at..].IndexOfAny(LocalPartEnd);
            localEnd = run < 0 ? text.Length : at + run;
        }

        return localEnd < text.Length && text[localEnd] == '@' && localEnd - at is >= 1 and <= MostOfAddress
            ? RunEnd(text, localEnd + 1, AddressEnd, MostOfAddress)
            : 0;
    }

    private int BareAt(ReadOnlySpan<char> text, int at, out int hostEnd)
    {
        hostEnd = 0;
        if (!char.IsAsciiLetterOrDigit(text[at]) || (at > 0 && !BareStart.Contains(text[at - 1])))
            return 0;
        var window = text.Slice(at, Math.Min(text.Length - at, MostOfHost + 64 + 2));
        var run = window.IndexOfAny(NotHost);
        var end = at + (run < 0 ? window.Length : run);
        var host = text[at..end];
        // One dot may follow the name.
        if (host[^1] == '.')
            host = host[..^1];
        var dot = host.LastIndexOf('.');
        if (dot is < 1 or > MostOfHost || !domains.IsTopLevel(host[(dot + 1)..]))
            return 0;
        hostEnd = at + host.Length;
        end = PathEnd(text, PortEnd(text, end));
        return end == text.Length || UriEnd.Contains(text[end]) ? end : 0;
    }

    private static int PortEnd(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length || text[at] != ':')
            return at;
        var end = at + 1;
        while (end < text.Length && end - at <= 5 && char.IsAsciiDigit(text[end]))
            end++;
        return end == at + 1 ? at : end;
    }

    private static int PathEnd(ReadOnlySpan<char> text, int at) =>
        at < text.Length && text[at] == '/' && RunEnd(text, at + 1, UriEnd, MostOfUri) is > 0 and var end ? end : at;

    /// <summary>The end of a run of 1 to so many characters before a delimiter or the end of the text; 0 if it is longer or empty.</summary>
    private static int RunEnd(ReadOnlySpan<char> text, int from, SearchValues<char> delimiters, int most)
    {
        if (from >= text.Length)
            return 0;
        var window = text.Slice(from, Math.Min(text.Length - from, most + 1));
        var run = window.IndexOfAny(delimiters);
        if (run < 0)
            run = window.Length;
        return run >= 1 && run <= most ? from + run : 0;
    }
}
