using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Messages.Reports;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Queue;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Gate;

/// <content>Notices about mail that nobody here sent (BATV).</content>
public sealed partial class GateTests
{
    private const string Notice =
        "From: <mailer-daemon@far.example>\nSubject: Undelivered\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b--";

    private const string NotOurs = "550 5.7.1 This is a notice about mail that the recipient did not send";

    private static async Task<InboundSite> TaggedSiteAsync(
        Func<Postreiter.Delivery.Gate.GateOptions, Postreiter.Delivery.Gate.GateOptions>? change = null
    )
    {
        var site = await SiteAsync(change, GreylistMode.Off);
        site.Tags.Options = new BounceTagOptions { Domains = [DomainName.Parse("our.example")] };
        return site;
    }

    /// <summary>What a user's mail to another server goes out with.</summary>
    private static async Task<EmailAddress> SenderOfAsync(InboundSite site, string from = "<ann@our.example>")
    {
        After(site, 0.001);
        await site.PlayAsync(ListenerRole.Submission, Send("<x@far.example>", from: from, asAnn: true));
        return (await site.QueueAsync())[^1].Envelope.ReversePath!.Value;
    }

    [Fact]
    public async Task A_user_s_mail_goes_out_with_a_tag_and_its_notice_comes_back()
    {
        await using var site = await TaggedSiteAsync();
        var sender = await SenderOfAsync(site);
        Assert.StartsWith("prvs=0468", sender.LocalPart, StringComparison.Ordinal);
        await SendAsync(site, to: $"<{sender}>", from: "<>", text: Notice);
        var message = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains("\r\nDelivered-To: ann@our.example\r\n", message, StringComparison.Ordinal);
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Notice_of_our_mail");
        // A subaddress keeps its own; who answers to the envelope's sender reaches it too.
        sender = await SenderOfAsync(site, "<ann+shop@our.example>");
        Assert.EndsWith("=ann+shop", sender.LocalPart, StringComparison.Ordinal);
        await SendAsync(site, to: $"<{sender}>", from: "<s@far.example>");
        Assert.Equal(2, (await site.InboxAsync("ann")).Count);
    }

