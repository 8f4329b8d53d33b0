using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Tests.Authentication;
using Postreiter.Delivery.Tests.Gate;
using Postreiter.Smtp.Server;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Lists;

/// <content>Correspondents are welcome to the account that wrote to them.</content>
public sealed partial class ReaderTests
{
    [Fact]
    public async Task An_account_s_correspondents_are_welcome_to_it_alone_and_within_bounds()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(ListenerRole.Submission, Send("<s@far.example>", from: "<ann@our.example>", asAnn: true));
        await SendAsync(site, Pills(7));
        Assert.Equal("ann 1/0 bob 0/1 cat 0/1", await PlacesAsync(site));
        Assert.Contains(
            "X-Spam-Status: No, score=2.0\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Welcome");
        // Five points and no more; and a machine of his that sends spam is refused as any.
        await SendAsync(site, Pills(11), "<ann@our.example>");
        await SendAsync(site, Pills(20), "<ann@our.example>", "550 5.7.1 *");
        Assert.Equal("ann 1/1 bob 0/1 cat 0/1", await PlacesAsync(site));
        // Another of that domain, and one who only looks like him.
        await SendAsync(site, Pills(7, "t@far.example"), "<ann@our.example>", from: "<t@far.example>");
        Assert.Equal("ann 1/2 bob 0/1 cat 0/1", await PlacesAsync(site));
        site.Dns.Remove("far.example").Mx("far.example", 10, "mail.far.example");
        await SendAsync(site, Pills(7), "<ann@our.example>");
        Assert.Equal("ann 1/3 bob 0/1 cat 0/1", await PlacesAsync(site));
        // His author's address with his domain's signature, by any way.
        site.Dns.WithKey("far.example");
        await SendAsync(
            site,
            Signed.By("far.example", Pills(7, "s@far.example")),
            "<ann@our.example>",
            from: "<list@far.example>"
        );
        Assert.Equal("ann 2/3 bob 0/1 cat 0/1", await PlacesAsync(site));
        site.Gate!.Options = site.Gate.Options with { Welcome = 0 };
        await SendAsync(
            site,
            Signed.By("far.example", Pills(7, "s@far.example")),
            "<ann@our.example>",
            from: "<list@far.example>"
        );
        Assert.Equal("ann 2/4 bob 0/1 cat 0/1", await PlacesAsync(site));
    }

    [Fact]
    public async Task Welcome_ends_with_the_greylist_s_lifetime_and_a_receipt_is_no_letter()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(ListenerRole.Submission, Send("<s@far.example>", from: "<>", asAnn: true));
        await SendAsync(site, Pills(7), "<ann@our.example>");
        Assert.Equal("ann 0/1 bob 0/0 cat 0/0", await PlacesAsync(site));
        await site.PlayAsync(ListenerRole.Submission, Send("<s@far.example>", from: "<ann@our.example>", asAnn: true));
        site.Clock.Advance(TimeSpan.FromDays(35));
        await SendAsync(site, Pills(7), "<ann@our.example>");
        // Used, and so renewed.
        site.Clock.Advance(TimeSpan.FromDays(35));
        await SendAsync(site, Pills(7), "<ann@our.example>");
        site.Clock.Advance(TimeSpan.FromDays(37));
        await SendAsync(site, Pills(7), "<ann@our.example>");
        Assert.Equal("ann 2/2 bob 0/0 cat 0/0", await PlacesAsync(site));
    }

    [Fact]
    public async Task Correspondents_are_known_to_the_other_nodes_and_after_a_restart()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(ListenerRole.Submission, Send("<s@far.example>", from: "<ann@our.example>", asAnn: true));
        using (var saving = new GreylistSync(site.Greylist, site.Store, site.Clock, NullLogger.Instance))
            await saving.SyncAsync(TestContext.Current.CancellationToken);
        var other = new Greylist(site.Clock, 7);
        using (var loading = new GreylistSync(other, site.Store, site.Clock, NullLogger.Instance))
            await loading.LoadAsync(TestContext.Current.CancellationToken);
        var (ann, bob) = (EmailAddress.Parse("ann@our.example"), EmailAddress.Parse("bob@our.example"));
        Assert.True(other.IsCorrespondent(ann, EmailAddress.Parse("S@far.example")));
        Assert.False(other.IsCorrespondent(bob, EmailAddress.Parse("s@far.example")));
        Assert.False(other.IsCorrespondent(EmailAddress.Parse("s@far.example"), ann));
        Assert.True(other.IsCorrespondent(EmailAddress.Parse("s@far.example")));
    }
}
