using System.Net;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Delivery.Gate.Checks;

/// <summary>Whether a sender's domain takes mail at all: a message that nobody can answer or return is not wanted.</summary>
/// <param name="dns">Answers.</param>
/// <param name="time">Measures.</param>
internal sealed class SenderDomainCheck(IDnsResolver dns, TimeProvider time)
{
    /// <summary>The check's name.</summary>
    public const string Name = "sender-domain";

    /// <summary>The result of a domain that says it takes no mail.</summary>
    public const string NullMx = "null-mx";

    /// <summary>The result of a domain that is not there, or has neither MX nor address.</summary>
    public const string NoDomain = "none";

    /// <summary>Looks a domain up.</summary>
    /// <param name="domain">The sender's.</param>
    /// <param name="budget">For all questions.</param>
    public async Task<CheckRecord> CheckAsync(DomainName domain, TimeSpan budget)
    {
        var began = time.GetTimestamp();
        using var timer = new CancellationTokenSource(budget, time);
        (string Result, string Reason) found;
        try
        {
            found = await FindAsync(domain, timer.Token).WaitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            found = ("temperror", $"no answer for {domain.Ascii} in time");
        }

        return new CheckRecord(Name, found.Result, 0, time.GetElapsedTime(began).TotalMilliseconds, found.Reason)
        {
            IsAgainst = found.Result is NullMx or NoDomain,
        };
    }

    private async Task<(string Result, string Reason)> FindAsync(DomainName domain, CancellationToken ct)
    {
        var name = domain.Ascii;
        if (domain.IsAddressLiteral)
            return ("literal", $"{name} is an address");
        var mx = await dns.ResolveMxAsync(domain, ct);
        switch (mx.Status)
        {
            // RFC 7505 §4.2: from a domain that takes no mail comes none either.
            case DnsStatus.Success when mx.Records is [{ Exchange: null }]:
                return (NullMx, $"{name} says that it has no mail (null MX)");
            case DnsStatus.Success:
                return ("pass", $"{name} has an MX");
            case DnsStatus.NoSuchName:
                return (NoDomain, $"{name} is not in the DNS");
            case DnsStatus.TemporaryFailure:
                return ("temperror", mx.Detail ?? $"no answer for {name}");
        }

        // RFC 5321 §5.1: without an MX the domain's own address takes its mail.
        var a = await dns.ResolveAAsync(domain, ct);
        if (a.Records.Count > 0)
            return ("pass", $"{name} has an address");
        DnsAnswer<IPAddress> aaaa = await dns.ResolveAaaaAsync(domain, ct);
        if (aaaa.Records.Count > 0)
            return ("pass", $"{name} has an address");
        return a.Status == DnsStatus.TemporaryFailure || aaaa.Status == DnsStatus.TemporaryFailure
            ? ("temperror", $"no answer for the addresses of {name}")
            : (NoDomain, $"{name} has neither MX nor address");
    }
}
