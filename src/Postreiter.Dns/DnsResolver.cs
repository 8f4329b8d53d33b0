using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Postreiter.Core;
using Postreiter.Dns.Wire;

namespace Postreiter.Dns;

/// <summary>
/// Asks recursive DNS servers. Answers, negative ones too (RFC 2308 §5), are cached for their TTL between 30 s and 1 day (L20);
/// failures are not. The same question asked at the same time is asked once.
/// </summary>
public sealed class DnsResolver : IDnsResolver
{
    private const int MaxChain = 8;
    private const long MaxCacheBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan MinTtl = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxTtl = TimeSpan.FromDays(1);

    private readonly DnsExchange _exchange;
    private readonly DnsCache _cache;
    private readonly ConcurrentDictionary<(string Name, DnsType Type), Lazy<Task<object>>> _asking = new();

    /// <summary>A resolver.</summary>
    /// <param name="servers">Servers to ask in turn; empty for those of the system, read once.</param>
    /// <param name="time">Ages the cache and measures waits.</param>
    /// <param name="timeout">Longest wait for one server's answer, 5 s when not given; the first time 2 s at most, for a datagram may be lost.</param>
    public DnsResolver(IReadOnlyList<IPEndPoint> servers, TimeProvider time, TimeSpan? timeout = null)
        : this(servers, time, timeout, MaxCacheBytes) { }

    internal DnsResolver(IReadOnlyList<IPEndPoint> servers, TimeProvider time, TimeSpan? timeout, long maxCacheBytes)
    {
        _exchange = new DnsExchange(
            servers.Count > 0 ? servers : ResolvConf.Read(),
            time,
            timeout ?? TimeSpan.FromSeconds(5)
        );
        _cache = new DnsCache(maxCacheBytes, time);
    }

