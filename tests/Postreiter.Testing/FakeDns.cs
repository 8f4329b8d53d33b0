using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Testing;

/// <summary>
/// A DNS that is a table. A name with no record of any type is NXDOMAIN, one without records of the asked type NODATA,
/// one named by <see cref="Fail"/> SERVFAIL. CNAMEs are followed, at most 8 (L20).
/// </summary>
public sealed class FakeDns : IDnsResolver
{
    private readonly ConcurrentDictionary<(string Name, string Type), List<object>> _records = new();
    private readonly ConcurrentDictionary<string, bool> _names = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _failing = new(StringComparer.Ordinal);

    /// <summary>Every question asked, as <c>TYPE name</c>, in order.</summary>
    public ConcurrentQueue<string> Questions { get; } = new();

    /// <summary>An address record, A or AAAA by its family.</summary>
    public FakeDns Address(string name, params string[] addresses)
    {
        foreach (var address in addresses.Select(IPAddress.Parse))
            Add(name, address.AddressFamily == AddressFamily.InterNetwork ? "A" : "AAAA", address);
        return this;
    }

    /// <summary>An MX record; the exchange "." is the null MX.</summary>
    public FakeDns Mx(string name, int preference, string exchange)
    {
        DomainName? host = exchange == "." ? null : DomainName.Parse(exchange);
        return Add(name, "MX", new MxRecord(preference, host));
    }

    /// <summary>A TXT record, its strings joined.</summary>
    public FakeDns Txt(string name, string text) => Add(name, "TXT", text);

    /// <summary>A PTR record.</summary>
    public FakeDns Ptr(string address, string name) =>
        Add(IPAddress.Parse(address).ToString(), "PTR", DomainName.Parse(name));

    /// <summary>An SRV record.</summary>
    public FakeDns Srv(string name, int port, string target) =>
        Add(name, "SRV", new SrvRecord(0, 0, port, target == "." ? null : DomainName.Parse(target)));

    /// <summary>A TLSA record 3 1 1.</summary>
    public FakeDns Tlsa(string name, string sha256) => Add(name, "TLSA", new TlsaRecord(3, 1, 1, sha256));

    /// <summary>An NS record.</summary>
    public FakeDns Ns(string name, string server) => Add(name, "NS", DomainName.Parse(server));

    /// <summary>A CNAME record.</summary>
    public FakeDns Cname(string name, string target) => Add(name, "CNAME", target);

    /// <summary>The name exists, without records of its own.</summary>
    public FakeDns Empty(string name)
    {
        _names[Key(name)] = true;
        return this;
    }

    /// <summary>Every question for the name (or, for PTR, the address) is SERVFAIL.</summary>
    public FakeDns Fail(string name)
    {
        _failing[Key(name)] = true;
        return this;
    }

    /// <summary>Takes every record of a name and its SERVFAIL away.</summary>
    public FakeDns Remove(string name)
    {
        var key = Key(name);
        _names.TryRemove(key, out _);
        _failing.TryRemove(key, out _);
        foreach (var entry in _records.Keys.Where(k => k.Name == key).ToList())
            _records.TryRemove(entry, out _);
        return this;
    }

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
        Find<IPAddress>(name.Ascii, "A", ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
        Find<IPAddress>(name.Ascii, "AAAA", ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
        Find<MxRecord>(name.Ascii, "MX", ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
        Find<string>(name.Ascii, "TXT", ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct) =>
        Find<DomainName>(address.ToString(), "PTR", ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<SrvRecord>> ResolveSrvAsync(DomainName name, CancellationToken ct) =>
        Find<SrvRecord>(name.Ascii, "SRV", ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<TlsaRecord>> ResolveTlsaAsync(DomainName name, CancellationToken ct) =>
        Find<TlsaRecord>(name.Ascii, "TLSA", ct);

    /// <inheritdoc/>
    public ValueTask<DnsAnswer<DomainName>> ResolveNsAsync(DomainName name, CancellationToken ct) =>
        Find<DomainName>(name.Ascii, "NS", ct);

    private static string Key(string name) => name.TrimEnd('.').ToLowerInvariant();

    private FakeDns Add(string name, string type, object record)
    {
        var key = Key(name);
        _names[key] = true;
        var records = _records.GetOrAdd((key, type), _ => []);
        lock (records)
            records.Add(record);
        return this;
    }

    private ValueTask<DnsAnswer<T>> Find<T>(string name, string type, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        Questions.Enqueue($"{type} {name}");
        var key = Key(name);
        for (var hops = 0; hops <= 8; hops++)
        {
            if (_failing.ContainsKey(key))
                return new(DnsAnswer.TemporaryFailure<T>($"SERVFAIL for {key}") with { Code = 2 });
            if (_records.TryGetValue((key, type), out var records))
            {
                lock (records)
                    return new(new DnsAnswer<T>(DnsStatus.Success, [.. records.Cast<T>()]));
            }

            if (!_records.TryGetValue((key, "CNAME"), out var alias))
                return new(new DnsAnswer<T>(_names.ContainsKey(key) ? DnsStatus.NoData : DnsStatus.NoSuchName, []));
            lock (alias)
                key = Key((string)alias[0]);
        }

        return new(DnsAnswer.TemporaryFailure<T>($"CNAME chain of {name} is too long"));
    }
}
