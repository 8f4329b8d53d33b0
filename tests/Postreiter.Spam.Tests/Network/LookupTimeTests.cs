using System.Net;
using Postreiter.Core;
using Postreiter.Dns;
using Postreiter.Spam.Network;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Network;

/// <summary>Answers that are late, never come, or are too many: no mail waits longer than it may, and none fails.</summary>
public sealed class LookupTimeTests
{
    private const string Rules = """
        header NEAR eval:check_rbl('near-lastexternal', 'near.example')
        header FAR eval:check_rbl('far-lastexternal', 'far.example')
        body WORD /See/
        meta BOTH NEAR && FAR
        meta ONE NEAR && !FAR
        """;

    private readonly FakeDns _dns = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private NetworkBed Bed(Func<string, TimeSpan?> delay, TimeSpan? budget = null, SpamNetworkOptions? bounds = null)
    {
        var clock = new TestClock();
        _dns.Address("7.100.51.198.near.example", "127.0.0.2").Address("7.100.51.198.far.example", "127.0.0.2");
        return new NetworkBed
        {
            Clock = clock,
            Resolver = new SlowDns(_dns, clock, delay),
            Bounds = bounds ?? new SpamNetworkOptions { MaxWait = TimeSpan.FromHours(1) },
            Budget = budget ?? TimeSpan.FromSeconds(60),
        };
    }

