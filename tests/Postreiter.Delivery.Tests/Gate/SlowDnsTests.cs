using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Dns;
using Postreiter.Smtp.Server;
using Postreiter.Testing;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Gate;

/// <summary>F8, F7: DNS that never answers, answers late or answers too much: bounded time, the right code, no false refusal.</summary>
public sealed class SlowDnsTests
{
    private static async Task<InboundSite> SiteAsync(IDnsResolver dns, GreylistMode mode = GreylistMode.Smart)
    {
        Assert.True(DnsList.TryParse("bl.example 20", out var first));
        Assert.True(DnsList.TryParse("two.example 20", out var second));
        var site = await CreateAsync(checks: new SenderCheckOptions(), dns: dns);
        return site.Guard(new GateOptions { DnsLists = [first, second] }, new GreylistOptions { Mode = mode });
    }

    private const string Conversation = """
        S: 220 *
        C: EHLO mail.far.example
        S... 250 HELP
        C: MAIL FROM:<s@far.example>
        S: 250 *
        C: RCPT TO:<ann@our.example>
        """;

    private const string Message = """

        S: 250 2.1.5 *
        C: DATA
        S: 354 *
        C: From: s@far.example
        C:
        C: .
        """;

    [Fact]
    public async Task F8_a_DNS_that_never_answers_costs_its_budget_and_refuses_nobody()
    {
        var silent = new SilentDns();
        await using var site = await SiteAsync(silent);
        var began = site.Clock.GetUtcNow();
        await site.PlayAsync(ListenerRole.Mx, Conversation + "\nT: 5s\nS: 250 2.1.5 *");
        Assert.Equal(TimeSpan.FromSeconds(5), site.Clock.GetUtcNow() - began);
        var trace = Assert.Single(await site.TracesAsync("ann@our.example"));
        foreach (var check in (string[])["dnsbl bl.example", "dnsbl two.example", "sender-domain", "spf", "iprev"])
            Assert.Equal("temperror", trace.Checks.First(c => c.Check == check).Result);
        Assert.Equal(0, trace.Points);
        Assert.Equal(5_000, trace.Checks.First(static c => c.Check == "dnsbl bl.example").Milliseconds);
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "DNS_silent");
        // Nothing is known against the caller: it is not delayed either.
        Assert.Contains(trace.Checks, c => c is { Check: "greylist", Result: "not-needed" });
    }

    [Fact]
    public async Task F8_a_DNS_that_fails_refuses_nobody()
    {
        var failing = new FakeDns();
        foreach (
            var name in (string[])
                ["far.example", "192.0.2.1", "1.2.0.192.bl.example", "1.2.0.192.two.example", "mail.far.example"]
        )
            failing.Fail(name);
        await using var site = await SiteAsync(failing);
        await site.PlayAsync(ListenerRole.Mx, Conversation + Message + "\nS: 250 2.0.0 *");
        Assert.Equal(0, Assert.Single(await site.TracesAsync("ann@our.example")).Points);
    }

    [Fact]
    public async Task A_DNS_that_answers_late_is_waited_for_once()
    {
        var late = new SilentDns();
        await using var site = await SiteAsync(late);
        var playing = site.PlayAsync(
            ListenerRole.Mx,
            Conversation + "\nS: 550 5.7.1 Refused: 192.0.2.1 is on bl.example"
        );
        await Site.UntilAsync(() => late.Asked >= 4);
        late.Answer("1.2.0.192.bl.example", IPAddress.Parse("127.0.0.2"));
        late.AnswerAll();
        await playing;
    }

    [Fact]
    public async Task Ten_thousand_records_are_looked_at_as_far_as_they_matter()
    {
        var dns = new FakeDns();
        string[] many = [.. Enumerable.Range(0, 10_000).Select(i => $"127.1.{i >> 8}.{i & 255}")];
        dns.Address("1.2.0.192.bl.example", many)
            .Address("mail.far.example", many)
            .Mx("far.example", 1, "mail.far.example")
            .Address("1.2.0.192.two.example", [.. Enumerable.Repeat("203.0.113.1", 9_999), "127.0.0.2"]);
        for (var i = 0; i < 10_000; i++)
            dns.Ptr("192.0.2.1", $"n{i}.far.example").Mx("far.example", 1, $"mx{i}.far.example");
        await using var site = await SiteAsync(dns);
        // Listed by the first, for any of 127.0.0.0/8 counts; of the second list nothing that it says first is an answer.
        await site.PlayAsync(ListenerRole.Mx, Conversation + "\nS: 550 5.7.1 Refused: 192.0.2.1 is on bl.example");
        var trace = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal("no-list", trace.Checks.First(c => c.Check == "dnsbl two.example").Result);
        Assert.InRange(dns.Questions.Count, 1, 60);
        Assert.InRange(trace.ToJson().Length, 1, 16 * 1024);
    }

    /// <summary>Answers nothing before it is told to.</summary>
    private sealed class SilentDns : IDnsResolver
    {
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, IPAddress> _answers = new();
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public void Answer(string name, IPAddress address) => _answers[name] = address;

        public void AnswerAll() => _all.SetResult();

        public async ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct)
        {
            await WaitAsync(ct);
            return _answers.TryGetValue(name.Ascii, out var address)
                ? new DnsAnswer<IPAddress>(DnsStatus.Success, [address])
                : new DnsAnswer<IPAddress>(DnsStatus.NoSuchName, []);
        }

        public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
            NoneAsync<IPAddress>(ct);

        public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
            NoneAsync<MxRecord>(ct, new MxRecord(1, name));

        public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
            NoneAsync<string>(ct);

        public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct) =>
            NoneAsync<DomainName>(ct);

        private async ValueTask<DnsAnswer<T>> NoneAsync<T>(CancellationToken ct, params T[] records)
        {
            await WaitAsync(ct);
            return new DnsAnswer<T>(records.Length > 0 ? DnsStatus.Success : DnsStatus.NoSuchName, records);
        }

        private Task WaitAsync(CancellationToken ct)
        {
            Interlocked.Increment(ref _asked);
            return _all.Task.WaitAsync(ct);
        }
    }
}
