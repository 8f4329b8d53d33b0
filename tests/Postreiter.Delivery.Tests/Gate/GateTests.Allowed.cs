using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Tests.Authentication;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Gate;

/// <content>What opens an entry of an allow list, and what does not.</content>
public sealed partial class GateTests
{
    [Theory]
    [InlineData("bank.example", "x@made-up.bank.example", false)]
    [InlineData("*.bank.example", "x@made-up.bank.example", false)]
    [InlineData("x@*.bank.example", "x@made-up.bank.example", false)]
    [InlineData("bank.example", "x@bank.example", true)]
    [InlineData("x@bank.example", "x@bank.example", true)]
    [InlineData("*@bank.example", "x@bank.example", true)]
    public async Task A_name_that_anybody_makes_up_below_a_domain_opens_no_entry(string entry, string from, bool opens)
    {
        await using var site = await SiteAsync(o => o with { Lists = new GateLists([entry], []) }, GreylistMode.On);
        foreach (var name in new[] { "bank.example", "made-up.bank.example" })
            site.Dns.Mx(name, 1, "mx.bank.example");
        if (opens)
            await SendAsync(site, from: $"<{from}>");
        else
            await RefuseAsync(site, Delayed("192.0.2.1", from, "ann@our.example"), from: $"<{from}>");
        // Who may send for it is known by SPF: all below a domain is meant then.
        site.Dns.Txt("made-up.bank.example", "v=spf1 ip4:192.0.2.1 -all");
        await SendAsync(site, from: $"<{from}>");
    }

    [Theory]
    [InlineData("v=spf1 ip4:192.0.2.1 -all", "")]
    [InlineData(null, "Junk")]
    public async Task A_sender_for_whom_nothing_vouches_keeps_no_mail_from_its_author_s_policy(
        string? spf,
        string place
    )
    {
        await using var site = await SiteAsync(
            o => o with { Lists = new GateLists(["partner.example"], []) },
            GreylistMode.Off
        );
        site.Dns.Mx("partner.example", 1, "mx.partner.example")
            .Mx("bank.example", 1, "mx.bank.example")
            .Txt("_dmarc.bank.example", "v=DMARC1; p=quarantine");
        if (spf is not null)
            site.Dns.Txt("partner.example", spf);
        await SendAsync(site, from: "<x@partner.example>", text: "From: chief@bank.example\nSubject: pay\n\nnow");
        Assert.Single(place.Length == 0 ? await site.InboxAsync("ann") : await site.InboxAsync("ann", place));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(99.0, false)]
    [InlineData(101.0, true)]
    public async Task Nothing_is_refused_before_the_message_that_is_no_spam_for_its_reader(
        double? threshold,
        bool isTaken
    )
    {
        await using var site = await SiteAsync(
            o => o with { Lists = new GateLists([], ["far.example"]) },
            GreylistMode.Off
        );
        await site.ThresholdAsync("ann@our.example", threshold);
        if (isTaken)
            await SendAsync(site);
        else
            await RefuseAsync(site, "550 5.7.1 You are not wanted here");
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_good_tag_counts_though_the_same_recipient_is_named_without(bool isFirst)
    {
        await using var site = await TaggedSiteAsync();
        var sender = await SenderOfAsync(site);
        var (first, second) = isFirst ? ($"{sender}", "ann@our.example") : ("ann@our.example", $"{sender}");
        await SendAsync(site, to: $"<{first}> <{second}>", from: "<>", text: Notice);
        Assert.NotEmpty(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task What_speaks_against_one_recipient_delays_no_other()
    {
        await using var site = await TaggedSiteAsync();
        var sender = await SenderOfAsync(site);
        site.Greylist.Options = new GreylistOptions { Mode = GreylistMode.Smart };
        After(site, 0.001);
        await site.PlayAsync(
            ListenerRole.Mx,
            $"""
            S: 220 *
            C: EHLO mail.far.example
            S... 250 HELP
            C: MAIL FROM:<>
            S: 250 *
            C: RCPT TO:<bob@our.example>
            S: 250 *
            C: RCPT TO:<{sender}>
            S: 250 *
            C: DATA
            S... 451 4.7.1 *
            """
        );
        Assert.Contains("greylist=not-needed", await site.TraceAsync("ann@our.example"), StringComparison.Ordinal);
    }

    [Theory, InlineData("far.example", true), InlineData("evil.example", false)]
    public async Task An_entry_for_an_author_who_signed_it_lets_a_notice_in_without_a_tag(string signer, bool isTaken)
    {
        await using var site = await TaggedSiteAsync(static o => o with { Lists = new GateLists(["far.example"], []) });
        site.Dns.WithKey(signer);
        await SendAsync(site, isTaken ? "250 2.0.0 *" : NotOurs, from: "<>", text: Signed.By(signer, Notice));
        Assert.Equal(isTaken ? 1 : 0, (await site.InboxAsync("ann")).Count);
    }

    [Fact]
    public async Task What_a_stranger_puts_behind_a_plus_sign_fills_no_memory()
    {
        await using var site = await SiteAsync(mode: GreylistMode.Off);
        await SendAsync(site);
        var count = site.Gate!.Stored!.Count;
        await SendAsync(site, to: "<ann+1@our.example> <ann+2@our.example>");
        Assert.Equal(count, site.Gate.Stored.Count);
    }

    [Fact]
    public async Task What_is_below_the_points_of_the_quarantine_for_its_reader_is_not_kept_apart()
    {
        await using var site = await SiteAsync(mode: GreylistMode.Off);
        site.Filter(new SpamTests.Pills(), new SpamFilterOptions { QuarantineAt = 10 });
        await site.PlayAsync(ListenerRole.Submission, Send("<s@far.example>", from: "<ann@our.example>", asAnn: true));
        var pills = "From: s@far.example\n\n" + string.Join(' ', Enumerable.Repeat("pill", 12));
        await SendAsync(site, to: "<bob@our.example>", text: pills);
        Assert.Single(await site.QuarantinedAsync());
        await SendAsync(site, text: pills);
        Assert.Single(await site.QuarantinedAsync());
        Assert.Single(await site.InboxAsync("ann", "Junk"));
    }
}