    [Fact]
    public async Task An_answer_that_comes_in_time_counts()
    {
        var bed = Bed(static name =>
            TimeSpan.FromSeconds(name.EndsWith("far.example", StringComparison.Ordinal) ? 2.5 : 0)
        );
        var scan = bed.ScanAsync(Rules);
        await bed.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(2.5), Ct);
        var result = await scan;
        Assert.Equal("BOTH FAR NEAR WORD", NetworkBed.Hits(result));
        Assert.Empty(result.Unanswered);
    }

    // With half of the questions answered 15 − 12 · 0.25 = 12 seconds; with none 15; by the setting, or by its zone.
    [Theory]
    [InlineData("", 0.0, 12.0)]
    [InlineData("", 20.0, 15.0)]
    [InlineData("rbl_timeout 8 4\n", 0.0, 7.0)]
    [InlineData("rbl_timeout 8\n", 20.0, 8.0)]
    [InlineData("rbl_timeout 8 4 far.example\n", 0.0, 7.0)]
    [InlineData("rbl_timeout 2 1 near.example\n", 0.0, 12.0)]
    [InlineData("rbl_timeout 1m\n", 20.0, 60.0)]
    public async Task What_never_comes_is_given_up_as_the_manual_says(string setting, double near, double seconds)
    {
        var bed = Bed(name =>
            name.EndsWith("far.example", StringComparison.Ordinal) ? null : TimeSpan.FromSeconds(near * 60)
        );
        var began = bed.Clock.GetUtcNow();
        var scan = bed.ScanAsync(setting + Rules);
        await bed.Clock.AdvanceWhileAwaitedAsync(TimeSpan.FromSeconds(seconds - 0.5), Ct);
        Assert.False(scan.IsCompleted);
        await bed.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(0.5), Ct);
        var result = await scan;
        Assert.Equal(near == 0 ? "NEAR ONE WORD" : "WORD", NetworkBed.Hits(result));
        Assert.Contains("A 7.100.51.198.far.example", result.Unanswered);
        Assert.Equal(seconds, (bed.Clock.GetUtcNow() - began).TotalSeconds);
    }

    [Fact]
    public async Task The_budget_ends_all_waits()
    {
        var bed = Bed(static _ => null, budget: TimeSpan.FromSeconds(3));
        var scan = bed.ScanAsync(Rules);
        await bed.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(3), Ct);
        var result = await scan;
        Assert.Equal("WORD", NetworkBed.Hits(result));
        Assert.Equal(2, result.Unanswered.Count);
    }

    // Three seconds in all; the rules took so long, and the answer comes 4.5 s after the question.
    [Theory]
    [InlineData(2.0, false)]
    [InlineData(4.0, true)]
    public async Task Rules_that_took_long_leave_a_fifth_of_the_budget_to_the_answers(double rules, bool isInTime)
    {
        var clock = new TestClock();
        _dns.Address("x.example", "127.0.0.2");
        var network = new SpamNetwork(new SlowDns(_dns, clock, static _ => TimeSpan.FromSeconds(4.5)), clock);
        using var lookups = new MailLookups(
            network,
            new LookupPolicy(NetworkBed.Read("").Settings),
            TimeSpan.FromSeconds(3)
        );
        var answers = 0;
        Assert.True(lookups.Ask("A", "x.example", _ => answers++));
        clock.Advance(TimeSpan.FromSeconds(rules));
        var collecting = lookups.CollectAsync(Ct).AsTask();
        await clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(isInTime ? 0.5 : 1), Ct);
        await collecting;
        Assert.Equal((isInTime ? 1 : 0, isInTime ? 0 : 1), (answers, lookups.Unanswered.Count));
    }

    [Fact]
    public async Task A_late_answer_meets_nobody_and_harms_nothing()
    {
        var bed = Bed(static _ => TimeSpan.FromSeconds(10), budget: TimeSpan.FromSeconds(3));
        var engine = bed.Engine(Rules);
        var scan = NetworkBed.ScanAsync(engine);
        await bed.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(3), Ct);
        Assert.Equal("WORD", NetworkBed.Hits(await scan));
        bed.Clock.Advance(TimeSpan.FromSeconds(8));
        var second = NetworkBed.ScanAsync(engine, "Subject: x\n\nnothing\n");
        Assert.Equal("", NetworkBed.Hits(await second));
    }

    [Fact]
    public async Task A_scan_that_nobody_waits_for_ends()
    {
        var bed = Bed(static _ => null);
        using var stop = new CancellationTokenSource();
        var engine = bed.Engine(Rules);
        var scan = engine
            .ScanAsync(engine.Facts(engine.Read(System.Text.Encoding.Latin1.GetBytes(NetworkBed.Mail))), stop.Token)
            .AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scan);
    }

    [Fact]
    public async Task Ten_thousand_records_are_looked_at_only_so_far()
    {
        var bed = Bed(static _ => TimeSpan.Zero);
        for (var i = 0; i < 10_000; i++)
            _dns.Address("7.100.51.198.many.example", $"127.0.{i / 250}.{i % 250}");
        var result = await bed.ScanAsync(
            "header MANY eval:check_rbl('many-lastexternal', 'many.example')\nheader DEEP eval:check_rbl_sub('many-lastexternal', '127.0.39.249')\n"
        );
        Assert.Equal("MANY", NetworkBed.Hits(result));
        Assert.Equal(20, result.Hits[0].Details.Count);
    }

    [Fact]
    public async Task A_long_text_is_cut_in_reports()
    {
        var bed = Bed(static _ => TimeSpan.Zero);
        _dns.Txt("7.100.51.198.long.example", new string('x', 60_000) + "\0\r\nY: z");
        var result = await bed.ScanAsync("header LONG eval:check_rbl_txt('long-lastexternal', 'long.example')\n");
        Assert.Equal(1000, Assert.Single(result.Hits[0].Details).Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task No_more_questions_are_in_flight_than_may_be(int places)
    {
        var bed = Bed(static _ => TimeSpan.FromSeconds(1), bounds: new SpamNetworkOptions { MaxInFlight = places });
        var rules = string.Concat(
            Enumerable.Range(0, 6).Select(i => $"header R{i} eval:check_rbl('s{i}-lastexternal', 'b{i}.example')\n")
        );
        var scan = bed.ScanAsync(rules);
        for (var i = 0; i < 6 / places; i++)
            await bed.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(1), Ct);
        Assert.Empty((await scan).Unanswered);
        Assert.Equal(places, ((SlowDns)bed.Resolver!).Most);
    }

    [Fact]
    public async Task A_mail_asks_only_so_much_and_what_is_left_out_is_named()
    {
        var bed = Bed(static _ => TimeSpan.Zero, bounds: new SpamNetworkOptions { MaxQuestions = 4 });
        var rules = string.Concat(
            Enumerable.Range(0, 6).Select(i => $"header R{i} eval:check_rbl('s{i}-lastexternal', 'b{i}.example')\n")
        );
        var result = await bed.ScanAsync(rules);
        Assert.Equal(["A 7.100.51.198.b4.example", "A 7.100.51.198.b5.example"], result.Unanswered);
    }

    [Fact]
    public async Task A_fault_of_the_resolver_is_no_answer()
    {
        var bed = new NetworkBed { Resolver = new BrokenDns() };
        var result = await bed.ScanAsync(Rules);
        Assert.Equal("WORD", NetworkBed.Hits(result));
        Assert.Equal(2, result.Unanswered.Count);
    }

    [Theory]
    [InlineData("SERVFAIL")]
    [InlineData("NXDOMAIN")]
    [InlineData("NODATA")]
    public async Task F8_a_list_that_fails_counts_as_not_listed(string how)
    {
        var bed = Bed(static _ => TimeSpan.Zero);
        _ = how switch
        {
            "SERVFAIL" => _dns.Fail("7.100.51.198.far.example"),
            "NODATA" => _dns.Remove("7.100.51.198.far.example").Empty("7.100.51.198.far.example"),
            _ => _dns.Remove("7.100.51.198.far.example"),
        };
        var result = await bed.ScanAsync(Rules);
        Assert.Equal("NEAR ONE WORD", NetworkBed.Hits(result));
        Assert.Empty(result.Unanswered);
    }

    [Fact]
    public async Task F8_a_DNS_that_is_silent_holds_up_a_few_mails_and_not_every_one()
    {
        var isDown = true;
        var bed = Bed(_ => isDown ? null : TimeSpan.Zero, budget: TimeSpan.FromSeconds(3));
        var engine = bed.Engine(Rules);
        for (var i = 0; i < 3; i++)
        {
            var waiting = NetworkBed.ScanAsync(engine);
            await bed.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(3), Ct);
            await waiting;
        }
        // Nothing has to move for this one.
        var resting = await NetworkBed.ScanAsync(engine);
        Assert.Equal("WORD", NetworkBed.Hits(resting));
        Assert.Equal("everything: the DNS is silent", Assert.Single(resting.Unanswered));

        bed.Clock.Advance(TimeSpan.FromMinutes(1));
        var again = NetworkBed.ScanAsync(engine);
        await bed.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(3), Ct);
        Assert.Equal(2, (await again).Unanswered.Count);
        Assert.Single((await NetworkBed.ScanAsync(engine)).Unanswered);

        isDown = false;
        bed.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("BOTH FAR NEAR WORD", NetworkBed.Hits(await NetworkBed.ScanAsync(engine)));
        Assert.Equal("BOTH FAR NEAR WORD", NetworkBed.Hits(await NetworkBed.ScanAsync(engine)));
    }

    [Fact]
    public async Task A_place_is_given_back_by_a_resolver_that_never_answers()
    {
        var bed = Bed(
            static _ => null,
            budget: TimeSpan.FromSeconds(1),
            bounds: new SpamNetworkOptions { MaxInFlight = 2 }
        );
        var scan = bed.ScanAsync(Rules);
        await bed.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(1), Ct);
        await scan;
        Assert.Equal(2, ((SlowDns)bed.Resolver!).InFlight);
        bed.Clock.Advance(TimeSpan.FromSeconds(30));
        while (((SlowDns)bed.Resolver).InFlight > 0)
        {
            Ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task The_same_question_of_many_rules_is_asked_once()
    {
        var bed = Bed(static _ => TimeSpan.Zero);
        var result = await bed.ScanAsync(
            "header A eval:check_rbl('a-lastexternal', 'near.example')\nheader B eval:check_rbl('b-lastexternal', 'NEAR.example.')\naskdns C _LASTEXTERNALREVIP_.near.example\n"
        );
        Assert.Equal("A B C", NetworkBed.Hits(result));
        Assert.Single(_dns.Questions);
    }

    [Fact]
    public async Task Mails_scanned_at_one_time_do_not_meet()
    {
        var bed = Bed(static _ => TimeSpan.Zero);
        var engine = bed.Engine(Rules);
        var other = NetworkBed.Mail.Replace("198.51.100.7", "198.51.100.8", StringComparison.Ordinal);
        await Parallel.ForAsync(
            0,
            200,
            Ct,
            async (i, _) =>
                Assert.Equal(
                    i % 2 == 0 ? "BOTH FAR NEAR WORD" : "WORD",
                    NetworkBed.Hits(await NetworkBed.ScanAsync(engine, i % 2 == 0 ? NetworkBed.Mail : other))
                )
        );
    }

    private sealed class BrokenDns : IDnsResolver
    {
        public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
            throw new InvalidOperationException("broken");

        public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
            throw new InvalidOperationException("broken");

        public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
            throw new InvalidOperationException("broken");

        public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
            throw new InvalidOperationException("broken");

        public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct) =>
            throw new InvalidOperationException("broken");
    }
}
