using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Text.Html;

namespace Postreiter.Spam.Uris;

/// <summary>A link of an HTML part.</summary>
/// <param name="Uri">Where it leads: octets, or characters.</param>
/// <param name="Types">The elements it stands in.</param>
/// <param name="Texts">Texts of its anchors.</param>
/// <param name="IsCharacters">Whether the URI is characters: what is done to hosts and to encoded octets differs.</param>
public readonly record struct UriLink(
    string Uri,
    IReadOnlyList<string> Types,
    IReadOnlyList<string> Texts,
    bool IsCharacters = false
);

/// <summary>All URIs of one mail: of its text, of its HTML, and the domains that signed it.</summary>
public sealed class MailUris
{
    private const int MostOctets = 8192;

    // A mail with more has no more to tell, and each costs a rule's look.
    private const int MostUris = 10_000;
    private static readonly string[] Parsed = ["parsed"];
    private static readonly char[] TrailingPunctuation = [.. "-~!@#^&*()_+=:;'?,."];

    private readonly Dictionary<string, FoundUri> _found = new(StringComparer.Ordinal);
    private readonly List<FoundUri> _order = [];
    private readonly RegisteredDomains _domains;
    private readonly UriVariants _variants;
    private IReadOnlyList<string>? _canonical;

    private MailUris(RegisteredDomains domains, Settings settings)
    {
        _domains = domains;
        _variants = new UriVariants(domains, Redirectors.Of(settings.Patterns("redirector_pattern")));
    }

    /// <summary>Every URI, in the order found.</summary>
    public IReadOnlyList<FoundUri> All => _order;

    /// <summary>The canonical forms of all of them, without doubles: what `uri` rules look at.</summary>
    public IReadOnlyList<string> Canonical =>
        _canonical ??= [.. _order.SelectMany(static uri => uri.Cleaned).Distinct(StringComparer.Ordinal)];

    /// <summary>Whether one was longer than 8,192 octets and was cut.</summary>
    public bool IsTruncated { get; private set; }

    /// <summary>Finds the URIs of a mail.</summary>
    /// <param name="body">Lines of `body`, octets.</param>
    /// <param name="links">Links of its HTML parts.</param>
    /// <param name="signatures">Values of DKIM-Signature and DomainKey-Signature fields.</param>
    /// <param name="domains">The registered domains of the same settings.</param>
    /// <param name="settings">Redirectors, and whether signatures count.</param>
    public static MailUris Find(
        IReadOnlyList<ReadOnlyMemory<char>> body,
        IEnumerable<UriLink> links,
        IEnumerable<string> signatures,
        RegisteredDomains domains,
        Settings settings
    )
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(links);
        ArgumentNullException.ThrowIfNull(signatures);
        ArgumentNullException.ThrowIfNull(settings);
        var uris = new MailUris(domains, settings);
        uris.AddText(body);
        foreach (var link in links)
        {
            // An anchor's own spelling counts as found in text.
            var types = link.Types.Count == 0 ? Parsed : link.Types;
            uris.Add(link.Uri, types, needsDomain: false, link.IsCharacters)?.AddTexts(link.Texts);
        }

