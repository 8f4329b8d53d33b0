using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Interop.Tests.Dns;

/// <summary>Our DNS client against NSD.</summary>
public sealed class NsdTests
{
    [Fact]
    public async Task Every_kind_of_answer_of_a_real_server_is_understood()
    {
        Assert.SkipWhen(NsdServer.Missing is not null, NsdServer.Missing ?? "");
        var ct = TestContext.Current.CancellationToken;
        await using var nsd = new NsdServer();
        var big = Enumerable.Range(0, 100).Select(i => $"big TXT \"{i} {new string('x', 200)}\" \"\\195\\164\"");
        var chain = Enumerable.Range(0, 10).Select(i => $"c{i} CNAME c{i + 1}");
        await nsd.StartAsync(
            $"""
            host A 192.0.2.1
            host A 192.0.2.2
            host AAAA 2001:db8::1
            mail MX 10 host
            mail MX 20 .
            c10 A 192.0.2.3
            _imaps._tcp SRV 0 1 993 host
            _pop3._tcp SRV 0 0 0 .
            _25._tcp.host TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
            {string.Join('\n', chain)}
            {string.Join('\n', big)}
            """
        );
        var resolver = nsd.Resolver();
        static DomainName Name(string name) => DomainName.Parse(name + ".zone.example");

        Assert.Equal(2, (await resolver.ResolveAAsync(Name("host"), ct)).Records.Count);
        Assert.Equal(
            "2001:db8::1",
            Assert.Single((await resolver.ResolveAaaaAsync(Name("HOST"), ct)).Records).ToString()
        );
        Assert.Equal(
            [new MxRecord(10, Name("host")), new MxRecord(20, null)],
            (await resolver.ResolveMxAsync(Name("mail"), ct)).Records.OrderBy(r => r.Preference)
        );
        Assert.Equal(
            [new SrvRecord(0, 1, 993, Name("host"))],
            (await resolver.ResolveSrvAsync(Name("_imaps._tcp"), ct)).Records
        );
        Assert.Null(Assert.Single((await resolver.ResolveSrvAsync(Name("_pop3._tcp"), ct)).Records).Target);
        Assert.Equal(
            [new TlsaRecord(3, 1, 1, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")],
            (await resolver.ResolveTlsaAsync(Name("_25._tcp.host"), ct)).Records
        );
        Assert.Equal([Name("ns")], (await resolver.ResolveNsAsync(DomainName.Parse("zone.example"), ct)).Records);
        // The zone that a negative answer speaks for.
        var noServers = await resolver.ResolveNsAsync(Name("host"), ct);
        Assert.Equal(
            (DnsStatus.NoData, 0, "ns.zone.example"),
            (noServers.Status, noServers.Code, noServers.PrimaryServer)
        );
        async Task<string> Text(string name, string type) =>
            string.Join('|', (await resolver.ResolveTextAsync(Name(name), type, ct)).Records.Order());
        Assert.Equal("192.0.2.1|192.0.2.2", await Text("host", "A"));
        Assert.Equal("10 host.zone.example.|20 .", await Text("mail", "MX"));
        Assert.Equal("0 1 993 host.zone.example.", await Text("_imaps._tcp", "SRV"));
        Assert.Equal("c4.zone.example.", await Text("c3", "CNAME"));
        Assert.Equal(
            "ns.zone.example. admin.zone.example. 1 2 3 4 60",
            string.Join('|', (await resolver.ResolveTextAsync(DomainName.Parse("zone.example"), "SOA", ct)).Records)
        );
        Assert.Equal(DnsStatus.NoData, (await resolver.ResolveMxAsync(Name("host"), ct)).Status);
        Assert.Equal(DnsStatus.NoSuchName, (await resolver.ResolveMxAsync(Name("absent"), ct)).Status);
        // REFUSED: not its zone.
        var refused = await resolver.ResolveAAsync(DomainName.Parse("other.example"), ct);
        Assert.Equal((DnsStatus.TemporaryFailure, 5), (refused.Status, refused.Code));
        // L20: eight links are followed, ten are not; over 20 KB comes by TCP, byte for byte.
        Assert.Single((await resolver.ResolveAAsync(Name("c2"), ct)).Records);
        Assert.Equal(DnsStatus.TemporaryFailure, (await resolver.ResolveAAsync(Name("c0"), ct)).Status);
        var texts = (await resolver.ResolveTxtAsync(Name("big"), ct)).Records;
        Assert.Equal(100, texts.Distinct().Count());
        Assert.All(texts, t => Assert.EndsWith("x\u00c3\u00a4", t, StringComparison.Ordinal));
    }
}
