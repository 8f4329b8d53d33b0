using System.Net;
using System.Text.RegularExpressions;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Dns;
using Postreiter.MailAuth.Dkim;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Authentication;

/// <summary>What mail from other servers meets at the door: each reply, each field, each mailbox.</summary>
public sealed partial class SenderCheckTests
{
    private const string Message = "From: S <s@far.example>\nTo: ann@our.example\nSubject: x\n\nbody";
    private const string Refused = "550 5.7.1 *";
    private const string Taken = "250 2.0.0 *";

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Every_method_stands_in_one_field_above_Received(Pacing pacing)
    {
        await using var site = await SiteAsync();
        site.Dns.WithKey("far.example")
            .Txt("client.example", "v=spf1 -all")
            .Ptr("192.0.2.1", "client.example")
            .Address("client.example", "192.0.2.1");
        await SendAsync(site, Signed.By("far.example", Message), Taken, pacing: pacing);
        var text = Assert.Single(await site.InboxAsync("ann"));
        Assert.Matches(
            """
            ^Return-Path: <s@far\.example>
            Delivered-To: ann@our\.example
            Authentication-Results: mx\.our\.example;
            spf=pass smtp\.mailfrom=s@far\.example;
            spf=fail reason="[^"]+" smtp\.helo=client\.example;
            dkim=pass header\.d=far\.example header\.i=@far\.example header\.s=s header\.a=rsa-sha256 header\.b=\S+;
            dmarc=pass \(p=reject dis=none\) header\.from=far\.example;
            iprev=pass \(client\.example\) policy\.iprev=192\.0\.2\.1
            Received: from
            """.ReplaceLineEndings(" "),
            Unfolded(text)
        );
        Assert.EndsWith(Signed.By("far.example", Message)[^30..].ReplaceLineEndings("\r\n") + "\r\n", text);
    }

    [Theory]
    [InlineData("reject", FailurePolicy.Reject, Refused, null)]
    [InlineData("reject", FailurePolicy.Quarantine, Taken, "Junk")]
    [InlineData("reject", FailurePolicy.Mark, Taken, "INBOX")]
    [InlineData("quarantine", FailurePolicy.Reject, Taken, "Junk")]
    [InlineData("quarantine", FailurePolicy.Quarantine, Taken, "Junk")]
    [InlineData("quarantine", FailurePolicy.Mark, Taken, "INBOX")]
    [InlineData("none", FailurePolicy.Reject, Taken, "INBOX")]
    [InlineData("reject; pct=0", FailurePolicy.Reject, Taken, "Junk")]
    public async Task What_a_domain_asks_is_done_as_the_site_wants(
        string policy,
        FailurePolicy onReject,
        string reply,
        string? mailbox
    )
    {
        await using var site = await SiteAsync(new SenderCheckOptions { OnDmarcReject = onReject }, policy);
        await SendAsync(site, Message, reply, from: "s@other.example");
        Assert.Equal(mailbox == "INBOX" ? 1 : 0, (await site.InboxAsync("ann")).Count);
        Assert.Equal(mailbox == "Junk" ? 1 : 0, (await site.InboxAsync("ann", "Junk")).Count);
        if (mailbox is not null)
            Assert.Contains(
                "dmarc=fail",
                Assert.Single(await site.InboxAsync("ann", mailbox)),
                StringComparison.Ordinal
            );
    }

    [Theory]
    [InlineData(FailurePolicy.Mark, Taken, "INBOX")]
    [InlineData(FailurePolicy.Quarantine, Taken, "Junk")]
    [InlineData(FailurePolicy.Reject, "550 5.7.23 *", null)]
    public async Task What_follows_from_SPF_alone_is_the_sites_word(FailurePolicy onFail, string reply, string? mailbox)
    {
        await using var site = await SiteAsync(new SenderCheckOptions { OnSpfFail = onFail }, dmarc: null);
        await SendAsync(site, Message, reply, client: "192.0.2.99");
        Assert.Equal(mailbox == "INBOX" ? 1 : 0, (await site.InboxAsync("ann")).Count);
        Assert.Equal(mailbox == "Junk" ? 1 : 0, (await site.InboxAsync("ann", "Junk")).Count);
    }

