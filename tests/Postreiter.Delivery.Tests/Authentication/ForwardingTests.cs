using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.MailAuth.Arc;
using Postreiter.MailAuth.Srs;
using Postreiter.Smtp.Server;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Delivery.Tests.Authentication;

/// <summary>Mail that an alias sends on: its sender is rewritten and finds bounces again, its way is sealed.</summary>
public sealed class ForwardingTests
{
    private const string Message = "From: S <s@far.example>\nTo: fwd@our.example\nSubject: x\n\nbody";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bounce_to_a_rewritten_sender_finds_its_way_back()
    {
        await using var site = await SiteAsync();
        var sender = await ForwardAsync(site);
        Assert.Matches("^SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=far\\.example=Sam$", sender.LocalPart);
        Assert.Equal("our.example", sender.Domain.Ascii);

        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send($"<{sender}>", from: "<>"));
        var bounce = (await site.QueueAsync())[^1];
        Assert.Null(bounce.Envelope.ReversePath);
        Assert.Equal(["Sam@far.example"], bounce.Recipients.Select(r => r.Address.ToString()));

        // Servers fold the case of local parts.
        var folded = sender.ToString().ToLowerInvariant();
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send($"<{folded}>", from: "<>"));
        Assert.Equal(3, (await site.QueueAsync()).Count);
    }

    [Theory]
    [InlineData("<s@far.example>", "550 5.7.1 *", ListenerRole.Mx)]
    [InlineData("<ann@our.example>", "550 5.7.1 *", ListenerRole.Submission)]
    public async Task P11_it_takes_bounces_only(string from, string reply, ListenerRole role)
    {
        await using var site = await SiteAsync();
        var sender = await ForwardAsync(site);
        await RcptAsync(site, role, from, sender.ToString(), reply);
        Assert.Single(await site.QueueAsync());
    }

    [Fact]
    public async Task P11_nobody_else_can_make_such_an_address_and_none_is_good_for_ever()
    {
        await using var site = await SiteAsync();
        await site.AliasAsync("@our.example", "ann@our.example");
        await RcptAsync(site, ListenerRole.Mx, "<>", "SRS0=AAAAAA=7G=far.example=s@our.example", "550 5.1.1 *");
        var sender = (await ForwardAsync(site)).ToString();
        foreach (
            var forged in new[]
            {
                sender.Replace("Sam", "tom", StringComparison.Ordinal),
                sender.Replace("far.example", "other.example", StringComparison.Ordinal),
                "SRS0=" + sender[5..].Replace(sender[5], sender[5] == 'A' ? 'B' : 'A'),
                "SRS0@our.example",
                "SRS1=AAAAAA=far.example==x@our.example",
            }
        )
            await RcptAsync(
                site,
                ListenerRole.Mx,
                "<>",
                forged,
                forged == "SRS0@our.example" ? "250 *" : "550 5.1.1 *"
            );
        site.Clock.Advance(TimeSpan.FromDays(30));
        await RcptAsync(site, ListenerRole.Mx, "<>", sender, "250 *");
        site.Clock.Advance(TimeSpan.FromDays(1));
        await RcptAsync(site, ListenerRole.Mx, "<>", sender, "550 5.1.1 *");
    }

    [Fact]
    public async Task The_secret_rotates_and_the_one_before_stays_good_for_what_it_made()
    {
        await using var site = await SiteAsync();
        await ForwardAsync(site);
        site.Clock.Advance(TimeSpan.FromDays(29));
        var late = (await ForwardAsync(site)).ToString();
        Assert.Single(await site.Store.MailAuth.ListSrsSecretsAsync(Ct));
        site.Clock.Advance(TimeSpan.FromDays(2));
        await ForwardAsync(site);
        Assert.Equal(2, (await site.Store.MailAuth.ListSrsSecretsAsync(Ct)).Count);
        site.Clock.Advance(TimeSpan.FromDays(28));
        await RcptAsync(site, ListenerRole.Mx, "<>", late, "250 *");
        site.Clock.Advance(TimeSpan.FromDays(10));
        await ForwardAsync(site);
        var secrets = await site.Store.MailAuth.ListSrsSecretsAsync(Ct);
        Assert.Equal(2, secrets.Count);
        Assert.DoesNotContain(secrets, s => site.Clock.GetUtcNow() - s.Created > TimeSpan.FromDays(62));
    }

    [Theory]
    [InlineData("<>", null)]
    [InlineData("<cat@our.example>", "cat@our.example")]
    [InlineData(
        "<SRS0=abcd=xy=first.example=s@far.example>",
        "SRS1=*=far.example==abcd=xy=first.example=s@our.example"
    )]
    [InlineData("<a-local-part-that-is-so-long-that-nothing-fits-beside@far.example>", "postmaster@our.example")]
    public async Task Senders_that_need_none_or_get_another(string from, string? expected)
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<fwd@our.example>", Message, from: from));
        var sender = Assert.Single(await site.QueueAsync()).Envelope.ReversePath?.ToString();
        if (expected?.IndexOf('*') is { } star and >= 0)
        {
            Assert.StartsWith(expected[..star], sender, StringComparison.Ordinal);
            Assert.EndsWith(expected[(star + 1)..], sender, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(expected, sender);
        }
    }

    [Fact]
    public async Task Two_forwarders_in_turn_and_the_bounce_goes_back_the_same_way()
    {
        await using var first = await SiteAsync();
        var srs0 = await ForwardAsync(first);
        await using var second = await SiteAsync();
        await second.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<fwd@our.example>", Message, from: $"<{srs0.At(DomainName.Parse("first.example"))}>")
        );
        var srs1 = Assert.Single(await second.QueueAsync()).Envelope.ReversePath!.Value;
        await second.PlayAsync(ListenerRole.Mx, InboundSite.Send($"<{srs1}>", from: "<>"));
        var back = (await second.QueueAsync())[^1].Recipients[0].Address;
        Assert.Equal("first.example", back.Domain.Ascii);
        await first.PlayAsync(ListenerRole.Mx, InboundSite.Send($"<{back.At(srs0.Domain)}>", from: "<>"));
        Assert.Equal("Sam@far.example", (await first.QueueAsync())[^1].Recipients[0].Address.ToString());
    }

    [Fact]
    public async Task A_fault_of_the_store_defers_and_sends_nothing_unwritten()
    {
        await using var site = await SiteAsync();
        site.Fault = method =>
            method == nameof(IMailAuthStore.AddSrsSecretAsync)
                ? new Storage.StoreException(Storage.StoreFault.DiskFull, "full")
                : null;
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<fwd@our.example>", Message, "452 4.3.1 *", "<Sam@far.example>")
        );
        Assert.Empty(await site.QueueAsync());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_is_forwarded_is_sealed_with_what_was_found(bool isSealedBefore)
    {
        await using var site = await SiteAsync(new SenderCheckOptions());
        site.Dns.Txt("far.example", "v=spf1 ip4:192.0.2.1 -all").WithKey("far.example").WithKey("lists.example");
        await SigningTests.ActivateAsync(site, "our.example");
        // A field of ours that is taken out makes the header another one than came; its seal is over what goes on.
        var message = Signed.By("far.example", isSealedBefore ? Message : "X-Spam-Flag: YES\n" + Message);
        if (isSealedBefore)
            message = Signed.Sealed("lists.example", "spf=pass smtp.mailfrom=a@b.example", message);
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<fwd@our.example> <ann@our.example>", message, from: "<s@far.example>")
        );
        var sent = await site.QueuedAsync(Assert.Single(await site.QueueAsync()));
        var (dkim, arc) = await Signed.VerifyAsync(sent, site.Dns);
        Assert.Equal(ArcResult.Pass, arc.Result);
        Assert.Equal(isSealedBefore ? ["lists.example", "our.example"] : ["our.example"], arc.Sealers);
        Assert.StartsWith("mx.our.example;", arc.AuthenticationResults[^1].Trim(), StringComparison.Ordinal);
        Assert.Contains("spf=pass", arc.AuthenticationResults[^1], StringComparison.Ordinal);
        Assert.Equal([MailAuth.Dkim.DkimResult.Pass], dkim.Select(d => d.Result));
        // Whose mailbox is here reads what we found, not the seal.
        Assert.DoesNotContain(
            "ARC-Seal: a=rsa-sha256; b=",
            Assert.Single(await site.InboxAsync("ann")).Split("Received:")[0]
        );
    }

    private static async Task<InboundSite> SiteAsync(SenderCheckOptions? checks = null)
    {
        var site = await InboundSite.CreateAsync(checks: checks);
        return await site.AliasAsync("fwd@our.example", "x@dest.example");
    }

    /// <summary>Sends a message to the alias; gives the sender it goes on with.</summary>
    private static async Task<EmailAddress> ForwardAsync(InboundSite site)
    {
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<fwd@our.example>", Message, from: "<Sam@far.example>")
        );
        var item = (await site.QueueAsync())[^1];
        Assert.Equal("dest.example", item.Destination.Ascii);
        Assert.True(SrsRewriter.IsSrs(item.Envelope.ReversePath!.Value.LocalPart));
        return item.Envelope.ReversePath.Value;
    }

    private static Task RcptAsync(InboundSite site, ListenerRole role, string from, string to, string reply) =>
        site.PlayAsync(
            role,
            $"""
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            {(role == ListenerRole.Submission ? $"C: AUTH PLAIN {InboundSite.AnnsLogin}\nS: 235 2.7.0 *" : "")}
            C: MAIL FROM:{from}
            S: 250 *
            C: RCPT TO:<{to}>
            S: {reply}
            """
        );
}
