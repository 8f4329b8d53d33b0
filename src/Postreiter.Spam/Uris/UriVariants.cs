using System.Buffers;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Text.Html;

namespace Postreiter.Spam.Uris;

/// <summary>
/// The forms of one URI that rules look at: as it stands, and as the mail programs of recipients make something of it when its author
/// hid what it is. All forms stand beside each other.
/// </summary>
/// <param name="domains">Knows top-level domains.</param>
/// <param name="redirectors">`redirector_pattern`.</param>
internal sealed class UriVariants(RegisteredDomains domains, Redirectors redirectors)
{
    // A URI within a URI within a URI: each level is looked at, within reason.
    private const int MostNested = 50;
    private const int FewForms = 16;

    private static readonly SearchValues<char> NotLetterOrDigit = SearchValues.Create([
        .. Enumerable.Range(0, 256).Select(static c => (char)c).Where(static c => !char.IsAsciiLetterOrDigit(c)),
    ]);

    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create(
        "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    );

    /// <summary>The forms of a URI, without doubles, the URI itself first.</summary>
    /// <param name="uri">The URI.</param>
    /// <param name="isCharacters">Whether it is characters, not octets; so are its forms then.</param>
    public IReadOnlyList<string> Of(string uri, bool isCharacters = false)
    {
        var found = new List<string> { uri };
        var variants = new List<string>();
        for (var i = 0; i < found.Count && i < MostNested; i++)
        {
            var one = Trim(found[i].Replace("\n", "", StringComparison.Ordinal), isCharacters);
            found[i] = one = one.Replace("\r", "", StringComparison.Ordinal);
            if (one.Length <= 1 || one[0] is '#' or '?' or '&' || (one[0] == '/' && one[1] != '/'))
                continue;
            if (IsMail(one))
                AddMail(one, variants);
            else
                AddWeb(one, variants, found, isCharacters);
        }

        // They are few: to look through them is cheaper than a set.
        var forms = new List<string>(found.Count + variants.Count);
        AddNew(found);
        AddNew(variants);
        return forms;

        void AddNew(List<string> from)
        {
            var set = from.Count + forms.Count > FewForms ? new HashSet<string>(forms, StringComparer.Ordinal) : null;
            foreach (var form in from)
            {
                if (set?.Add(form) ?? !forms.Contains(form))
                    forms.Add(form);
            }
        }
    }

    private static string Trim(string text, bool isCharacters)
    {
        var (start, end) = (0, text.Length);
        while (start < end && CharacterClass.IsSpace(text[start], isCharacters))
            start++;
        while (end > start && CharacterClass.IsSpace(text[end - 1], isCharacters))
            end--;
        return end - start == text.Length ? text : text[start..end];
    }

    private static bool IsMail(string uri)
    {
        if (Octets.StartsIgnoreCase(uri, "mailto:"))
            return true;
        var at = uri.IndexOf('@', StringComparison.Ordinal);
        return at >= 0 && uri.IndexOf(':', 0, at) < 0;
    }

    // Mail programs leave parameters and what looks like them away, each in its own way.
    private static void AddMail(string uri, List<string> variants)
    {
        var at = uri.IndexOf('@', StringComparison.Ordinal);
        if (at > 0)
        {
            var question = uri.IndexOf('?', at + 1);
            if (question > at + 1)
                variants.Add(uri[..question]);
            var ampersand = uri.AsSpan(at + 1).IndexOfAny('?', '&');
            if (ampersand > 0 && uri[at + 1 + ampersand] == '&')
                variants.Add(uri[..(at + 1 + ampersand)]);
        }

        if (uri.Contains("%20", StringComparison.Ordinal))
        {
            var start = uri.StartsWith("mailto:", StringComparison.Ordinal) ? 7 : 0;
            while (uri.AsSpan(start).StartsWith("%20"))
                start += 3;
            at = uri.IndexOf('@', start);
            var end = at < 0 ? -1 : uri.AsSpan(at + 1).IndexOfAny('?', '&', '%');
            end = end < 0 ? uri.Length : at + 1 + end;
            if (at > start && end > at + 1)
                variants.Add("mailto:" + uri[start..end]);
        }

        if (Bracketed(uri) is { } address)
            variants.Add("mailto:" + address);
    }

    // mailto:"Foo%20Bar"%20<foo.bar@example.com>, the last opening bracket that an address follows.
    private static string? Bracketed(string uri)
    {
        var end = uri.AsSpan().IndexOfAny('?', '&');
        for (
            var open = uri.LastIndexOf('<', end < 0 ? uri.Length - 1 : end);
            open >= 0;
            open = open == 0 ? -1 : uri.LastIndexOf('<', open - 1)
        )
        {
            var close = uri.IndexOf('>', open);
            var at = uri.IndexOf('@', open);
            if (close > at + 1 && at > open + 1)
                return uri[(open + 1)..close];
        }

        return null;
    }

    private void AddWeb(string uri, List<string> variants, List<string> found, bool isCharacters)
    {
        var web = SlashesAfterScheme(uri.Replace('\\', '/'));
        if (PercentCode.Has(web))
            web = PercentCode.Normalize(web);
        if (!HasScheme(web))
            web = (web.StartsWith("ftp.", StringComparison.Ordinal) ? "ftp://" : "http://") + web;
        web = NumericEntities.Decode(SlashBeforeQuery(web));
        if (web != uri)
            variants.Add(web);
        if (UriParts.TryRead(web) is { } parts)
            AddHosts(parts, variants, found, isCharacters);
    }

    private void AddHosts(UriParts parts, List<string> variants, List<string> found, bool isCharacters)
    {
        var (scheme, login, host, port, rest) = parts;
        var isPlain = scheme == "http://";
        var restWithoutPort = rest;
        if (port.Length > 0)
        {
            var standard = isPlain ? ":80" : ":443";
            var isStandard = rest.StartsWith(standard, StringComparison.Ordinal);
            if (isStandard && (rest.Length == standard.Length || !Octets.IsWord(rest[standard.Length])))
                variants.Add(scheme + host + (restWithoutPort = rest[standard.Length..]));
        }

        // Without a library for international names the original puts a host's octets among characters: rules see it encoded twice.
        if (isCharacters && !System.Text.Ascii.IsValid(host))
        {
            host = Octets.ToUtf8(host);
            variants.Add(scheme + Octets.Lower(host) + rest);
            if (port.Length > 0 && restWithoutPort.Length > 0)
                variants.Add(scheme + Octets.Lower(host) + restWithoutPort);
            host = Octets.Lower(host);
        }

        var name = Octets.Lower(host);
        void Change(string changed)
        {
            if (changed != host)
                variants.Add(scheme + (host = changed) + rest);
        }

        if (host.AsSpan().ContainsAnyInRange('\0', ' '))
            Change(string.Concat(host.Where(static c => c > ' ')));
        if (Redirection(scheme + host + rest, rest, isCharacters) is { } target)
            found.Add(target);
        Change(host[(host.IndexOf('@', StringComparison.Ordinal) is > 0 and var at ? at + 1 : 0)..]);
        var last = host.AsSpan().LastIndexOfAnyExcept(NotLetterOrDigit);
        Change(last < 0 ? "" : host[..(last + 1)]);

        if (HostNumbers.Decode(host) is { } address)
            variants.Add(scheme + address + rest);
        else if (isPlain && login.Length == 0 && name != "localhost" && port is "" or "80")
            AddGuess(scheme, name, rest, variants);
    }

    // What browsers try for a name without a dot.
    private void AddGuess(string scheme, string name, string rest, List<string> variants)
    {
        var single = name.StartsWith("www.", StringComparison.Ordinal) && name.Length > 4 ? name[4..] : name;
        if (!single.Contains('.', StringComparison.Ordinal) && !domains.IsValid(name))
            variants.Add($"{scheme}www.{single}.com{rest}");
    }

    private string? Redirection(string uri, string rest, bool isCharacters)
    {
        if (redirectors.Target(uri, isCharacters) is { } target)
            return target;
        for (
            var start = rest.IndexOf("http", StringComparison.OrdinalIgnoreCase);
            start >= 0;
            start = rest.IndexOf("http", start + 4, StringComparison.OrdinalIgnoreCase)
        )
        {
            var colon = start + 4;
            if (colon < rest.Length && rest[colon] is 's' or 'S')
                colon++;
            if (colon + 1 >= rest.Length || rest[colon] != ':' || rest[colon + 1] is '&' or '#')
                continue;
            var end = rest.AsSpan(colon).IndexOfAny('&', '#');
            var inner = end < 0 ? rest[start..] : rest[start..(colon + end)];
            return inner.Contains('.', StringComparison.Ordinal) ? inner : null;
        }

        return null;
    }

    private static string SlashesAfterScheme(string uri)
    {
        var colon =
            Octets.StartsIgnoreCase(uri, "http:") ? 5
            : Octets.StartsIgnoreCase(uri, "https:") ? 6
            : 0;
        if (colon == 0)
            return uri;
        var slashes = 0;
        while (slashes < 2 && colon + slashes < uri.Length && uri[colon + slashes] == '/')
            slashes++;
        return slashes == 2 ? uri : uri[..colon] + "//" + uri[(colon + slashes)..];
    }

    private static string SlashBeforeQuery(string uri)
    {
        var start =
            Octets.StartsIgnoreCase(uri, "http://") ? 7
            : Octets.StartsIgnoreCase(uri, "https://") ? 8
            : -1;
        if (start < 0)
            return uri;
        var end = uri.AsSpan(start).IndexOfAny('/', '?', '#');
        return end > 0 && uri[start + end] != '/' ? uri.Insert(start + end, "/") : uri;
    }

    private static bool HasScheme(string uri)
    {
        var colon = uri.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && uri.AsSpan(0, colon).IndexOfAnyExcept(SchemeCharacters) < 0;
    }
}
