using System.Collections.Concurrent;
using System.Net;
using System.Text;
using DnsClient;
using DnsClient.Protocol;
using Postreiter.Core;

namespace Postreiter.Dns;

/// <summary>
/// Asks recursive DNS servers over UDP, and over TCP when an answer is cut. Answers, negative ones too (RFC 2308 §5), are
/// cached for their TTL between 30 s and 1 day (L20); failures are not.
/// </summary>
public sealed class DnsResolver : IDnsResolver
{
    private const int MaxChain = 8;
    private const int MaxEntries = 20_000;
    private static readonly TimeSpan MinTtl = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxTtl = TimeSpan.FromDays(1);

    private readonly TimeProvider _time;
    private readonly LookupClient _client;
    private readonly ConcurrentDictionary<(string Name, QueryType Type), (object Answer, DateTimeOffset Until)> _cache =
        new();

    /// <summary>A resolver.</summary>
    /// <param name="servers">Servers to ask in turn; empty for those of the system.</param>
    /// <param name="time">Ages the cache.</param>
    /// <param name="timeout">Longest wait for one server's answer; 5 s when not given.</param>
    public DnsResolver(IReadOnlyList<IPEndPoint> servers, TimeProvider time, TimeSpan? timeout = null)
    {
        _time = time;
        var options = servers.Count > 0 ? new LookupClientOptions([.. servers]) : new LookupClientOptions();
        options.UseCache = false;
        options.ThrowDnsErrors = false;
        options.Retries = 1;
        options.Timeout = timeout ?? TimeSpan.FromSeconds(5);
        _client = new LookupClient(options);
    }

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
        FindAsync(name.Ascii, QueryType.A, static r => (r as ARecord)?.Address, ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
        FindAsync(name.Ascii, QueryType.AAAA, static r => (r as AaaaRecord)?.Address, ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
        FindAsync(name.Ascii, QueryType.MX, static r => r is DnsClient.Protocol.MxRecord mx ? ToMx(mx) : null, ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
        FindAsync(
            name.Ascii,
            QueryType.TXT,
            static r => r is TxtRecord txt ? string.Concat(txt.EscapedText.Select(Unescape)) : null,
            ct
        );

    /// <inheritdoc/>
    public async ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct)
    {
        var answer = await FindAsync(
            address.GetArpaName().TrimEnd('.'),
            QueryType.PTR,
            static r => (r as PtrRecord)?.PtrDomainName.Value,
            ct
        );
        var names = new List<DomainName>();
        foreach (var text in answer.Records)
        {
            if (DomainName.TryParse(text, out var name))
                names.Add(name);
        }

        var status = answer.Status == DnsStatus.Success && names.Count == 0 ? DnsStatus.NoData : answer.Status;
        return new DnsAnswer<DomainName>(status, names, answer.IsAuthenticated, answer.Detail);
    }

    private static MxRecord? ToMx(DnsClient.Protocol.MxRecord record)
    {
        // RFC 7505 §3: "." alone is the null MX. An exchange that is no name at all is passed over.
        if (record.Exchange.Value is "." or "")
            return new MxRecord(record.Preference, null);
        return DomainName.TryParse(record.Exchange.Value, out var host) ? new MxRecord(record.Preference, host) : null;
    }

    /// <summary>Undoes <c>\DDD</c> and <c>\X</c> (RFC 1035 §5.1), so that each byte is one character.</summary>
    private static string Unescape(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 >= text.Length)
            {
                result.Append(text[i]);
            }
            else if (i + 3 < text.Length && text.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '9') < 0)
            {
                result.Append((char)(byte)int.Parse(text.AsSpan(i + 1, 3)));
                i += 3;
            }
            else
            {
                result.Append(text[++i]);
            }
        }

