using System.Net;
using Postreiter.Core;
using Postreiter.Testing;

namespace Postreiter.Dns.Tests;

/// <summary>The resolver over real sockets on loopback, with a server that answers as the test says.</summary>
public sealed class DnsResolverTests
{
    private static readonly DomainName Far = DomainName.Parse("far.test");
    private readonly TestClock _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_type_is_read()
    {
        await using var dns = new LoopbackDns(q =>
            q.Type switch
            {
                1 => q.Reply(0, Record.A("FAR.test", "192.0.2.1"), Record.A("far.test", "192.0.2.2")),
                28 => q.Reply(0, Record.Aaaa(q.Name, "2001:db8::1")),
                15 => q.Reply(0, Record.Mx(q.Name, 20, "b.test"), Record.Mx(q.Name, 10, "A.test")),
                16 => q.Reply(0, Record.Txt(q.Name, "v=spf1 ", "\u00e9\\."), Record.Txt(q.Name, "")),
                _ => q.Reply(0, Record.Ptr(q.Name, "host.far.test"), Record.Ptr(q.Name, "no host.test")),
            }
        );
        var resolver = Resolver(dns);
        Assert.Equal(["192.0.2.1", "192.0.2.2"], (await resolver.ResolveAAsync(Far, Ct)).Records.Select(r => $"{r}"));
        Assert.Equal(["2001:db8::1"], (await resolver.ResolveAaaaAsync(Far, Ct)).Records.Select(r => $"{r}"));
        Assert.Equal(
            [new MxRecord(20, DomainName.Parse("b.test")), new MxRecord(10, DomainName.Parse("a.test"))],
            (await resolver.ResolveMxAsync(Far, Ct)).Records
        );
        Assert.Equal(["v=spf1 \u00e9\\.", ""], (await resolver.ResolveTxtAsync(Far, Ct)).Records);
        var ptr = await resolver.ResolvePtrAsync(IPAddress.Parse("192.0.2.1"), Ct);
        Assert.Equal(["host.far.test"], ptr.Records.Select(r => r.Ascii));
        await resolver.ResolvePtrAsync(IPAddress.Parse("2001:db8::1"), Ct);
        Assert.Equal(
            ["1.2.0.192.in-addr.arpa", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"],
            dns.Questions.Where(q => q.Type == 12).Select(q => q.Name)
        );
    }

    [Theory]
    [InlineData(0, "NoData")]
    [InlineData(1, "TemporaryFailure")]
    [InlineData(2, "TemporaryFailure")] // F8
    [InlineData(3, "NoSuchName")] // F9
    [InlineData(4, "TemporaryFailure")]
    [InlineData(5, "TemporaryFailure")]
    [InlineData(15, "TemporaryFailure")]
    public async Task F8_F9_an_answer_without_records_has_its_meaning(int code, string status)
    {
        await using var dns = new LoopbackDns(q => q.Reply(code));
        var resolver = Resolver(dns);
        Assert.Equal(status, (await resolver.ResolveMxAsync(Far, Ct)).Status.ToString());
        // RFC 6891 §7: FORMERR and NOTIMP are asked again without EDNS.
        Assert.Equal(code is 1 or 4 ? 2 : 1, dns.Questions.Count);
    }

    [Fact]
    public async Task A_server_without_EDNS_is_asked_without_it()
    {
        await using var dns = new LoopbackDns(q => q.HasEdns ? q.Reply(1) : q.Reply(0, Record.A(q.Name, "192.0.2.1")));
        Assert.Single((await Resolver(dns).ResolveAAsync(Far, Ct)).Records);
    }

    [Fact]
    public async Task L20_a_cut_answer_is_asked_for_by_TCP_up_to_64_KiB()
    {
        var texts = Enumerable.Range(0, 230).Select(i => Record.Txt("far.test", new string('x', 240) + i)).ToArray();
        await using var dns = new LoopbackDns(q =>
            q.IsTcp ? q.Reply(0, 0, texts, []) : q.Reply(0, 0x0200, [Record.A("half", "192.0.2.1")], [])
        );
        Assert.Equal(230, (await Resolver(dns).ResolveTxtAsync(Far, Ct)).Records.Count);
        Assert.Equal([false, true], dns.Questions.Select(q => q.IsTcp));
    }

    [Fact]
    public async Task An_answer_that_is_cut_by_TCP_too_is_none()
    {
        await using var dns = new LoopbackDns(q => q.Reply(0, 0x0200, [], []));
        Assert.Equal(DnsStatus.TemporaryFailure, (await Resolver(dns).ResolveAAsync(Far, Ct)).Status);
    }

    [Theory]
    [InlineData(8, "Success")]
    [InlineData(9, "TemporaryFailure")]
    public async Task L20_a_CNAME_chain_has_8_links(int links, string status)
    {
        await using var dns = new LoopbackDns(q =>
            q.Reply(
                0,
                [
                    Record.A($"c{links}.test", "192.0.2.1"),
                    .. Enumerable
                        .Range(0, links)
                        .Select(i => Record.Cname(i == 0 ? q.Name : $"c{i}.test", $"C{i + 1}.test")),
                    Record.A("stray.test", "192.0.2.9"),
                ]
            )
        );
        var answer = await Resolver(dns).ResolveAAsync(Far, Ct);
        Assert.Equal(status, answer.Status.ToString());
        Assert.Equal(status == "Success" ? ["192.0.2.1"] : [], answer.Records.Select(r => $"{r}"));
    }

    [Theory]
    [InlineData("far.test")]
    [InlineData("loop.test")]
    public async Task L20_a_CNAME_loop_ends(string target)
    {
        await using var dns = new LoopbackDns(q =>
            q.Reply(0, Record.Cname(q.Name, target), Record.Cname("loop.test", q.Name))
        );
        Assert.Equal(DnsStatus.TemporaryFailure, (await Resolver(dns).ResolveAAsync(Far, Ct)).Status);
    }

    [Theory]
    [InlineData(0, "NoData")]
    [InlineData(3, "NoSuchName")]
    public async Task A_CNAME_that_leads_nowhere_speaks_of_its_end(int code, string status)
    {
        await using var dns = new LoopbackDns(q => q.Reply(code, Record.Cname(q.Name, "gone.test")));
        Assert.Equal(status, (await Resolver(dns).ResolveAAsync(Far, Ct)).Status.ToString());
    }

    [Fact]
    public async Task RFC_7505_null_MX_and_exchanges_that_are_no_names()
    {
        await using var dns = new LoopbackDns(q =>
            q.Name == "null.test"
                ? q.Reply(0, Record.Mx(q.Name, 0, "."))
                : q.Reply(0, Record.Mx(q.Name, 0, "not a host.test"))
        );
        var resolver = Resolver(dns);
        Assert.Equal(
            [new MxRecord(0, null)],
            (await resolver.ResolveMxAsync(DomainName.Parse("null.test"), Ct)).Records
        );
        // RFC 5321 §5.1: an MX that cannot be used is not the same as none: the addresses of the domain are not for mail.
        var unusable = await resolver.ResolveMxAsync(Far, Ct);
        Assert.Equal((DnsStatus.Success, 0), (unusable.Status, unusable.Records.Count));
    }

    [Theory]
    [InlineData(0u, 29, 31)]
    [InlineData(300u, 299, 301)]
    [InlineData(4_000_000u, 86_399, 86_401)]
    [InlineData(0x80000001u, 29, 31)] // RFC 2181 §8
    public async Task L20_answers_are_kept_for_their_TTL_within_30_s_and_a_day(uint ttl, int kept, int gone)
    {
        await using var dns = new LoopbackDns(q => q.Reply(0, Record.A(q.Name, "192.0.2.1", ttl)));
        await AssertKeptAsync(dns, kept, gone);
    }

    [Theory]
    [InlineData(500u, 100u, 99, 101)]
    [InlineData(100u, 500u, 99, 101)]
    [InlineData(5u, 5u, 29, 31)]
    public async Task RFC_2308_negative_answers_are_kept_as_the_SOA_says(uint ttl, uint minimum, int kept, int gone)
    {
        await using var dns = new LoopbackDns(q => q.Reply(3, 0, [], [Record.Soa("test", ttl, minimum)]));
        await AssertKeptAsync(dns, kept, gone);
    }

    [Fact]
    public async Task Failures_are_not_kept()
    {
        await using var dns = new LoopbackDns(q => q.Reply(2));
        var resolver = Resolver(dns);
        await resolver.ResolveAAsync(Far, Ct);
        await resolver.ResolveAAsync(Far, Ct);
        Assert.Equal(2, dns.Questions.Count);
    }

    [Fact]
    public async Task P9_the_cache_has_a_bound_and_the_oldest_go()
    {
        await using var dns = new LoopbackDns(q => q.Reply(0, Record.A(q.Name, "192.0.2.1")));
        var resolver = new DnsResolver([dns.Address], _clock, null, maxCacheBytes: 20 * 350);
        for (var i = 0; i < 100; i++)
            await resolver.ResolveAAsync(DomainName.Parse($"n{i}.test"), Ct);
        Assert.InRange(resolver.Cached, 15, 25);
        await resolver.ResolveAAsync(DomainName.Parse("n99.test"), Ct);
        Assert.Equal(100, dns.Questions.Count);
        await resolver.ResolveAAsync(DomainName.Parse("n0.test"), Ct);
        Assert.Equal(101, dns.Questions.Count);
    }

    [Fact]
    public async Task The_same_question_at_the_same_time_is_asked_once_and_outlives_its_first_caller()
    {
        using var gate = new ManualResetEventSlim();
        await using var dns = new LoopbackDns(q =>
        {
            gate.Wait(Ct);
            return q.Reply(0, Record.A(q.Name, "192.0.2.1"));
        });
        var resolver = Resolver(dns);
        using var impatient = new CancellationTokenSource();
        var first = resolver.ResolveAAsync(Far, impatient.Token).AsTask();
        var others = Enumerable.Range(0, 20).Select(_ => resolver.ResolveAAsync(Far, Ct).AsTask()).ToList();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.Set();
        Assert.All(await Task.WhenAll(others), a => Assert.Single(a.Records));
        Assert.Single(dns.Questions);
    }

    [Fact]
    public async Task A_silent_server_costs_its_time_twice_and_the_next_is_asked()
    {
        await using var silent = new LoopbackDns(_ => (IEnumerable<byte[]>)[]);
        await using var failing = new LoopbackDns(q => q.Reply(2));
        await using var good = new LoopbackDns(q => q.Reply(0, Record.A(q.Name, "192.0.2.1")));
        var both = new DnsResolver([silent.Address, failing.Address], _clock).ResolveAAsync(Far, Ct).AsTask();
        await SilenceAsync(silent, questions: 1);
        await SilenceAsync(silent, questions: 2);
        var none = await both;
        Assert.Equal(DnsStatus.TemporaryFailure, none.Status);
        Assert.Contains("no answer in time", none.Detail, StringComparison.Ordinal);
        Assert.Equal((2, 1), (silent.Questions.Count, failing.Questions.Count));

        var next = new DnsResolver([silent.Address, good.Address], _clock).ResolveAAsync(Far, Ct).AsTask();
        await SilenceAsync(silent, questions: 3);
        Assert.Single((await next).Records);
    }

    [Fact]
    public async Task RFC_5452_forged_and_malformed_datagrams_before_the_answer_change_nothing()
    {
        await using var dns = new LoopbackDns(q =>
        {
            var good = q.Reply(0, Record.A(q.Name, "192.0.2.1"));
            var evil = q.Reply(0, Record.A(q.Name, "192.0.2.66"));
            var otherId = evil.ToArray();
            otherId[0] ^= 1;
            var otherName = evil.ToArray();
            otherName[13] ^= 1;
            var otherType = evil.ToArray();
            otherType[12 + q.Name.Length + 3] = 15;
            var aQuestion = evil.ToArray();
            aQuestion[2] &= 0x7F;
            return
            [
                [],
                [0],
                otherId,
                otherName,
                otherType,
                aQuestion,
                evil[..^3],
                [.. evil[..12]],
                good,
                evil,
            ];
        });
        Assert.Equal(["192.0.2.1"], (await Resolver(dns).ResolveAAsync(Far, Ct)).Records.Select(r => $"{r}"));
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_a_temporary_failure()
    {
        IPEndPoint address;
        await using (var gone = new LoopbackDns(q => q.Reply(0)))
            address = gone.Address;
        var answer = await new DnsResolver([address], TimeProvider.System).ResolveAAsync(Far, Ct);
        Assert.Equal(DnsStatus.TemporaryFailure, answer.Status);
    }

    [Fact]
    public async Task An_address_literal_is_never_asked_for()
    {
        await using var dns = new LoopbackDns(q => q.Reply(0));
        var answer = await Resolver(dns).ResolveAAsync(DomainName.Parse("[192.0.2.1]"), Ct);
        Assert.Equal(DnsStatus.NoSuchName, answer.Status);
        Assert.Empty(dns.Questions);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task The_AD_bit_of_a_resolver_on_this_machine_is_believed(bool vouched)
    {
        await using var dns = new LoopbackDns(q =>
        {
            Assert.Equal(0x20, q.Bytes[3] & 0x20); // RFC 6840 §5.7: asked for
            return q.Reply(0, vouched ? 0x20 : 0, [Record.A(q.Name, "192.0.2.1")], []);
        });
        Assert.Equal(vouched, (await Resolver(dns).ResolveAAsync(Far, Ct)).IsAuthenticated);
    }

    [Theory]
    [InlineData("", "127.0.0.1:53")]
    [InlineData(
        "# x\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # y\r\nsearch a b\n",
        "192.0.2.1:53 [2001:db8::1]:53"
    )]
    [InlineData("nameserver nonsense\nnameservers 192.0.2.1\n nameserver 192.0.2.2", "192.0.2.2:53")]
    [InlineData(
        "nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4",
        "1.1.1.1:53 1.1.1.2:53 1.1.1.3:53"
    )]
    public void The_systems_servers(string text, string servers) =>
        Assert.Equal(servers, string.Join(' ', ResolvConf.Parse(text)));

    /// <summary>Waits until the server has so many questions, then lets its time pass.</summary>
    private async Task SilenceAsync(LoopbackDns server, int questions)
    {
        while (server.Questions.Count < questions)
        {
            Ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        _clock.Advance(TimeSpan.FromSeconds(5));
    }

    private async Task AssertKeptAsync(LoopbackDns dns, int kept, int gone)
    {
        var resolver = Resolver(dns);
        await resolver.ResolveAAsync(Far, Ct);
        _clock.Advance(TimeSpan.FromSeconds(kept));
        await resolver.ResolveAAsync(Far, Ct);
        Assert.Single(dns.Questions);
        _clock.Advance(TimeSpan.FromSeconds(gone - kept));
        await resolver.ResolveAAsync(Far, Ct);
        Assert.Equal(2, dns.Questions.Count);
    }

    private DnsResolver Resolver(LoopbackDns dns) => new([dns.Address], _clock);
}
