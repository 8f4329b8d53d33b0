using System.Buffers;
using System.Text;

namespace Postreiter.Spam.Mail;

/// <summary>
/// Finds addresses in a header as mail programs do, which is not RFC 5322: unquoted commas of a phrase divide, brackets may hold anything,
/// and what looks like an address in a name is one. Comments are understood behind an address, not nested.
/// </summary>
internal static partial class AddressListParser
{
    // Steps over one value; a real one of 100 addresses needs some thousands.
    private const int MaxSteps = 200_000;

    // Repeated brackets behind an address; each is a level of the search.
    private const int MaxDuplicates = 16;

    private static readonly SearchValues<char> NotInUser = SearchValues.Create("@ \t\n\v\f\r<>()[],:;");
    private static readonly SearchValues<char> NotInHost = SearchValues.Create("\" \t\n\v\f\r<>()[],:;");
    private static readonly SearchValues<char> InLiteral = SearchValues.Create("0123456789:.");
    private static readonly SearchValues<char> NotInPhrase = SearchValues.Create("\",;<");
    private static readonly SearchValues<char> NotInGroupName = SearchValues.Create("\"()<>");

    public static IReadOnlyList<HeaderAddress> Parse(string value)
    {
        var text = Octets.TrimEnd(value).ToString().Replace("\\\\", "", StringComparison.Ordinal);
        text = WithoutGroup(text);
        if (text.AsSpan().IndexOfAnyExcept(Octets.Blanks) < 0)
            return [];
        var found = new List<HeaderAddress>();
        var reader = new Reader(text);
        while (reader.TryNext(out var item))
            found.Add(Make(item));
        FindLeft(text.AsSpan(reader.At), found);
        return found;
    }

    // "Friends: a@b, c@d;" is a list with a name.
    private static string WithoutGroup(string text)
    {
        var end = text.AsSpan().IndexOfAny(NotInGroupName);
        var colon = text.AsSpan(0, end < 0 ? text.Length : end).LastIndexOf(':');
        if (colon < 1)
            return text;
        var rest = Octets.TrimStart(text.AsSpan(colon + 1));
        return rest is [';', ..] ? "" : rest.ToString();
    }

    private static HeaderAddress Make(Item item)
    {
        var address = item.Address;
        if (address is not null && item.IsBracketed)
        {
            address = WithoutComments(address);
            if (MatchAddress(address, 0) is var length && (length == 0 || length != address.Length))
                address = null;
        }

        if (address is not null && !IsPlausible(address))
            address = null;
        var phrase = item.Phrase is null ? null : Unquote(item.Phrase);
        if (phrase is not null)
        {
            if (address is null && IsWholeAddress(phrase))
                (address, phrase) = (phrase, null);
            else if (phrase.Length == 0 || phrase == address)
                phrase = null;
        }

        return new HeaderAddress(phrase ?? item.Comment, address is null ? null : CutSecond(address), item.Comment);
    }

    private static bool IsWholeAddress(string phrase)
    {
        if (MatchAddress(phrase, 0) is var length && (length == 0 || length != phrase.Length) || !IsPlausible(phrase))
            return false;
        var host = phrase.AsSpan(phrase.IndexOf('@', StringComparison.Ordinal) + 1);
        var second = host.IndexOf('@');
        return HostName.IsValid(second < 0 ? host : host[..second]);
    }

    // user@host@more is user@host.
    private static string CutSecond(string address)
    {
        var first = address.IndexOf('@', StringComparison.Ordinal);
        var second = first < 0 ? -1 : address.IndexOf('@', first + 1);
        if (second < 0)
            return address;
        var line = address.IndexOf('\n', second);
        return line < 0 ? address[..second] : address.Remove(second, line - second);
    }

    private static bool IsPlausible(string address) =>
        !address.StartsWith("\"\"@", StringComparison.Ordinal) && address.AsSpan().Count('"') != 1;

    private static string Unquote(string phrase)
    {
        if (!phrase.AsSpan().ContainsAny('"', '('))
            return phrase;
        var to = new StringBuilder(phrase.Length);
        var at = 0;
        while (at < phrase.Length)
        {
            if (phrase[at] == '"')
            {
                var quoted = MatchQuoted(phrase, at);
                if (quoted > 0)
                    to.Append(phrase[(at + 1)..(at + quoted - 1)].Replace("\\", "", StringComparison.Ordinal));
                at += Math.Max(1, quoted);
                continue;
            }

            var end = phrase.IndexOf('"', at);
            end = end < 0 ? phrase.Length : end;
            to.Append(WithoutComments(phrase[at..end]));
            at = end;
        }

        return to.ToString();
    }

    private static string WithoutComments(string text)
    {
        if (!text.Contains('(', StringComparison.Ordinal))
            return text;
        var to = new StringBuilder(text.Length);
        var at = 0;
        while (at < text.Length)
        {
            var comment = text[at] == '(' ? MatchComment(text, at) : 0;
            if (comment == 0)
                to.Append(text[at++]);
            else
                at += comment;
        }

        return to.ToString();
    }

    // What no shape fits may still hold an address in brackets.
    private static void FindLeft(ReadOnlySpan<char> text, List<HeaderAddress> found)
    {
        if (!text.Contains('@'))
            return;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '<')
                continue;
            var length = MatchAddress(text, at + 1);
            if (length == 0 || text[(at + 1 + length)..] is not ['>', ..])
                continue;
            var address = text.Slice(at + 1, length).ToString();
            at += length + 1;
            if (IsPlausible(address))
                found.Add(new HeaderAddress(null, CutSecond(address), null));
        }
    }

    // "…" with backslashes; the length with both quotes, 0 if it does not end.
    private static int MatchQuoted(ReadOnlySpan<char> text, int at) => MatchDelimited(text, at, '"', '"');

    // (…) with backslashes and no parenthesis inside.
    private static int MatchComment(ReadOnlySpan<char> text, int at) => MatchDelimited(text, at, ')', '(');

    private static int MatchDelimited(ReadOnlySpan<char> text, int at, char end, char never)
    {
        for (var i = at + 1; i < text.Length; i++)
        {
            if (text[i] == end)
                return i + 1 - at;
            if (text[i] == never)
                return 0;
            // A backslash takes one character that is no line end.
            if (text[i] == '\\' && (++i >= text.Length || text[i] == '\n'))
                return 0;
        }

        return 0;
    }

    /// <summary>The length of <c>user@host</c> or <c>"user"@host</c> or <c>user@[address]</c>; 0 if it does not stand there.</summary>
    private static int MatchAddress(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length)
            return 0;
        if (
            text[at] == '"'
            && MatchQuoted(text, at) is var quoted and > 0
            && MatchHost(text, at + quoted) is var behind and > 0
        )
            return quoted + behind;
        var user = text[at..].IndexOfAny(NotInUser);
        return user > 0 && MatchHost(text, at + user) is var host and > 0 ? user + host : 0;
    }

    private static int MatchHost(ReadOnlySpan<char> text, int at)
    {
        if (text[at..] is not ['@', ..])
            return 0;
        var rest = text[(at + 1)..];
        var length = rest.IndexOfAny(NotInHost);
        if (length < 0)
            length = rest.Length;
        if (length > 0)
            return length + 1;
        if (rest is not ['[', ..])
            return 0;
        var digits = rest[1..].IndexOfAnyExcept(InLiteral);
        return digits > 0 && rest[digits + 1] == ']' ? digits + 3 : 0;
    }

    private readonly record struct Item(string? Phrase, string? Address, bool IsBracketed, string? Comment);
}
