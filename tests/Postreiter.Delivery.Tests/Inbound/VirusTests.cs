using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Tests.Gate;
using Postreiter.Delivery.Tests.Scanning;
using Postreiter.Smtp.Server;
using Postreiter.Testing;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>What becomes of messages by what scanners say of them.</summary>
public sealed class VirusTests
{
    private const string Text = "Subject: x\n\nbody";
    private readonly ScriptedScanner _scanner = new();

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Clean_mail_is_taken_and_marked(Pacing pacing)
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text), pacing);
        var message = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains("\r\nX-Virus-Scanned: yes at mx.our.example\r\n", message, StringComparison.Ordinal);
        Assert.Equal("Subject: x\r\n\r\nbody\r\n", _scanner.Read);
    }

    [Fact]
    public async Task A_mark_in_our_name_is_taken_out_and_ours_goes_along_with_what_is_forwarded()
    {
        await using var site = await SiteAsync();
        await site.AliasAsync("one@our.example", "a@x.example");
        const string Other = "X-Virus-Scanned: yes at mx.our.example.far.example";
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<one@our.example>", $"X-virus-scanned: forged at\n\tMX.our.example; ok\n{Other}\n{Text}")
        );
        var sent = await site.QueuedAsync(Assert.Single(await site.QueueAsync()));
        Assert.Contains("\r\nX-Virus-Scanned: yes at mx.our.example\r\n", sent, StringComparison.Ordinal);
        Assert.Contains($"\r\n{Other}\r\n", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("forged", sent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Infected_mail_is_refused_with_the_name_and_nothing_is_kept()
    {
        _scanner.Answer = static _ => ScanAnswer.Infected("Win.Test.EICAR_HDB-1");
        await using var site = await SiteAsync();
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>", Text, reply: "554 5.7.1 Message refused: it contains Win.Test.EICAR_HDB-1")
        );
        Assert.Empty(await site.InboxAsync("ann"));
        Assert.Empty(await site.InboxAsync("ann", "Junk"));
    }

    [Fact]
    public async Task F6_a_scanner_that_fails_defers_and_the_next_try_goes_through_when_it_is_back()
    {
        _scanner.Answer = static n => n <= 2 ? ScanAnswer.Failed("down") : ScanAnswer.Clean;
        await using var site = await SiteAsync();
        await site.PlayAsync(
            ListenerRole.Mx,
            Send(
                "<ann@our.example>",
                Text,
                reply: "451 4.7.1 Message cannot be checked for viruses now, try again later"
            )
        );
        Assert.Empty(await site.InboxAsync("ann"));
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.Single(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task F6_where_that_is_wanted_mail_is_taken_and_marked_as_not_scanned()
    {
        _scanner.Answer = static _ => ScanAnswer.Failed("down");
        await using var site = await SiteAsync(defers: false);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.Contains(
            "\r\nX-Virus-Scanned: no\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task One_scanner_that_finds_something_is_enough_and_one_that_fails_is_too_many()
    {
        var failing = new ScriptedScanner("failing") { Answer = static _ => ScanAnswer.Failed("down") };
        await using var site = await SiteAsync(others: failing);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, reply: "451 4.7.1 *"));
        _scanner.Answer = static _ => ScanAnswer.Infected("Worm");
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, reply: "554 5.7.1 *"));
    }

    [Fact]
    public async Task Our_users_mail_is_scanned_too_and_owner_and_postmaster_are_told_once_an_hour()
    {
        _scanner.Answer = static _ => ScanAnswer.Infected("Worm");
        await using var site = await SiteAsync();
        for (var i = 0; i < 2; i++)
        {
            await site.PlayAsync(
                ListenerRole.Submission,
                Send("<x@far.example>", Text, reply: "554 5.7.1 *", from: "<ann@our.example>", asAnn: true)
            );
        }

        var notice = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains(
            "\r\nSubject: Infected mail from your account was refused\r\n",
            notice,
            StringComparison.Ordinal
        );
        Assert.Contains("\r\nWorm.\r\n", notice, StringComparison.Ordinal);
        site.Clock.Advance(TimeSpan.FromHours(1));
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<x@far.example>", Text, reply: "554 5.7.1 *", from: "<ann@our.example>", asAnn: true)
        );
        Assert.Equal(2, (await site.InboxAsync("ann")).Count);
    }

    [Fact]
    public async Task What_is_found_early_ends_the_message_early()
    {
        _scanner.Early = static text =>
            text.Contains("EICAR", StringComparison.Ordinal) ? ScanAnswer.Infected("Eicar") : null;
        await using var site = await SiteAsync();
        site.Guard(
            new GateOptions { OnNoDomain = FailurePolicy.Mark },
            new GreylistOptions { Mode = GreylistMode.Off }
        );
        await site.PlayAsync(
            ListenerRole.Mx,
            Send(
                "<ann@our.example>",
                // More than is held for a scanner: it has read the beginning before the end is sent.
                "Subject: x\n\nEICAR\n" + string.Join('\n', Enumerable.Repeat(new string('x', 800), 1000)),
                reply: "554 5.7.1 Message refused: it contains Eicar"
            )
        );
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Infected_early");
    }

    [Theory]
    [InlineData(true, null, null, "451", "451", "451")]
    [InlineData(true, false, null, "451", "250", "451")]
    [InlineData(true, null, false, "451", "451", "250")]
    [InlineData(false, true, true, "250", "451", "451")]
    public async Task F6_each_listener_has_its_own_policy(
        bool defers,
        bool? bySubmission,
        bool? byLmtp,
        string smtp,
        string submission,
        string lmtp
    )
    {
        await using var site = await CreateAsync();
        var scanner = new ScriptedScanner { Answer = static _ => new ScanAnswer(ScanState.Failed, "down") };
        var options = new VirusFilterOptions
        {
            DefersUnscanned = defers,
            DefersUnscannedBySubmission = bySubmission,
            DefersUnscannedByLmtp = byLmtp,
        };
        site.Scan(options, [scanner]);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", reply: smtp + " *"));
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<bob@our.example>", reply: submission + " *", from: "<ann@our.example>", asAnn: true)
        );
        await site.PlayAsync(ListenerRole.Lmtp, Send("<cat@our.example>", reply: lmtp + " *", hello: "LHLO c.example"));
        foreach (var (name, reply) in new[] { ("ann", smtp), ("bob", submission), ("cat", lmtp) })
            Assert.Equal(reply == "250" ? 1 : 0, (await site.InboxAsync(name)).Count);
    }

    private async Task<InboundSite> SiteAsync(bool defers = true, params IContentScanner[] others)
    {
        var site = await CreateAsync();
        site.Scan(new VirusFilterOptions { DefersUnscanned = defers }, [_scanner, .. others]);
        return site;
    }
}
