using System.Net;
using Postreiter.Core;

namespace Postreiter.Dns;

/// <summary>Asks the DNS. Implementations cache by TTL (30 s to 1 day, limits-and-promises L20) and never throw for what a server answers.</summary>
public interface IDnsResolver
{
    /// <summary>IPv4 addresses.</summary>
    ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct);

    /// <summary>IPv6 addresses.</summary>
    ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct);

    /// <summary>Mail exchangers, in the order of the answer.</summary>
    ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct);

    /// <summary>Text records; the strings of one record joined without a space (RFC 7208 §3.3), bytes as Latin-1 characters.</summary>
    ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct);

    /// <summary>Names of an address (in-addr.arpa, ip6.arpa).</summary>
    ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct);

    /// <summary>Hosts of a service (RFC 2782), in the order of the answer. A resolver without them knows nothing.</summary>
    ValueTask<DnsAnswer<SrvRecord>> ResolveSrvAsync(DomainName name, CancellationToken ct) =>
        new(DnsAnswer.TemporaryFailure<SrvRecord>("this resolver asks for no SRV records"));

    /// <summary>Certificates of a service (RFC 6698). A resolver without them knows nothing.</summary>
    ValueTask<DnsAnswer<TlsaRecord>> ResolveTlsaAsync(DomainName name, CancellationToken ct) =>
        new(DnsAnswer.TemporaryFailure<TlsaRecord>("this resolver asks for no TLSA records"));

    /// <summary>Name servers of a zone, in the order of the answer. A resolver without them knows nothing.</summary>
    ValueTask<DnsAnswer<DomainName>> ResolveNsAsync(DomainName name, CancellationToken ct) =>
        new(DnsAnswer.TemporaryFailure<DomainName>("this resolver asks for no NS records"));

    /// <summary>
    /// Records of a type as text: an address, the text of a TXT record as <see cref="ResolveTxtAsync"/> gives it, all others as a zone
    /// file has them (<c>10 mx.example.</c>).
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="type">A, AAAA, MX, TXT, NS, SRV or TLSA; other types as far as the resolver knows them.</param>
    /// <param name="ct">Stops the wait.</param>
    ValueTask<DnsAnswer<string>> ResolveTextAsync(DomainName name, string type, CancellationToken ct) =>
        DnsText.ResolveAsync(this, name, type, ct);
}

/// <summary>One SRV record (RFC 2782).</summary>
/// <param name="Priority">Lower is tried first.</param>
/// <param name="Weight">Share among those of one priority.</param>
/// <param name="Port">Port.</param>
/// <param name="Target">The host; null is "." alone: the service is not offered.</param>
public sealed record SrvRecord(int Priority, int Weight, int Port, DomainName? Target);

/// <summary>One TLSA record (RFC 6698 §2.1).</summary>
/// <param name="Usage">3 is DANE-EE, 2 DANE-TA.</param>
/// <param name="Selector">0 the whole certificate, 1 its public key.</param>
/// <param name="MatchingType">0 the bytes themselves, 1 SHA-256, 2 SHA-512.</param>
/// <param name="Data">What is matched, in lower-case hexadecimal.</param>
public sealed record TlsaRecord(int Usage, int Selector, int MatchingType, string Data);

/// <summary>One MX record.</summary>
/// <param name="Preference">Lower is tried first.</param>
/// <param name="Exchange">The host; null is "." alone, the null MX of RFC 7505 §3.</param>
public sealed record MxRecord(int Preference, DomainName? Exchange);

/// <summary>How a question was answered.</summary>
public enum DnsStatus
{
    /// <summary>There are records.</summary>
    Success,

    /// <summary>The name exists without records of this type.</summary>
    NoData,

    /// <summary>The name does not exist (RFC 8020).</summary>
    NoSuchName,

    /// <summary>No answer, SERVFAIL, or an answer past its limits: nothing is known, try later.</summary>
    TemporaryFailure,
}

/// <summary>An answer.</summary>
/// <typeparam name="T">The kind of record.</typeparam>
/// <param name="Status">How it was answered.</param>
/// <param name="Records">
/// Records; empty unless <see cref="DnsStatus.Success"/>, and then too where none of them can be used: an exchange that is no host
/// name.
/// </param>
/// <param name="IsAuthenticated">The resolver vouches for it (the AD bit, from a resolver on this machine).</param>
/// <param name="Detail">For people: what went wrong; null when nothing did.</param>
public sealed record DnsAnswer<T>(
    DnsStatus Status,
    IReadOnlyList<T> Records,
    bool IsAuthenticated = false,
    string? Detail = null
)
{
    /// <summary>The server's response code (RFC 1035 §4.1.1); null when no server answered, or it is not known.</summary>
    public int? Code { get; init; } =
        Status switch
        {
            DnsStatus.Success or DnsStatus.NoData => 0,
            DnsStatus.NoSuchName => 3,
            _ => null,
        };

    /// <summary>Of an answer without records: the first name server of the zone it speaks for, by its SOA record; else null.</summary>
    public string? PrimaryServer { get; init; }

    /// <summary>The same answer with its records in another form.</summary>
    /// <param name="records">The records.</param>
    public DnsAnswer<TOther> With<TOther>(IReadOnlyList<TOther> records) =>
        new(Status, records, IsAuthenticated, Detail) { Code = Code, PrimaryServer = PrimaryServer };
}

/// <summary>Makes answers.</summary>
public static class DnsAnswer
{
    /// <summary>Nothing is known; try later.</summary>
    public static DnsAnswer<T> TemporaryFailure<T>(string detail) =>
        new(DnsStatus.TemporaryFailure, [], Detail: detail);
}
