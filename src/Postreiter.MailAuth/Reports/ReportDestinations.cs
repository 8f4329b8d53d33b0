using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.MailAuth.Dmarc;

namespace Postreiter.MailAuth.Reports;

/// <summary>A mailbox that gets a report.</summary>
/// <param name="Address">The mailbox.</param>
/// <param name="MaxBytes">Largest report that is wanted there; null for any.</param>
public sealed record ReportDestination(EmailAddress Address, long? MaxBytes);

/// <summary>Where the reports about a domain may be sent.</summary>
/// <param name="Destinations">They agreed, or belong to the same organisation.</param>
/// <param name="Refused">The others, each with its reason.</param>
/// <param name="IsComplete">False when DNS gave no answer for one: ask again later.</param>
public sealed record ReportDestinationList(
    IReadOnlyList<ReportDestination> Destinations,
    IReadOnlyList<string> Refused,
    bool IsComplete
);

/// <summary>Asks destinations outside of a domain whether they want its reports, so that nobody is flooded with them (RFC 7489 §7.1).</summary>
public sealed class ReportDestinations(IDnsResolver dns, PublicSuffixList suffixes)
{
    private const int MaxDestinations = 10;

    /// <summary>Finds the destinations of aggregate reports.</summary>
    /// <param name="domain">Where the record was found.</param>
    /// <param name="record">The record.</param>
    /// <param name="ct">Stops the questions.</param>
    public async ValueTask<ReportDestinationList> FindAsync(DomainName domain, DmarcRecord record, CancellationToken ct)
    {
        var (wanted, refused, isComplete) = (new List<ReportDestination>(), new List<string>(), true);
        foreach (var uri in record.AggregateDestinations.Take(MaxDestinations))
        {
            if (uri.Address is not { } address)
            {
                refused.Add($"{Printable.Cut(uri.Uri, 100)}: only mail is sent");
                continue;
            }

            if (Organization(address.Domain) == Organization(domain))
            {
                wanted.Add(new ReportDestination(address, uri.MaxBytes));
                continue;
            }

            var answer = DomainName.TryParseQuery($"{domain.Ascii}._report._dmarc.{address.Domain.Ascii}", out var name)
                ? await dns.ResolveTxtAsync(name, ct)
                : new DnsAnswer<string>(DnsStatus.NoSuchName, []);
            isComplete &= answer.Status != DnsStatus.TemporaryFailure;
            var consents = answer.Records.Where(DmarcRecord.IsDmarc).ToList();
            if (consents.Count == 0)
            {
                refused.Add($"{address.Domain} does not say that it wants reports about {domain}");
                continue;
            }

            wanted.AddRange(Replacements(consents, address) ?? [new ReportDestination(address, uri.MaxBytes)]);
        }

        return new ReportDestinationList([.. wanted.DistinctBy(static d => d.Address)], refused, isComplete);
    }

    // RFC 7489 §7.1, step 7: the destination may name another mailbox, at the same host, lest it point at others.
    private static List<ReportDestination>? Replacements(List<string> consents, EmailAddress asked)
    {
        var others = new List<ReportDestination>();
        foreach (var consent in consents)
        {
            foreach (var uri in DmarcRecord.Parse(consent, out _)?.AggregateDestinations ?? [])
            {
                if (uri.Address is { } address && address.Domain == asked.Domain)
                    others.Add(new ReportDestination(address, uri.MaxBytes));
            }
        }

        return others.Count > 0 ? others : null;
    }

    private DomainName Organization(DomainName domain) => suffixes.OrganizationalDomain(domain) ?? domain;
}