        if (settings.IsOn("parse_dkim_uris"))
            uris.AddSignatures(signatures);
        return uris;
    }

    private void AddText(IReadOnlyList<ReadOnlyMemory<char>> body)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var text = new TextUris(_domains);
        Action<TextUris.Kind, string, string> told = Found;
        foreach (var line in body)
            text.Find(line.Span, told);

        void Found(TextUris.Kind kind, string found, string host)
        {
            var raw = WithoutPunctuation(found);
            if (seen.Count < MostUris && seen.Add(raw) && (host.Length == 0 || HostName.IsValid(host)))
                AddFromText(kind, raw);
        }
    }

    private void AddFromText(TextUris.Kind kind, string raw)
    {
        if (kind == TextUris.Kind.Address && !raw.Contains('@', StringComparison.Ordinal))
            return;
        if (Octets.StartsIgnoreCase(raw, "cid:") || Octets.StartsIgnoreCase(raw, "mid:") || IsSchemeAlone(raw))
            return;
        var types = new List<string> { "parsed" };
        var uri = raw;
        if (
            !Octets.StartsIgnoreCase(raw, "http:")
            && !Octets.StartsIgnoreCase(raw, "https:")
            && !Octets.StartsIgnoreCase(raw, "ftp:")
            && !Octets.StartsIgnoreCase(raw, "mailto:")
        )
        {
            if (WithScheme(raw, types) is not { } given)
                return;
            uri = given;
            types.Add("schemeless");
        }

        if (Octets.StartsIgnoreCase(uri, "mailto:"))
        {
            if (PercentCode.Has(uri))
                uri = PercentCode.Normalize(uri);
            if (!HasValidHost(uri))
                return;
        }

        Add(uri, types, needsDomain: true);
    }

    /// <summary>The scheme that mail programs put in front; null where they make no link of it.</summary>
    private static string? WithScheme(string raw, List<string> types)
    {
        if (Octets.StartsIgnoreCase(raw, "ftp."))
            return "ftp://" + raw;
        if (IsWww(raw))
            return "http://" + raw;
        var at = raw.LastIndexOf('@');
        var slash = raw.IndexOf('/', StringComparison.Ordinal);
        // A slash before the @: no address.
        if (slash >= 0 && at > slash + 1)
            return "http://" + raw;
        if (at >= 0)
        {
            var first = raw.IndexOf('@', StringComparison.Ordinal);
            if (
                raw.IndexOf('.', Math.Min(first + 2, raw.Length)) < 0
                || raw.Contains("&nbsp;", StringComparison.Ordinal)
            )
                return null;
            return "mailto:" + WithoutLabel(raw);
        }

        if (!raw.Contains('.', StringComparison.Ordinal))
            return null;
        types.Add("unlinked");
        return "http://" + raw;
    }

    // "skype:", "e-mail:" and colons alone, which people write in front of addresses.
    private static string WithoutLabel(string raw)
    {
        string[] labels = ["skype", "e-mail", "email", "-mail", "mail", ""];
        foreach (var label in labels)
        {
            if (!Octets.StartsIgnoreCase(raw, label + ":"))
                continue;
            var end = label.Length;
            while (end < raw.Length && raw[end] == ':')
                end++;
            return raw[end..];
        }

        return raw;
    }

    private bool HasValidHost(string uri)
    {
        var at = uri.IndexOf('@', StringComparison.Ordinal);
        if (at < 0)
            return false;
        var host = uri.AsSpan(at + 1);
        var end = host.IndexOfAny('?', '&', '>');
        host = end < 0 ? host : host[..end];
        while (host.EndsWith("%20"))
            host = host[..^3];
        return _domains.IsValid(host);
    }

    private void AddSignatures(IEnumerable<string> signatures)
    {
        foreach (var signature in signatures)
        {
            foreach (var domain in SigningDomains(signature))
            {
                var raw = "domainkeys:" + domain;
                if (_domains.Find(raw) is { } host)
                    Uri(raw)?.Add(["domainkeys", "nocanon", "noclean"], [], [host]);
            }
        }
    }

    private static IEnumerable<string> SigningDomains(string signature)
    {
        for (var i = 0; i < signature.Length; i++)
        {
            if (signature[i] != 'd' || (i > 0 && Octets.IsWord(signature[i - 1])))
                continue;
            var equals = i + 1;
            while (equals < signature.Length && Octets.IsBlank(signature[equals]))
                equals++;
            if (equals >= signature.Length || signature[equals] != '=')
                continue;
            var end = signature.IndexOf(';', equals);
            end = end < 0 ? signature.Length : end;
            var domain = string.Concat(signature[(equals + 1)..end].Where(static c => !Octets.IsBlank(c)));
            if (domain.Length > 0)
                yield return domain;
            i = end;
        }
    }

    private FoundUri? Add(string raw, IReadOnlyList<string> types, bool needsDomain, bool isCharacters = false)
    {
        var cleaned = new List<string>();
        var hosts = new List<(string, string)>();
        foreach (var variant in _variants.Of(raw, isCharacters))
        {
            var end = isCharacters ? CharacterText.IndexOf(variant, MostOctets) : Math.Min(variant.Length, MostOctets);
            IsTruncated |= variant.Length > end;
            var form = isCharacters ? Octets.ToUtf8(variant.AsSpan(0, end)) : variant[..end];
            cleaned.Add(form);
            if (_domains.Find(form) is { } host)
                hosts.Add(host);
        }

        if (needsDomain && hosts.Count == 0)
            return null;
        var uri = Uri(isCharacters ? Octets.ToUtf8(raw) : raw);
        uri?.Add(types, cleaned, hosts);
        return uri;
    }

    private FoundUri? Uri(string raw)
    {
        if (_found.TryGetValue(raw, out var uri) || _order.Count == MostUris)
            return uri;
        _found.Add(raw, uri = new FoundUri(raw));
        _order.Add(uri);
        return uri;
    }

    // As mail programs do: a closing bracket without an opening one ends it, and punctuation at the end belongs to the sentence.
    private static string WithoutPunctuation(string found)
    {
        var close = found.IndexOf(')', StringComparison.Ordinal);
        if (close >= 0 && found.IndexOf('(', 0, close) < 0)
            found = found[..close];
        return found.TrimEnd(TrailingPunctuation);
    }

    private static bool IsWww(string raw)
    {
        if (!Octets.StartsIgnoreCase(raw, "www"))
            return false;
        var dot = raw.IndexOf('.', StringComparison.Ordinal);
        return dot is >= 3 and <= 5 && !raw.AsSpan(3, dot - 3).ContainsAnyExceptInRange('0', '9');
    }

    private static bool IsSchemeAlone(string raw)
    {
        var colon = raw.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || raw.AsSpan(colon + 1) is not ("" or "/" or "//"))
            return false;
        foreach (var c in raw.AsSpan(0, colon))
        {
            if (!Octets.IsWord(c))
                return false;
        }

        return true;
    }
}
