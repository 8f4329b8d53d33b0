using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.MailAuth.Dkim;
using Postreiter.Smtp.Server;
using Postreiter.Storage.MailAuth;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Authentication;

/// <summary>What users submit, and what the server writes itself, is signed where it leaves.</summary>
public sealed class SigningTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("From: Ann <ann@our.example>\nDate: then\nMessage-ID: <a@b>\nSubject: x\n\nbody  text\n\n")]
    // Date and Message-ID are added by us: what is signed is what is sent.
    [InlineData("From: ann@our.example\nTo: x@far.example\nBcc: y@far.example\nSubject: x\n\nbody")]
    [InlineData("From: ann@our.example\nSubject: x")]
    public async Task What_a_user_submits_is_signed_with_both_keys(string message)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            await using var site = await InboundSite.CreateAsync();
            await ActivateAsync(site, "our.example");
            await SubmitAsync(site, message, pacing: pacing);
            var sent = await site.QueuedAsync(Assert.Single(await site.QueueAsync()));
            Assert.StartsWith("DKIM-Signature: ", sent, StringComparison.Ordinal);
            var (dkim, _) = await Signed.VerifyAsync(sent, site.Dns);
            Assert.Equal(
                [(DkimResult.Pass, "our.example", "rsa-sha256"), (DkimResult.Pass, "our.example", "ed25519-sha256")],
                dkim.Select(d => (d.Result, d.Domain, d.Algorithm))
            );
            // Nobody can put another author, or another subject, in front.
            foreach (var added in new[] { "From: eve@far.example\r\n", "Subject: y\r\n" })
                Assert.All(
                    (await Signed.VerifyAsync(added + sent, site.Dns)).Dkim,
                    d => Assert.Equal(DkimResult.Fail, d.Result)
                );
        }
    }

    [Theory]
    [InlineData("From: ann@our.example\n\nb", "our.example")]
    [InlineData("From: ann@sub.our.example\n\nb", "our.example")]
    // Not hers: the domain of her own address answers for it.
    [InlineData("From: boss@also.example\n\nb", "our.example")]
    [InlineData("From: x@far.example\n\nb", "our.example")]
    [InlineData("Subject: x\n\nb", "our.example")]
    public async Task The_domain_is_the_authors_where_it_is_the_users_own(string message, string domain)
    {
        await using var site = await InboundSite.CreateAsync();
        await ActivateAsync(site, "our.example");
        await ActivateAsync(site, "also.example");
        await SubmitAsync(site, message);
        var sent = await site.QueuedAsync(Assert.Single(await site.QueueAsync()));
        Assert.All(
            (await Signed.VerifyAsync(sent, site.Dns)).Dkim,
            d => Assert.Equal((DkimResult.Pass, domain), (d.Result, d.Domain))
        );
    }

    [Fact]
    public async Task An_alias_of_another_domain_signs_for_that()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.AliasAsync("ann@also.example", "ann@our.example");
        await ActivateAsync(site, "also.example");
        await SubmitAsync(site, "From: ann@also.example\n\nb", from: "ann@also.example");
        var sent = await site.QueuedAsync(Assert.Single(await site.QueueAsync()));
        Assert.All((await Signed.VerifyAsync(sent, site.Dns)).Dkim, d => Assert.Equal("also.example", d.Domain));
    }

    [Fact]
    public async Task Without_a_key_in_use_nothing_is_signed_and_what_stays_here_is_not_either()
    {
        await using var site = await InboundSite.CreateAsync();
        await DkimKeyMaker.AddAsync(
            site.Store,
            DomainName.Parse("our.example"),
            DkimKeyAlgorithm.Rsa,
            "r",
            Now(site),
            Ct
        );
        await SubmitAsync(site, "From: ann@our.example\n\nb");
        Assert.DoesNotContain(
            "DKIM-",
            await site.QueuedAsync(Assert.Single(await site.QueueAsync())),
            StringComparison.Ordinal
        );
        await site.Store.MailAuth.ActivateDkimKeyAsync(DomainName.Parse("our.example"), "r", Now(site), Ct);
        await SubmitAsync(site, "From: ann@our.example\n\nb", to: "bob@our.example");
        Assert.DoesNotContain("DKIM-", Assert.Single(await site.InboxAsync("bob")), StringComparison.Ordinal);
        // The change is heard of at once.
        await SubmitAsync(site, "From: ann@our.example\n\nb");
        Assert.Contains("DKIM-", await site.QueuedAsync((await site.QueueAsync())[^1]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task L30_a_large_header_is_signed_by_its_fields_that_count()
    {
        await using var site = await InboundSite.CreateAsync();
        await ActivateAsync(site, "our.example");
        var other = string.Concat(Enumerable.Repeat($"X-Other: {new string('x', 900)}\n", 240));
        await SubmitAsync(site, other + "From: ann@our.example\nSubject: x\n\nb");
        var sent = await site.QueuedAsync(Assert.Single(await site.QueueAsync()));
        Assert.All((await Signed.VerifyAsync(sent, site.Dns)).Dkim, d => Assert.Equal(DkimResult.Pass, d.Result));
    }

    [Fact]
    public async Task A_notice_that_goes_out_is_signed()
    {
        await using var site = await InboundSite.CreateAsync();
        await ActivateAsync(site, "our.example");
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<ann@our.example>_NOTIFY=SUCCESS", from: "<s@far.example>")
        );
        var sent = await site.QueuedAsync(Assert.Single(await site.QueueAsync()));
        Assert.Contains("Content-Type: multipart/report", sent, StringComparison.Ordinal);
        var (dkim, _) = await Signed.VerifyAsync(sent, site.Dns);
        // From MAILER-DAEMON@mx.our.example: the domain above answers for it.
        Assert.Equal(
            [(DkimResult.Pass, "our.example"), (DkimResult.Pass, "our.example")],
            dkim.Select(d => (d.Result, d.Domain))
        );
    }

    [Fact]
    public async Task A_store_that_cannot_tell_its_keys_defers()
    {
        await using var site = await InboundSite.CreateAsync();
        site.Fault = method =>
            method == nameof(IMailAuthStore.ListDkimKeysAsync)
                ? new Storage.StoreException(Storage.StoreFault.Busy, "busy")
                : null;
        await SubmitAsync(site, "From: ann@our.example\n\nb", reply: "451 4.3.0 *");
        Assert.Empty(await site.QueueAsync());
    }

    /// <summary>Makes keys of both kinds, in use and in the DNS.</summary>
    internal static async Task ActivateAsync(InboundSite site, string domain)
    {
        var name = DomainName.Parse(domain);
        foreach (var algorithm in Enum.GetValues<DkimKeyAlgorithm>())
        {
            var key = await DkimKeyMaker.AddAsync(site.Store, name, algorithm, null, Now(site), Ct);
            Assert.NotNull(key);
            site.Dns.Txt(DkimKeyMaker.TxtName(name, key.Selector).Ascii, DkimKeyMaker.TxtRecord(key));
            await site.Store.MailAuth.ActivateDkimKeyAsync(name, key.Selector, Now(site), Ct);
        }
    }

    private static DateTimeOffset Now(InboundSite site) => site.Clock.GetUtcNow();

    private static Task SubmitAsync(
        InboundSite site,
        string message,
        string to = "x@far.example",
        string from = "ann@our.example",
        string reply = "250 2.0.0 *",
        Pacing pacing = Pacing.Lines
    ) =>
        site.PlayAsync(
            ListenerRole.Submission,
            InboundSite.Send($"<{to}>", message, reply, $"<{from}>", asAnn: true),
            pacing
        );
}
