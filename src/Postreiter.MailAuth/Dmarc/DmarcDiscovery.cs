using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.MailAuth.Dmarc;

/// <summary>How the search for a policy ended.</summary>
internal enum DiscoveryStatus
{
    Found,
    None,

    /// <summary>Several records: none of them counts, and the search is over (RFC 7489 §6.6.3).</summary>
    Several,
    Unusable,
    NoAnswer,
}

/// <summary>A policy, or why there is none.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Place">The domain whose record it is, or the last one asked.</param>
/// <param name="Record">The record.</param>
/// <param name="Detail">For people.</param>
internal readonly record struct Discovered(
    DiscoveryStatus Status,
    DomainName Place,
    DmarcRecord? Record,
    string Detail
);

/// <summary>Finds the policy of an author's domain (RFC 7489 §6.6.3).</summary>
internal sealed class DmarcDiscovery(IDnsResolver dns, PublicSuffixList suffixes, DmarcOptions options)
{
    /// <summary>The name of a domain's organisation; a public suffix is its own.</summary>
    public DomainName Organization(DomainName domain) => suffixes.OrganizationalDomain(domain) ?? domain;

    /// <summary>Finds it.</summary>
    public async ValueTask<Discovered> FindAsync(DomainName author, CancellationToken ct)
    {
        var own = await AskAsync(author, ct);
        if (own.Status != DiscoveryStatus.None)
            return own;
        var organization = Organization(author);
        if (organization != author)
        {
            var above = await AskAsync(organization, ct);
            if (above.Status != DiscoveryStatus.None)
                return above;
        }

        // RFC 9989 §4.10: a public suffix may speak for names below it, if it says psd=y. RFC 7489 knows of none here, so the
        // walk of its successor takes nothing away; nobody who has not read it says so.
        if (!options.HonorsPublicSuffixRecords || suffixes.PublicSuffix(author) is not { } suffix || suffix == author)
            return own;
        var psd = await AskAsync(suffix, ct);
        return psd.Status switch
        {
            DiscoveryStatus.Found when psd.Record!.IsPublicSuffix == true => psd,
            // A suffix is asked as a courtesy: its silence is not the mail's fault.
            _ => own,
        };
    }

    private async ValueTask<Discovered> AskAsync(DomainName domain, CancellationToken ct)
    {
        if (!DomainName.TryParseQuery("_dmarc." + domain.Ascii, out var name))
            return new(DiscoveryStatus.None, domain, null, $"{domain} is too long for a policy");
        var answer = await dns.ResolveTxtAsync(name, ct);
        if (answer.Status == DnsStatus.TemporaryFailure)
            return new(DiscoveryStatus.NoAnswer, domain, null, $"TXT {name}: {answer.Detail ?? "no answer"}");
        string? text = null;
        foreach (var candidate in answer.Records)
        {
            // RFC 7489 §6.6.3: what is no DMARC record is discarded.
            if (!DmarcRecord.IsDmarc(candidate))
                continue;
            if (text is not null)
                return new(DiscoveryStatus.Several, domain, null, $"{domain} publishes more than one DMARC record");
            text = candidate;
        }

        if (text is null)
            return new(DiscoveryStatus.None, domain, null, $"{domain} publishes no DMARC record");
        var record = DmarcRecord.Parse(text, out var error);
        return record is null
            ? new(DiscoveryStatus.Unusable, domain, null, $"{domain}: {error}")
            : new(DiscoveryStatus.Found, domain, record, "");
    }

    /// <summary>
    /// Whether a domain is known not to exist: neither address nor exchanger (RFC 9989 §4.7, <c>np</c>). Without an answer it is not known.
    /// </summary>
    public async ValueTask<bool> IsNonexistentAsync(DomainName domain, CancellationToken ct)
    {
        var a = await dns.ResolveAAsync(domain, ct);
        if (a.Status == DnsStatus.NoSuchName)
            // RFC 8020: then nothing is there, of any type.
            return true;
        if (a.Status != DnsStatus.NoData)
            return false;
        return (await dns.ResolveAaaaAsync(domain, ct)).Status is DnsStatus.NoData or DnsStatus.NoSuchName
            && (await dns.ResolveMxAsync(domain, ct)).Status is DnsStatus.NoData or DnsStatus.NoSuchName;
    }
}