    [Fact]
    public async Task Mail_that_DKIM_vouches_for_is_not_refused_for_its_way()
    {
        await using var site = await SiteAsync(new SenderCheckOptions { OnSpfFail = FailurePolicy.Reject });
        site.Dns.WithKey("far.example");
        await SendAsync(site, Signed.By("far.example", Message), Taken, client: "192.0.2.99");
        Assert.Contains("dmarc=pass", Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Subject: x\n\nbody")]
    [InlineData("From: a@far.example\nFrom: b@far.example\nSubject: x\n\nbody")]
    [InlineData("no header at all")]
    public async Task Mail_without_its_one_author_is_refused(string message)
    {
        await using var site = await SiteAsync();
        await SendAsync(site, message, Refused);
        Assert.Equal(0, await site.CountAsync());
    }

    [Theory]
    [InlineData("reject", Taken)]
    [InlineData("none", Taken)]
    public async Task F8_a_policy_that_cannot_be_had_is_nobodys_fault(string policy, string reply)
    {
        await using var site = await SiteAsync(dmarc: policy);
        site.Dns.Fail("_dmarc.far.example");
        await SendAsync(site, Message, reply, client: "192.0.2.99");
        Assert.Contains("dmarc=temperror", Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("reject", FailurePolicy.Reject, "451 4.7.1 *")]
    [InlineData("reject", FailurePolicy.Quarantine, Taken)]
    [InlineData("quarantine", FailurePolicy.Reject, Taken)]
    [InlineData("none", FailurePolicy.Reject, Taken)]
    public async Task F8_an_answer_that_decides_is_waited_for(string policy, FailurePolicy onReject, string reply)
    {
        await using var site = await SiteAsync(new SenderCheckOptions { OnDmarcReject = onReject }, policy);
        site.Dns.Fail("s._domainkey.far.example");
        await SendAsync(site, Signed.By("far.example", Message), reply, client: "192.0.2.99");
        Assert.Equal(reply == Taken ? 1 : 0, await site.CountAsync());
        if (reply == Taken)
            Assert.Matches("dkim=temperror(.|\n)+dmarc=temperror", Assert.Single(await site.InboxAsync("ann")));
    }

    [Theory]
    [InlineData("192.0.2.99", "s@other.example", true)] // by network
    [InlineData("192.0.2.50", "s@other.example", true)] // by the client's name
    [InlineData("192.0.2.60", "srs@lists.example", true)] // by the sender that SPF vouches for
    [InlineData("192.0.2.61", "srs@lists.example", false)]
    [InlineData("192.0.2.51", "s@other.example", false)] // a name that does not lead back
    public async Task Trusted_forwarders_are_not_judged_by_what_they_forward(string client, string from, bool isTrusted)
    {
        var options = new SenderCheckOptions
        {
            TrustedNetworks = [IPNetwork.Parse("192.0.2.96/28")],
            TrustedDomains = [DomainName.Parse("lists.example")],
            OnSpfFail = FailurePolicy.Reject,
        };
        await using var site = await SiteAsync(options);
        site.Dns.Txt("lists.example", "v=spf1 ip4:192.0.2.60 -all")
            .Ptr("192.0.2.50", "out.lists.example")
            .Ptr("192.0.2.51", "out.lists.example")
            .Address("out.lists.example", "192.0.2.50");
        await SendAsync(site, Message, isTrusted ? Taken : "550 *", client: client, from: from);
        if (isTrusted)
            Assert.Contains(
                "dmarc=fail (p=reject dis=none)",
                Unfolded(Assert.Single(await site.InboxAsync("ann"))),
                StringComparison.Ordinal
            );
    }

    [Theory]
    [InlineData("lists.example", "spf=pass smtp.mailfrom=s@far.example; dmarc=pass header.from=far.example", true)]
    [InlineData("lists.example", "dkim=pass header.d=far.example", true)]
    [InlineData("lists.example", "spf=pass smtp.mailfrom=s@far.example; dmarc=fail header.from=far.example", false)]
    [InlineData("unknown.example", "dmarc=pass header.from=far.example", false)]
    public async Task A_chain_that_is_trusted_tells_what_the_first_receiver_saw(string sealer, string saw, bool isTaken)
    {
        var options = new SenderCheckOptions { TrustedSealers = [DomainName.Parse("lists.example")] };
        await using var site = await SiteAsync(options);
        site.Dns.WithKey(sealer);
        await SendAsync(
            site,
            Signed.Sealed(sealer, saw, Message),
            isTaken ? Taken : Refused,
            client: "192.0.2.99",
            from: "l@lists.example"
        );
        if (isTaken)
            Assert.Contains(
                $"arc=pass (sealed by {sealer})",
                Unfolded(Assert.Single(await site.InboxAsync("ann"))),
                StringComparison.Ordinal
            );
    }

    [Fact]
    public async Task A_chain_that_was_changed_is_worth_nothing()
    {
        var options = new SenderCheckOptions { TrustedSealers = [DomainName.Parse("lists.example")] };
        await using var site = await SiteAsync(options);
        site.Dns.WithKey("lists.example");
        var text = Signed.Sealed("lists.example", "dmarc=pass header.from=far.example", Message) + " changed";
        await SendAsync(site, text, Refused, client: "192.0.2.99", from: "l@lists.example");
    }

    [Fact]
    public async Task Signatures_are_over_what_came_also_over_what_is_taken_out()
    {
        await using var site = await SiteAsync();
        site.Dns.WithKey("far.example");
        var options = new DkimSigningOptions
        {
            OversignedFields = ["From", "X-Spam-Flag", "Authentication-Results", "Return-Path"],
        };
        var text = Signed.By(
            "far.example",
            "X-Spam-Flag: NO\nReturn-Path: <a@b.example>\nAuthentication-Results: MX.our.example; dmarc=pass\n"
                + Message,
            options
        );
        await SendAsync(site, text, Taken, client: "192.0.2.99");
        var got = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains("dkim=pass", got, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Spam-Flag: NO", got, StringComparison.Ordinal);
        Assert.Single(Fields().Matches(got));
    }

    [Theory]
    [InlineData("X-Other", true)]
    [InlineData("X-Signed", false)] // more than a session may hold: as if it were not signed
    public async Task L30_a_signature_in_a_large_header_is_checked_by_what_it_is_over(string name, bool isPassing)
    {
        await using var site = await SiteAsync();
        site.Dns.WithKey("far.example");
        var field = $"{name}: {new string('x', 900)}\n";
        var large = string.Concat(Enumerable.Repeat(field, 240)) + Message;
        var options = new DkimSigningOptions { SignedFields = ["X-Signed", "Subject"] };
        await SendAsync(
            site,
            Signed.By("far.example", large, options),
            isPassing ? Taken : Refused,
            client: "192.0.2.99"
        );
        if (isPassing)
            Assert.Contains("dkim=pass", Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_null_sender_is_checked_by_its_HELO()
    {
        await using var site = await SiteAsync();
        site.Dns.Txt("client.example", "v=spf1 ip4:192.0.2.1 -all");
        await SendAsync(site, "From: m@client.example\nSubject: x\n\nbounce", Taken, from: "");
        var text = Unfolded(Assert.Single(await site.InboxAsync("ann")));
        Assert.Contains(
            "; spf=pass smtp.helo=client.example; dkim=none reason=\"no signature\"; dmarc=none",
            text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task F7_what_the_DNS_does_not_say_in_time_is_a_temperror()
    {
        await using var site = await InboundSite.CreateAsync(checks: new SenderCheckOptions(), dns: new SilentDns());
        var script = InboundSite.Send("<ann@our.example>", Message, "250 2.0.0 *");
        var (mail, end) = (
            script.IndexOf("C: RCPT", StringComparison.Ordinal),
            script.LastIndexOf("S: 250", StringComparison.Ordinal)
        );
        // SPF and the client's name have their time from MAIL on, DMARC after the dot.
        await site.PlayAsync(
            ListenerRole.Mx,
            script[..mail] + "T: 20s\n" + script[mail..end] + "T: 20s\n" + script[end..]
        );
        Assert.Matches("spf=temperror(.|\n)+dmarc=temperror", Assert.Single(await site.InboxAsync("ann")));
    }

    [Theory]
    [InlineData(ListenerRole.Mx, "127.0.0.9", true)]
    [InlineData(ListenerRole.Mx, "::1", true)]
    [InlineData(ListenerRole.Mx, "127.0.0.9", false)]
    [InlineData(ListenerRole.Lmtp, "192.0.2.1", true)]
    [InlineData(ListenerRole.Submission, "192.0.2.1", true)]
    public async Task Whoever_is_not_to_be_checked_costs_no_look_up_and_gets_no_field(
        ListenerRole role,
        string client,
        bool isOn
    )
    {
        await using var site = await SiteAsync(new SenderCheckOptions { IsOn = isOn });
        await site.PlayAsync(
            role,
            InboundSite.Send(
                "<ann@our.example>",
                Message,
                from: role == ListenerRole.Submission ? "<ann@our.example>" : "<s@far.example>",
                hello: role == ListenerRole.Lmtp ? "LHLO client.example" : "EHLO client.example",
                asAnn: role == ListenerRole.Submission
            ),
            remote: client
        );
        Assert.DoesNotContain(
            "Authentication-Results",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
        Assert.Empty(site.Dns.Questions);
    }

    /// <summary>A site where far.example may send from 192.0.2.1 only, and asks for rejection.</summary>
    private static async Task<InboundSite> SiteAsync(SenderCheckOptions? options = null, string? dmarc = "reject")
    {
        var site = await InboundSite.CreateAsync(checks: options ?? new SenderCheckOptions());
        site.Dns.Txt("far.example", "v=spf1 ip4:192.0.2.1 -all");
        if (dmarc is not null)
            site.Dns.Txt("_dmarc.far.example", $"v=DMARC1; p={dmarc}");
        return site;
    }

    private static Task SendAsync(
        InboundSite site,
        string message,
        string reply,
        string client = "192.0.2.1",
        string from = "s@far.example",
        Pacing pacing = Pacing.Lines
    ) =>
        site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<ann@our.example>", message, reply, $"<{from}>"),
            pacing,
            remote: client
        );

    private static string Unfolded(string text) => Folds().Replace(text, " ");

    [GeneratedRegex(@"\s+", RegexOptions.NonBacktracking)]
    private static partial Regex Folds();

    [GeneratedRegex("^Authentication-Results:", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Fields();

    /// <summary>Never answers.</summary>
    private sealed class SilentDns : IDnsResolver
    {
        public ValueTask<DnsAnswer<IPAddress>> ResolveAAsync(DomainName name, CancellationToken ct) =>
            Silence<IPAddress>(ct);

        public ValueTask<DnsAnswer<IPAddress>> ResolveAaaaAsync(DomainName name, CancellationToken ct) =>
            Silence<IPAddress>(ct);

        public ValueTask<DnsAnswer<MxRecord>> ResolveMxAsync(DomainName name, CancellationToken ct) =>
            Silence<MxRecord>(ct);

        public ValueTask<DnsAnswer<string>> ResolveTxtAsync(DomainName name, CancellationToken ct) =>
            Silence<string>(ct);

        public ValueTask<DnsAnswer<DomainName>> ResolvePtrAsync(IPAddress address, CancellationToken ct) =>
            Silence<DomainName>(ct);

        private static async ValueTask<DnsAnswer<T>> Silence<T>(CancellationToken ct)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
            return DnsAnswer.TemporaryFailure<T>("");
        }
    }
}
