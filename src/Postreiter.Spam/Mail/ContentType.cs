using System.Buffers;
using System.Globalization;

namespace Postreiter.Spam.Mail;

/// <summary>
/// A Content-Type field as mail programs read it, who show nearly anything: parameters are looked for anywhere, quotes need not close,
/// text of any kind is plain text but for HTML, calendars and cards.
/// </summary>
/// <param name="Type">type/subtype in lower case; text/plain when nothing usable is said; "" when nothing but punctuation is.</param>
/// <param name="Boundary">The boundary without quotes; null without one.</param>
/// <param name="Charset">The charset as written; null without one.</param>
/// <param name="Name">The file's name; null or "" without one.</param>
/// <param name="IsMissing">Whether the field is missing or empty.</param>
internal sealed record ContentType(string Type, string? Boundary, string? Charset, string? Name, bool IsMissing)
{
    private static readonly ContentType Default = new("text/plain", null, "us-ascii", null, true);
    private static readonly SearchValues<char> NotInBoundary = SearchValues.Create(" \t\n\v\f\r\";");
    private static readonly SearchValues<char> EndsSubtype = SearchValues.Create(" \t\n\v\f\r/");
    private static readonly SearchValues<char> NotInType = SearchValues.Create([
        .. Enumerable.Range(0, 0x21).Select(static c => (char)c),
        .. Enumerable.Range(0x7F, 0x81).Select(static c => (char)c),
        .. "\"(),:;<=>?@[\\]",
    ]);

    /// <param name="field">The decoded value of the last field of the name; "" if there is none.</param>
    public static ContentType Parse(string field)
    {
        // What Perl holds for false is no content type.
        if (field is "" or "0")
            return Default;
        var text = field.AsSpan();
        var type = ParseType(text, out var isMissing);
        var name = Parameter(text, "name", "file");
        if (name is null or "" or "0")
            name = Continued(text) ?? name;
        return new ContentType(type, FindBoundary(text), Parameter(text, "charset"), name, isMissing);
    }

    private static string ParseType(ReadOnlySpan<char> text, out bool isMissing)
    {
        text = Octets.TrimStart(text);
        if (text.IndexOf(';') is var end && end >= 0)
            text = text[..end];
        // Up to a blank behind the slash; without a slash everything is the type.
        if (text.IndexOf('/') is var slash && slash > 0)
        {
            var subtype = text[(slash + 1)..].IndexOfAny(EndsSubtype);
            if (subtype >= 0)
                text = text[..(slash + 1 + subtype)];
        }

        var type = Octets.Lower(text.ToString());
        isMissing = type is "" or "0";
        if (isMissing || IsShownAsPlain(type))
            return "text/plain";
        return type.AsSpan().ContainsAny(NotInType)
            ? string.Concat(type.Where(static c => !NotInType.Contains(c)))
            : type;
    }

    private static bool IsShownAsPlain(string type)
    {
        if (!type.StartsWith("text", StringComparison.Ordinal) || (type.Length > 4 && Octets.IsWord(type[4])))
            return false;
        var line = type.EndsWith('\n') ? type[..^1] : type;
        return line is not ("text/html" or "text/calendar" or "text/x-vcard");
    }

    // boundary="anything to the quote" or boundary=word, which a blank, a semicolon or the end must follow.
    private static string? FindBoundary(ReadOnlySpan<char> text)
    {
        var at = 0;
        while (NextValue(text, ref at, "boundary", null))
        {
            var rest = text[at..];
            if (rest is ['"', not '"', ..])
            {
                var quote = rest[1..].IndexOf('"');
                return rest[1..(quote < 0 ? rest.Length : quote + 1)].ToString();
            }

            var length = rest.IndexOfAny(NotInBoundary);
            if (length < 0)
                length = rest.Length;
            if (length > 0 && (length == rest.Length || rest[length] != '"'))
                return rest[..length].ToString();
        }

        return null;
    }

    private static string? Parameter(ReadOnlySpan<char> text, string key, string? prefix = null)
    {
        var at = 0;
        while (NextValue(text, ref at, key, prefix))
        {
            if (Value(text[at..]) is { } value)
                return value;
        }

        return null;
    }

    // RFC 2231 §3: name*0, name*1 and so on are one value; the numbers need be in no order.
    private static string? Continued(ReadOnlySpan<char> text)
    {
        var pieces = new SortedDictionary<int, string>();
        var at = 0;
        var hasFirst = false;
        while (NextKey(text, ref at, "name", "file"))
        {
            var rest = text[at..];
            if (rest is not ['*', ..])
                continue;
            var digits = rest[1..].IndexOfAnyExceptInRange('0', '9');
            if (digits < 1 || !int.TryParse(rest.Slice(1, digits), NumberStyles.None, null, out var number))
                continue;
            rest = Octets.TrimStart(rest[(digits + 1)..]);
            if (rest is not ['=', ..])
                continue;
            hasFirst |= text[at + 1] == '0' && digits == 1;
            if (Value(Octets.TrimStart(rest[1..])) is { } value)
                pieces[number] = value;
        }

        return hasFirst ? string.Concat(pieces.Values) : null;
    }

    // Up to the first semicolon or the end, one quote off at either side; a line end in it makes it none.
    private static string? Value(ReadOnlySpan<char> text)
    {
        if (text is ['"' or '\'', ..])
            text = text[1..];
        var end = text.IndexOfAny(';', '\n');
        if (end >= 0 && text[end] == '\n' && end != text.Length - 1)
            return null;
        if (end >= 0)
            text = text[..end];
        if (text is [.., '"' or '\''])
            text = text[..^1];
        return text.ToString();
    }

    // Moves behind the next "key =" and the blanks behind it.
    private static bool NextValue(ReadOnlySpan<char> text, ref int at, string key, string? prefix)
    {
        while (NextKey(text, ref at, key, prefix))
        {
            var rest = Octets.TrimStart(text[at..]);
            if (rest is not ['=', ..])
                continue;
            at = text.Length - Octets.TrimStart(rest[1..]).Length;
            return true;
        }

        return false;
    }

    // Moves behind the next key, with or without its prefix, in front of which no word character stands.
    private static bool NextKey(ReadOnlySpan<char> text, ref int at, string key, string? prefix)
    {
        while (true)
        {
            var found = text[at..].IndexOf(key, StringComparison.OrdinalIgnoreCase);
            if (found < 0)
                return false;
            var start = at + found;
            at = start + key.Length;
            if (prefix is not null && text[..start].EndsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                var longer = start - prefix.Length;
                if (longer == 0 || !Octets.IsWord(text[longer - 1]))
                    return true;
            }

            if (start == 0 || !Octets.IsWord(text[start - 1]))
                return true;
        }
    }
}
