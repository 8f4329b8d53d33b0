using System.Runtime.CompilerServices;
using System.Text;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Mail;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Functions;

/// <summary>The mail addresses that check_hashbl_emails asks for.</summary>
internal static class HashAddresses
{
    private const int MostAddresses = 1000;

    // Addresses of offices and of machines: they are everybody's.
    private static readonly FunctionPattern Offices = new(
        @"^(abuse|contact|helpdesk|info|kontakt|sales|support|postmaster|hostmaster|domainmaster|undisclosed.*|bounced?-"
            + @"|request-[0-9a-f]{16}|[0-9a-f]{8}\.[0-9a-f]{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|.+=.+=.+)@",
        "i"
    );

    private static readonly string[] OwnHeaders = ["X-Original-To", "Apparently-To", "Delivered-To", "Envelope-To"];

    /// <summary>The site's own patterns for addresses and for those that are everybody's.</summary>
    private sealed record OwnPatterns(OctetPattern? Address, OctetPattern? Office)
    {
        private static readonly ConditionalWeakTable<Settings, OwnPatterns> Known = [];

        public static OwnPatterns Of(Settings settings) =>
            Known.GetValue(
                settings,
                static one => new OwnPatterns(
                    // Names of top-level domains are not looked up: what is found is asked for, and not listed.
                    Read(
                        one.Text("hashbl_email_regex")
                            ?.Replace("_TLDS_", "[a-zA-Z0-9-]{2,63}", StringComparison.Ordinal)
                    ),
                    Read(one.Text("hashbl_email_welcomelist"))
                )
            );

        private static OctetPattern? Read(string? text) =>
            !string.IsNullOrEmpty(text) && OctetPattern.TryParse(text, "", out var pattern, out _) ? pattern : null;
    }

    /// <summary>The addresses, as they are hashed.</summary>
    /// <param name="call">The rule and the mail.</param>
    /// <param name="options">Its options.</param>
    /// <param name="from">Where they are looked for: `ALL`, `ALLFROM`, `body`, names of headers, with slashes between.</param>
    /// <param name="acl">Only those of the domains of `hashbl_acl_…`; null = of all but the skipped ones.</param>
    public static IEnumerable<string> Of(RuleCall call, HashOptions options, string from, string? acl)
    {
        var settings = call.Settings;
        var aliases = Aliases(settings);
        var domains = acl is null or "all" ? null : settings.Words("hashbl_acl_" + Octets.Lower(acl));
        var own = OwnHeaders.SelectMany(call.Mail.AddressesOf).Select(Octets.Lower).ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var place in from.Split('/', StringSplitOptions.TrimEntries))
        {
            foreach (var found in Find(call, options, place).Take(MostAddresses))
            {
                var at = found.LastIndexOf('@');
                if (at <= 0 || at == found.Length - 1)
                    continue;
                var (user, domain) = (found[..at], found[(at + 1)..]);
                domain = aliases.GetValueOrDefault(Octets.Lower(domain), domain);
                var address = user + "@" + domain;
                if (!seen.Add(address) || (domains is not null && !IsIn(domains, domain)))
                    continue;
                if (own.Contains(address) || IsOffice(settings, address))
                    continue;
                var registered = call.Facts.Domains.RegisteredDomain(domain);
                if (
                    acl is null
                    && (
                        UriListHosts.IsSkipped(settings, Octets.Lower(domain))
                        || UriListHosts.IsSkipped(settings, registered)
                    )
                )
                    continue;
                yield return options.Cased(Asked(options, user, domain, registered));
            }
        }
    }

    private static string Asked(HashOptions options, string user, string domain, string registered)
    {
        if (options.Has("nodot"))
            user = user.Replace(".", "", StringComparison.Ordinal);
        if (options.Has("notag") && user.IndexOf('+', StringComparison.Ordinal) is var plus and >= 0)
            user = user[..plus];
        return options.Has("domain") ? registered
            : options.Has("host") ? domain
            : options.Has("user") ? user
            : user + "@" + domain;
    }

    private static IEnumerable<string> Find(RuleCall call, HashOptions options, string place)
    {
        switch (place)
        {
            case "ALLFROM":
                return MailAddresses.Of(call.Facts).From;
            case "body":
                var text = new StringBuilder();
                foreach (var uri in call.Facts.Uris.All)
                {
                    if (
                        uri.Types.Contains("a")
                        && !uri.Types.Contains("parsed")
                        && uri.Raw.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)
                    )
                        text.Append(uri.Raw.AsSpan("mailto:".Length)).Append('\n');
                }
                var links = text.Length;
                foreach (var line in call.Facts.Body)
                    text.Append(line);
                var body = text.ToString();
                if (options.Has("nouri"))
                    body = string.Concat(body.AsSpan(0, links), QuotedAddresses.WithoutUrls(body.AsMemory(links)).Span);
                return InText(call, body, options.Has("noquote") ? links : body.Length);
            default:
                var header = call.Mail.Header(place) ?? "";
                return InText(call, header, header.Length);
        }
    }

    // From a place on addresses in angle brackets or before "wrote:" are somebody else's: quoted.
    private static IEnumerable<string> InText(RuleCall call, string text, int quotedFrom)
    {
        foreach (var (start, end) in Places(call, text))
        {
            if (start < quotedFrom || !IsQuoted(text, start, end))
                yield return text[start..end];
        }
    }

    private static IEnumerable<(int Start, int End)> Places(RuleCall call, string text)
    {
        var domains = call.Facts.Domains;
        if (OwnPatterns.Of(call.Settings).Address is { } own)
        {
            foreach (var found in OwnPlaces(own, text))
                yield return found;
            yield break;
        }
        for (var at = 0; EmailText.Next(text, at, domains) is var (start, end); at = end)
            yield return (start, end);
    }

    private static List<(int, int)> OwnPlaces(OctetPattern pattern, string text)
    {
        var places = new List<(int, int)>();
        using var run = new PatternRun(pattern.Program, text);
        while (places.Count < MostAddresses && run.Next())
            places.Add((run.Begin, run.End));
        return places;
    }

    private static bool IsQuoted(string text, int start, int end) =>
        !QuotedAddresses.IsMailto(text, start) && QuotedAddresses.LabelEnd(text, end) > 0;

    private static Dictionary<string, string> Aliases(Settings settings)
    {
        var aliases = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var words in settings.Words("hashbl_email_domain_alias").Select(Octets.Lower).Select(Perl.Words))
        {
            foreach (var alias in words.Skip(1))
                aliases[alias] = words.First();
        }
        return aliases;
    }

    private static bool IsIn(IReadOnlyList<string> domains, string domain) =>
        domains.Contains(domain, StringComparer.OrdinalIgnoreCase)
        && !domains.Contains("!" + domain, StringComparer.OrdinalIgnoreCase);

    private static bool IsOffice(Settings settings, string address) =>
        OwnPatterns.Of(settings).Office is { } own ? own.IsMatch(address) : Offices.IsMatch(address);
}
