using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Quarantine;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Scanning.Contents;
using Postreiter.Delivery.Tests.Scanning;
using Postreiter.Smtp.Server;
using Postreiter.Spam.Results;
using Postreiter.Spam.Scanning;
using Postreiter.Storage;
using Postreiter.Testing;
using static Postreiter.Delivery.Tests.Inbound.ContentTests;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;
using static Postreiter.Delivery.Tests.Scanning.Contents.Archives;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>Messages that are taken and kept from their readers.</summary>
public sealed class QuarantineTests
{
    private static readonly ContentRules Macros = new() { Macros = ContentAction.Quarantine };
    private static readonly string Infected = "Subject: bad\n\nEICAR\nmore";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task What_a_rule_keeps_apart_is_taken_and_in_nobodys_mailbox_until_it_is_released(Pacing pacing)
    {
        await using var site = await CreateAsync();
        site.LookInto(Macros);
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example> <bob@our.example>", Attached("t.doc", Ole("VBA"))),
            pacing
        );
        Assert.Equal(0, await site.CountAsync());
        var kept = await site.QuarantinedAsync();
        Assert.Equal(2, kept.Count);
        Assert.EndsWith(
            " <s@far.example> ann@our.example: macros: t.doc: macros (VBA)",
            kept[0],
            StringComparison.Ordinal
        );
        await site.ReleaseAllAsync();
        var message = Assert.Single(await site.InboxAsync("ann"));
        Assert.StartsWith(
            "Return-Path: <s@far.example>\r\nX-Content-Found: macros;",
            message,
            StringComparison.Ordinal
        );
        Assert.Contains("\r\nDelivered-To: ann@our.example\r\n", message, StringComparison.Ordinal);
        Assert.Single(await site.InboxAsync("bob"));
        Assert.Empty(await site.QuarantinedAsync());
    }

    [Fact]
    public async Task The_trace_says_that_it_is_kept()
    {
        await using var site = await CreateAsync();
        site.LookInto(Macros);
        site.Guard();
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<bob@our.example>", Attached("t.doc", Ole("VBA")), from: "<ann@our.example>", asAnn: true)
        );
        var trace = await site.TraceAsync("bob@our.example");
        Assert.Contains("recipient <bob@our.example>: kept in the quarantine", trace, StringComparison.Ordinal);
        Assert.Contains("quarantine=held: macros: t.doc: macros (VBA)", trace, StringComparison.Ordinal);
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Infected_mail_is_kept_whole_where_that_is_wanted(Pacing pacing)
    {
        await using var site = await CreateAsync();
        // It is found before the message is whole.
        var scanner = new ScriptedScanner
        {
            Early = static text =>
                text.Contains("EICAR", StringComparison.Ordinal) ? ScanAnswer.Infected("Eicar") : null,
        };
        site.Scan(new VirusFilterOptions { QuarantinesInfected = true }, scanner);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Infected), pacing);
        Assert.EndsWith(
            "ann@our.example: virus: Eicar",
            Assert.Single(await site.QuarantinedAsync()),
            StringComparison.Ordinal
        );
        Assert.Equal(0, await site.CountAsync());
        await site.ReleaseAllAsync();
        var message = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains("\r\nX-Virus-Scanned: yes at mx.our.example; Eicar\r\n", message, StringComparison.Ordinal);
        Assert.EndsWith("\r\nEICAR\r\nmore\r\n", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_users_send_is_kept_as_theirs_and_goes_out_when_it_is_released()
    {
        await using var site = await CreateAsync();
        site.LookInto(Macros);
        await site.PlayAsync(
            ListenerRole.Submission,
            Send(
                "<x@far.example> <y@other.example> <bob@our.example>",
                Attached("t.doc", Ole("VBA")),
                from: "<ann@our.example>",
                asAnn: true
            )
        );
        Assert.Equal(0, await site.CountAsync());
        Assert.Equal(3, (await site.QuarantinedAsync()).Count);
        await site.ReleaseAllAsync();
        Assert.Equal(
            ["far.example", "other.example"],
            (await site.QueueAsync()).Select(static q => q.Destination.Ascii).Order()
        );
        Assert.Single(await site.InboxAsync("bob"));
    }

    [Fact]
    public async Task By_LMTP_each_recipient_is_told_that_it_is_taken()
    {
        await using var site = await CreateAsync();
        site.LookInto(Macros);
        await site.PlayAsync(
            ListenerRole.Lmtp,
            Send("<ann@our.example> <bob@our.example>", Attached("t.doc", Ole("VBA")), hello: "LHLO c")
                + "\nS: 250 2.0.0 *"
        );
        Assert.Equal(2, (await site.QuarantinedAsync()).Count);
    }

    [Theory]
    [InlineData(9.0, false, 1)]
    [InlineData(10.0, true, 0)]
    public async Task Spam_from_so_many_points_on_is_kept(double points, bool isKept, int inJunk)
    {
        await using var site = await CreateAsync();
        site.Filter(new Scores(points), new SpamFilterOptions { QuarantineAt = 10 });
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>"));
        Assert.Equal(isKept, (await site.QuarantinedAsync()).Count == 1);
        Assert.Equal(inJunk, (await site.InboxAsync("ann", "Junk")).Count);
    }

    [Fact]
    public async Task When_it_is_full_what_would_be_kept_is_deferred_and_nothing_is_thrown_away()
    {
        await using var site = await CreateAsync();
        site.LookInto(Macros);
        site.Quarantine = new QuarantineOptions { MaxBytes = 6000 };
        var message = Attached("t.doc", Ole("VBA"));
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", message));
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", message));
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", message, "452 4.3.1 *"));
        Assert.Equal(2, (await site.QuarantinedAsync()).Count);
        // Other mail goes on.
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>"));
        Assert.Single(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task P2_a_store_that_fails_keeps_nothing()
    {
        await using var site = await CreateAsync();
        site.LookInto(Macros);
        site.Fault = static m => m == "FileAsync" ? new StoreException(StoreFault.Internal, "disk") : null;
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Attached("t.doc", Ole("VBA")), "451 4.3.0 *"));
        site.Fault = static _ => null;
        Assert.Empty(await site.QuarantinedAsync());
    }

    [Fact]
    public async Task No_success_is_reported_of_what_is_kept()
    {
        await using var site = await CreateAsync();
        site.LookInto(Macros);
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>_NOTIFY=SUCCESS", Attached("t.doc", Ole("VBA")), from: "<bob@our.example>")
        );
        Assert.Empty(await site.InboxAsync("bob"));
        Assert.Single(await site.QuarantinedAsync());
    }

    [Fact]
    public async Task The_digest_tells_each_owner_once_a_day_at_its_time_and_what_is_over_goes()
    {
        await using var site = await CreateAsync();
        site.LookInto(Macros);
        var message = Attached("t.doc", Ole("VBA"))
            .Replace("Subject: x", "Subject: =?utf-8?q?Gr=C3=BC=1B=5B2J=C3=9Fe?=", StringComparison.Ordinal);
        var start = site.Clock.GetUtcNow();
        var at = TimeOnly.FromDateTime(start.UtcDateTime.AddHours(2));
        var upkeep = site.Upkeep(new QuarantineOptions { Digest = at, Keep = TimeSpan.FromDays(3) });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var running = upkeep.RunAsync(stop.Token);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", message));
        await HoursAsync(site, 1);
        Assert.Empty(await site.InboxAsync("ann"));
        await HoursAsync(site, 2);
        var digest = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains("\r\nSubject: Mail that is kept in quarantine\r\n", digest, StringComparison.Ordinal);
        Assert.Contains("\r\nSubject: Grü?[2Jße\r\n", digest, StringComparison.Ordinal);
        Assert.Contains("\r\nReason:  macros: t.doc: macros (VBA)\r\n", digest, StringComparison.Ordinal);
        Assert.Contains("\r\nFrom:    <s@far.example>\r\n", digest, StringComparison.Ordinal);
        // Nothing new on the next day, and nothing of bob's to ann.
        await site.PlayAsync(ListenerRole.Mx, Send("<bob@our.example>", message));
        await HoursAsync(site, 24);
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Single(await site.InboxAsync("bob"));
        Assert.Equal(2, (await site.QuarantinedAsync()).Count);
        await HoursAsync(site, 46);
        Assert.Single(await site.QuarantinedAsync());
        await stop.CancelAsync();
        await running;
    }

    // Each step waits until the upkeep sleeps again.
    private static async Task HoursAsync(InboundSite site, int hours)
    {
        for (var i = 0; i < hours; i++)
            await site.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromHours(1), Ct);
        while (!site.Clock.HasTimerWithin(TimeSpan.FromHours(1)))
        {
            Ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private sealed class Scores(double points) : IMailScanner
    {
        public ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct) =>
            new(new ScannedMail(new SpamVerdict { Points = points, Required = 5 }, new MarkSettings()));
    }
}