    /// <summary>Answers kept, for tests.</summary>
    internal int Cached => _cache.Count;

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
        FindAsync(name.Ascii, DnsType.A, static v => v as IPAddress, ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
        FindAsync(name.Ascii, DnsType.Aaaa, static v => v as IPAddress, ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
        FindAsync(name.Ascii, DnsType.Mx, static v => v is MxData mx ? ToMx(mx) : null, ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
        FindAsync(name.Ascii, DnsType.Txt, static v => v as string, ct);

    /// <inheritdoc/>
    public async ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct) =>
        Names(await FindAsync(ReverseName(address), DnsType.Ptr, static v => v as string, ct));

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<SrvRecord>> ResolveSrvAsync(DomainName name, CancellationToken ct) =>
        FindAsync(name.Ascii, DnsType.Srv, static v => v is SrvData srv ? ToSrv(srv) : null, ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<TlsaRecord>> ResolveTlsaAsync(DomainName name, CancellationToken ct) =>
        FindAsync(name.Ascii, DnsType.Tlsa, static v => v as TlsaRecord, ct);

    /// <inheritdoc/>
    public async ValueTask<DnsAnswer<DomainName>> ResolveNsAsync(DomainName name, CancellationToken ct) =>
        Names(await FindAsync(name.Ascii, DnsType.Ns, static v => v as string, ct));

    /// <inheritdoc/>
    public async ValueTask<DnsAnswer<string>> ResolveTextAsync(DomainName name, string type, CancellationToken ct)
    {
        if (type is "SOA")
            return DnsText.Map(
                await FindAsync(name.Ascii, DnsType.Soa, static v => v as SoaData, ct),
                static soa => soa.Text
            );
        return type is "CNAME" or "PTR"
            ? DnsText.Map(
                await FindAsync(name.Ascii, type == "PTR" ? DnsType.Ptr : DnsType.Cname, static v => v as string, ct),
                static target => target + "."
            )
            : await DnsText.ResolveAsync(this, name, type, ct);
    }

    private static DnsAnswer<DomainName> Names(DnsAnswer<string> answer)
    {
        var names = new List<DomainName>();
        foreach (var text in answer.Records)
        {
            if (DomainName.TryParse(text, out var name))
                names.Add(name);
        }

        return answer.With(names);
    }

    /// <summary>The name under which an address has its names (RFC 1035 §3.5, RFC 3596 §2.5).</summary>
    internal static string ReverseName(IPAddress address) =>
        address.ReverseLabels()
        + (address.Plain().AddressFamily == AddressFamily.InterNetwork ? ".in-addr.arpa" : ".ip6.arpa");

    private static SrvRecord? ToSrv(SrvData record)
    {
        // RFC 2782: "." alone says that there is no such service.
        if (record.Target == ".")
            return new SrvRecord(record.Priority, record.Weight, record.Port, null);
        return DomainName.TryParse(record.Target, out var target)
            ? new SrvRecord(record.Priority, record.Weight, record.Port, target)
            : null;
    }

    private static MxRecord? ToMx(MxData record)
    {
        // RFC 7505 §3: "." alone is the null MX. An exchange that is no name at all is passed over.
        if (record.Exchange == ".")
            return new MxRecord(record.Preference, null);
        return DomainName.TryParse(record.Exchange, out var host) ? new MxRecord(record.Preference, host) : null;
    }

    private async ValueTask<DnsAnswer<T>> FindAsync<T>(
        string name,
        DnsType type,
        Func<object?, T?> read,
        CancellationToken ct
    )
        where T : class
    {
        // 253 characters are 255 octets on the wire (RFC 1035 §3.1); an address literal is no name.
        if (name.Length is 0 or > 253 || name[0] == '[')
            return new DnsAnswer<T>(DnsStatus.NoSuchName, []);
        ct.ThrowIfCancellationRequested();
        var key = (name, type);
        if (_cache.Find(key) is { } kept)
            return (DnsAnswer<T>)kept;
        // The question outlives a caller that gives up: others may wait for it. Its own time ends it.
        var asked = _asking.GetOrAdd(key, k => new Lazy<Task<object>>(() => Task.Run(() => AskAsync(k, read))));
        return (DnsAnswer<T>)await asked.Value.WaitAsync(ct);
    }

    private async Task<object> AskAsync<T>((string Name, DnsType Type) key, Func<object?, T?> read)
        where T : class
    {
        try
        {
            var (message, server, bytes, failure, code) = await _exchange.AskAsync(key.Name, key.Type);
            if (message is null)
                return DnsAnswer.TemporaryFailure<T>($"no answer for {key.Type} {key.Name}: {failure}") with
                {
                    Code = (int?)code,
                };
            var (answer, ttl) = Read(key.Name, key.Type, message, IPAddress.IsLoopback(server!), read);
            if (answer.Status != DnsStatus.TemporaryFailure)
                _cache.Keep(key, answer, bytes, ttl);
            return answer;
        }
        finally
        {
            _asking.TryRemove(key, out _);
        }
    }

    private static (DnsAnswer<T> Answer, TimeSpan Ttl) Read<T>(
        string name,
        DnsType type,
        DnsMessage message,
        bool isFromHere,
        Func<object?, T?> read
    )
        where T : class
    {
        var ttl = (long)MaxTtl.TotalSeconds;
        var owner = DnsMessage.Written(name);
        for (var hops = 0; ; hops++)
        {
            var alias = message.Answers.FirstOrDefault(r => r.Type == DnsType.Cname && IsAt(r, owner));
            if (alias.Value is not string target || type == DnsType.Cname)
                break;
            if (hops == MaxChain)
                return (DnsAnswer.TemporaryFailure<T>($"the CNAME chain of {name} is longer than {MaxChain}"), default);
            owner = target;
            ttl = Math.Min(ttl, alias.Ttl);
        }

        var found = message.Answers.Where(r => r.Type == type && IsAt(r, owner)).ToList();
        var records = new List<T>();
        foreach (var record in found)
        {
            ttl = Math.Min(ttl, record.Ttl);
            if (read(record.Value) is { } value)
                records.Add(value);
        }

        // The AD bit means something only from a resolver on this machine (RFC 4035 §4.9.3).
        var vouched = message.IsAuthentic && isFromHere;
        if (found.Count > 0)
            return (new DnsAnswer<T>(DnsStatus.Success, records, vouched), Clamp(ttl));
        // RFC 2308 §2.1: with a chain, NXDOMAIN speaks of its last name.
        var status = message.Code == DnsResponseCode.NxDomain ? DnsStatus.NoSuchName : DnsStatus.NoData;
        // RFC 2308 §5: the smaller of the SOA's own TTL and its minimum.
        var soa = message.Authorities.FirstOrDefault(r => r.Value is SoaData);
        var data = soa.Value as SoaData;
        var negative = data is not null ? Math.Min(ttl, Math.Min(soa.Ttl, data.Minimum)) : 0;
        return (new DnsAnswer<T>(status, [], vouched) { PrimaryServer = data?.Server }, Clamp(negative));
    }

    private static bool IsAt(DnsRecord record, string owner) =>
        record.Owner.Equals(owner, StringComparison.OrdinalIgnoreCase);

    private static TimeSpan Clamp(long seconds) =>
        TimeSpan.FromSeconds(Math.Clamp(seconds, (long)MinTtl.TotalSeconds, (long)MaxTtl.TotalSeconds));
}