    [Fact]
    public async Task Our_own_notice_goes_to_the_user_and_names_no_tag()
    {
        await using var site = await TaggedSiteAsync();
        var open = new List<BlobWriter>();
        var filing = await site.Notices.WriteAsync(
            new QueueEnvelope { ReversePath = await SenderOfAsync(site) },
            site.Clock.GetUtcNow(),
            [
                new ReportedRecipient(
                    EmailAddress.Parse("x@far.example"),
                    ReportAction.Failed,
                    new EnhancedStatus(5, 0, 0)
                ),
            ],
            0,
            static (_, _, _) => new ValueTask<int>(0),
            open,
            TestContext.Current.CancellationToken
        );
        await site.Store.Mail.FileAsync(filing!, TestContext.Current.CancellationToken);
        foreach (var writer in open)
            await writer.DisposeAsync();
        var notice = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains(
            "\r\nTo: ann@our.example\r\n",
            notice.Replace("<", "", StringComparison.Ordinal).Replace(">", "", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("prvs=", notice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ann@our.example", "none")]
    [InlineData("prvs=0468abcdef=ann@our.example", "fail")]
    public async Task A_notice_about_what_nobody_here_sent_is_refused_after_the_message(string to, string result)
    {
        await using var site = await TaggedSiteAsync();
        await SendAsync(site, NotOurs, to: $"<{to}>", from: "<>", text: Notice);
        Assert.Equal(0, await site.CountAsync());
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Backscatter_" + result);
    }

    [Fact]
    public async Task A_tag_is_over_after_its_days_and_good_over_a_rotation()
    {
        await using var site = await TaggedSiteAsync();
        site.Clock.Advance(TimeSpan.FromDays(25));
        var first = await SenderOfAsync(site);
        site.Clock.Advance(TimeSpan.FromDays(14));
        // Another secret makes tags now.
        var second = await SenderOfAsync(site);
        await SendAsync(site, to: $"<{first}>", from: "<>", text: Notice);
        site.Clock.Advance(TimeSpan.FromDays(1));
        await SendAsync(site, NotOurs, to: $"<{first}>", from: "<>", text: Notice);
        await SendAsync(site, to: $"<{second}>", from: "<>", text: Notice);
        Assert.Contains("batv=pass", await site.TraceAsync("ann@our.example"), StringComparison.Ordinal);
        Assert.Equal(2, (await site.InboxAsync("ann")).Count);
    }

    [Theory]
    [InlineData(
        "a reader's receipt",
        "<ann@our.example>",
        "multipart/report; report-type=\"disposition-notification\"; boundary=b"
    )]
    [InlineData("the postmaster", "<postmaster@our.example>", "text/plain")]
    [InlineData("a domain without tags", "<dan@also.example>", "text/plain")]
    [InlineData(
        "no room for a tag",
        "<a.very.long.name.that.has.no.room.for.a.tag.in.front@our.example>",
        "text/plain"
    )]
    public async Task What_needs_no_tag_comes_in_without(string why, string to, string type)
    {
        await using var site = await TaggedSiteAsync();
        await site.AliasAsync("dan@also.example", "ann@our.example");
        await site.AliasAsync("a.very.long.name.that.has.no.room.for.a.tag.in.front@our.example", "ann@our.example");
        await SendAsync(
            site,
            to: to,
            from: "<>",
            text: $"From: s@far.example\nSubject: {why}\nContent-Type: {type}\n\n--b--"
        );
        Assert.Contains(why, Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_has_its_word_in_the_trace_and_callers_who_only_ask_hear_that_the_address_is_there()
    {
        await using var site = await TaggedSiteAsync();
        await RefuseAsync(site, "250 *", from: "<>");
        await SendAsync(
            site,
            from: "<>",
            text: "From: s@far.example\nSubject: read\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b--"
        );
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Receipt");
    }

    [Fact]
    public async Task Where_it_is_only_to_be_marked_it_is_filed_into_Junk()
    {
        await using var site = await TaggedSiteAsync(static o => o with { OnBackscatter = FailurePolicy.Mark });
        await SendAsync(site, from: "<>", text: Notice);
        Assert.Single(await site.InboxAsync("ann", "Junk"));
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Backscatter_marked");
    }

    [Fact]
    public async Task Of_several_recipients_those_have_it_who_may_and_an_entry_lets_it_in()
    {
        await using var site = await TaggedSiteAsync(static o =>
            o with
            {
                Lists = new GateLists(["ip:192.0.2.1 for cat@our.example"], []),
            }
        );
        var sender = await SenderOfAsync(site);
        await SendAsync(
            site,
            "353 *\nS: 250 2.0.0 *\nS: 550 5.7.1 *\nS: 250 2.0.0 *\nS: 250 2.0.0 *",
            $"<{sender}> <bob@our.example> <cat@our.example>",
            "<> PRDR",
            text: Notice
        );
        await SendAsync(site, to: $"<{sender}> <bob@our.example>", from: "<>", text: Notice);
        Assert.Equal(
            (2, 1, 1),
            (
                (await site.InboxAsync("ann")).Count,
                (await site.InboxAsync("bob", "Junk")).Count,
                (await site.InboxAsync("cat")).Count
            )
        );
    }

    [Fact]
    public async Task Greylisting_sees_the_plain_address_of_tagged_recipients()
    {
        await using var site = await TaggedSiteAsync();
        var sender = await SenderOfAsync(site, "<ann+bob@our.example>");
        site.Greylist.Options = new GreylistOptions { Mode = GreylistMode.On };
        await RefuseAsync(site, Delayed("192.0.2.1", "s@far.example", "ann+bob@our.example"), $"{sender}");
        After(site, 300);
        await SendAsync(site, to: "<ann+bob@our.example>");
    }

    [Fact]
    public async Task Forwarded_mail_keeps_the_sender_of_its_scheme_and_a_stranger_in_our_name_gets_no_tag()
    {
        await using var site = await TaggedSiteAsync();
        await site.AliasAsync("away@our.example", "x@beyond.example");
        await SendAsync(site, to: "<away@our.example>");
        var forwarded = (await site.QueueAsync())[^1].Envelope.ReversePath!.Value;
        Assert.StartsWith("SRS0=", forwarded.LocalPart, StringComparison.Ordinal);
        // A bounce to it finds its way without a tag.
        await SendAsync(site, to: $"<{forwarded}>", from: "<>", text: Notice);
        Assert.Equal("s@far.example", (await site.QueueAsync())[^1].Recipients[0].Address.ToString());
        After(site, 1);
        site.Dns.Mx("our.example", 1, "mx.our.example");
        await SendAsync(site, to: "<away@our.example>", from: "<bob@our.example>");
        Assert.Equal("bob@our.example", (await site.QueueAsync())[^1].Envelope.ReversePath.ToString());
        // What a user sends to it has a tag.
        After(site, 1);
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<away@our.example>", from: "<ann@our.example>", asAnn: true)
        );
        Assert.StartsWith(
            "prvs=",
            (await site.QueueAsync())[^1].Envelope.ReversePath!.Value.LocalPart,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task P11_a_tag_opens_no_way_to_elsewhere()
    {
        await using var site = await TaggedSiteAsync();
        await site.AliasAsync("@our.example", "ann@our.example");
        foreach (
            var local in new[]
            {
                "prvs=0468abcdef=x%far.example",
                "\"prvs=0468abcdef=x@far.example\"",
                "prvs=0468abcdef=SRS0=AAAAAA=AA=far.example=x",
            }
        )
            await RefuseAsync(site, "550 5.1.1 *", to: local + "@our.example");
        await RefuseAsync(site, "550 5.7.1 Relaying denied", to: "prvs=0468abcdef=x@far.example");
    }
}
