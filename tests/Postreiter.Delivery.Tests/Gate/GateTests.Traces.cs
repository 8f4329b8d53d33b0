using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Gate;

/// <content>What stands in a trace.</content>
public sealed partial class GateTests
{
    [Fact]
    public async Task Spam_is_filed_into_Junk_marked_or_refused_and_the_trace_tells_the_rules()
    {
        await using var site = await SiteAsync();
        site.Filter(new SpamTests.Pills(), new SpamFilterOptions());
        await SendAsync(site, text: "From: s@far.example\n\npill");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Marked");
        After(site, 1);
        await SendAsync(site, text: "From: s@far.example\n\npill pill pill pill pill pill");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Junk");
        After(site, 1);
        await SendAsync(
            site,
            "550 5.7.1 *",
            text: "From: s@far.example\n\n" + string.Join(' ', Enumerable.Repeat("pill", 20))
        );
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Refused_as_spam");
    }

    [Fact]
    public async Task What_the_author_s_domain_asks_stands_in_the_trace()
    {
        await using var site = await SiteAsync();
        site.Dns.Txt("_dmarc.strict.example", "v=DMARC1; p=reject")
            .Txt("_dmarc.mild.example", "v=DMARC1; p=quarantine");
        await SendAsync(site, "550 5.7.1 *", text: "From: x@strict.example\nSubject: x\n\nbody");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Refused_by_DMARC");
        After(site, 1);
        await SendAsync(site, text: "From: x@mild.example\nSubject: x\n\nbody");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Quarantined_by_DMARC");
    }

    [Fact]
    public async Task Users_and_our_own_hosts_are_not_looked_at_and_have_traces_all_the_same()
    {
        await using var site = await SiteAsync(
            o =>
                o with
                {
                    LocalNetworks = [IPNetwork.Parse("192.0.2.1/32")],
                    Lists = new GateLists([], ["far.example", "our.example"]),
                },
            GreylistMode.On
        );
        await SendAsync(site);
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<bob@our.example>", from: "<ann@our.example>", asAnn: true),
            remote: "198.51.100.1"
        );
        await GoldenTrace.ExpectAsync(site, "bob@our.example", "Submitted");
        await site.PlayAsync(ListenerRole.Lmtp, Send("<cat@our.example>", hello: "LHLO here.example"));
        Assert.Equal("lmtp", Assert.Single(await site.TracesAsync("cat@our.example")).Door);
    }

    [Fact]
    public async Task Each_transaction_of_a_session_has_its_own_trace_and_conversation()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO mail.far.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<nobody@our.example>
            S: 550 5.1.1 *
            C: MAIL FROM:<again@far.example>
            S: 503 *
            C: RSET
            S: 250 *
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            C: From: s@far.example
            C:
            C: .
            S: 250 *
            C: MAIL FROM:<t@far.example>
            S: 250 *
            C: RCPT TO:<nobody2@our.example>
            S: 550 5.1.1 *
            """
        );
        await GoldenTrace.ExpectAsync(site, "nobody@our.example", "First_of_three");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Second_of_three");
        await GoldenTrace.ExpectAsync(site, "nobody2@our.example", "Third_of_three");
    }

    [Fact]
    public async Task A_message_that_cannot_be_stored_has_its_trace()
    {
        await using var site = await SiteAsync();
        var isDown = true;
        site.Fault = m =>
            isDown && m == "FileAsync" ? new Storage.StoreException(Storage.StoreFault.Busy, "locked") : null;
        await SendAsync(site, "451 4.3.0 *");
        isDown = false;
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal(Postreiter.Delivery.Gate.Tracing.VerdictAction.Defer, Assert.Single(verdict.Recipients).Action);
        Assert.StartsWith("S: 451 4.3.0", verdict.Dialogue[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_LMTP_recipients_differ_each_has_what_it_was_told()
    {
        await using var site = await SiteAsync();
        await site.QuotaAsync("bob@our.example", 10);
        await site.PlayAsync(
            ListenerRole.Lmtp,
            Send(
                "<ann@our.example> <bob@our.example> <cat@our.example>",
                reply: "250 *\nS: 452 4.2.2 *\nS: 250 *",
                hello: "LHLO here.example"
            )
        );
        await GoldenTrace.ExpectAsync(site, "bob@our.example", "LMTP");
        Assert.Single(await site.TracesAsync("ann@our.example"));
    }

    [Fact]
    public async Task Mail_that_could_not_be_stored_makes_no_domain_known()
    {
        await using var site = await SiteAsync();
        site.Dns.Txt("_dmarc.far.example", "v=DMARC1; p=none");
        site.Fault = static m => m == "FileAsync" ? new StoreException(StoreFault.Busy, "locked") : null;
        for (var i = 0; i < 6; i++)
            await SendAsync(site, "451 4.3.0 *");
        Assert.False(site.Greylist.IsKnownDomain(DomainName.Parse("far.example")));
        site.Fault = static _ => null;
        for (var i = 0; i < 5; i++)
            await SendAsync(site);
        Assert.True(site.Greylist.IsKnownDomain(DomainName.Parse("far.example")));
    }

    [Fact]
    public async Task What_is_said_to_log_in_after_a_refusal_is_not_written_down()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(
            ListenerRole.Mx,
            $"""
            S: 220 *
            C: EHLO mail.far.example
            S... 250 HELP
            C: AUTH LOGIN
            S: 50*
            C: YW5uQG91ci5leGFtcGxl
            S: 500 *
            C: c2VjcmV0
            S: 500 *
            C: AUTH{'\t'}PLAIN {AnnsLogin}
            S: 500 *
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<nobody@our.example>
            S: 550 5.1.1 *
            """
        );
        await GoldenTrace.ExpectAsync(site, "nobody@our.example", "Log_in_refused");
    }

    [Fact]
    public async Task Without_traces_nothing_is_kept()
    {
        await using var site = await SiteAsync(o => o with { KeepTraces = TimeSpan.Zero });
        await SendAsync(site);
        await RefuseAsync(site, "550 5.1.1 *", to: "nobody@our.example");
        Assert.Empty(await site.TracesAsync("ann@our.example"));
        Assert.Empty(await site.TracesAsync("nobody@our.example"));
    }

    [Fact]
    public async Task What_logs_in_is_not_written_down()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<bob@our.example>", from: "<ann@our.example>", asAnn: true)
        );
        var text = await site.TraceAsync("bob@our.example");
        Assert.Contains("C: AUTH PLAIN …\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain(AnnsLogin, text, StringComparison.Ordinal);
    }
}