        return result.ToString();
    }

    private async ValueTask<DnsAnswer<T>> FindAsync<T>(
        string name,
        QueryType type,
        Func<DnsResourceRecord, T?> read,
        CancellationToken ct
    )
        where T : class
    {
        // 253 characters are 255 octets on the wire (RFC 1035 §3.1); an address literal is no name.
        if (name.Length is 0 or > 253 || name[0] == '[')
            return new DnsAnswer<T>(DnsStatus.NoSuchName, []);
        var now = _time.GetUtcNow();
        if (_cache.TryGetValue((name, type), out var kept) && kept.Until > now)
            return (DnsAnswer<T>)kept.Answer;

        IDnsQueryResponse response;
        try
        {
            response = await _client.QueryAsync(name, type, QueryClass.IN, ct);
        }
        catch (Exception e) when (e is DnsResponseException or System.Net.Sockets.SocketException)
        {
            ct.ThrowIfCancellationRequested();
            return DnsAnswer.TemporaryFailure<T>($"no answer for {type} {name}: {e.Message}");
        }

        var (answer, ttl) = Read(name, response, read);
        if (answer.Status != DnsStatus.TemporaryFailure)
            Keep((name, type), answer, now + ttl, now);
        return answer;
    }

    private static (DnsAnswer<T> Answer, TimeSpan Ttl) Read<T>(
        string name,
        IDnsQueryResponse response,
        Func<DnsResourceRecord, T?> read
    )
        where T : class
    {
        var code = response.Header.ResponseCode;
        if (code is not (DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain))
            return (DnsAnswer.TemporaryFailure<T>($"{code} for {name}"), default);
        var ttl = (long)MaxTtl.TotalSeconds;
        var owner = name;
        for (var hops = 0; ; hops++)
        {
            var alias = response.Answers.OfType<CNameRecord>().FirstOrDefault(c => IsAt(c, owner));
            if (alias is null)
                break;
            if (hops == MaxChain)
                return (DnsAnswer.TemporaryFailure<T>($"the CNAME chain of {name} is longer than {MaxChain}"), default);
            owner = alias.CanonicalName.Value.TrimEnd('.');
            ttl = Math.Min(ttl, alias.InitialTimeToLive);
        }

        var records = new List<T>();
        foreach (var record in response.Answers)
        {
            if (!IsAt(record, owner) || read(record) is not { } value)
                continue;
            records.Add(value);
            ttl = Math.Min(ttl, record.InitialTimeToLive);
        }

        // The AD bit means something only from a resolver on this machine (RFC 4035 §4.9.3).
        var vouched =
            response.Header.IsAuthenticData
            && IPAddress.TryParse(response.NameServer.Address, out var server)
            && IPAddress.IsLoopback(server);
        if (records.Count > 0)
            return (new DnsAnswer<T>(DnsStatus.Success, records, vouched), Clamp(ttl));
        var status = code == DnsHeaderResponseCode.NotExistentDomain ? DnsStatus.NoSuchName : DnsStatus.NoData;
        // RFC 2308 §5: the smaller of the SOA's own TTL and its minimum.
        var soa = response.Authorities.OfType<SoaRecord>().FirstOrDefault();
        return (
            new DnsAnswer<T>(status, [], vouched),
            Clamp(soa is null ? 0 : Math.Min(ttl, Math.Min(soa.InitialTimeToLive, soa.Minimum)))
        );
    }

    private static bool IsAt(DnsResourceRecord record, string owner) =>
        record.DomainName.Value.AsSpan().TrimEnd('.').Equals(owner, StringComparison.OrdinalIgnoreCase);

    private static TimeSpan Clamp(long seconds) =>
        TimeSpan.FromSeconds(Math.Clamp(seconds, (long)MinTtl.TotalSeconds, (long)MaxTtl.TotalSeconds));

    private void Keep((string, QueryType) key, object answer, DateTimeOffset until, DateTimeOffset now)
    {
        if (_cache.Count >= MaxEntries)
        {
            foreach (var (old, entry) in _cache)
            {
                if (entry.Until <= now)
                    _cache.TryRemove(old, out _);
            }

            if (_cache.Count >= MaxEntries)
                _cache.Clear();
        }

        _cache[key] = (answer, until);
    }
}
