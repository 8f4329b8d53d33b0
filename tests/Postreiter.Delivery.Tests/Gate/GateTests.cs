using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Tests.Authentication;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using Postreiter.Testing;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Gate;

/// <summary>A conversation for every check before the message and every action, with its trace as people read it.</summary>
public sealed partial class GateTests
{
    private const string Message = "From: S <s@far.example>\nSubject: x\n\nbody";

    /// <summary>A server of far.example as it should be, at 192.0.2.1.</summary>
    private static async Task<InboundSite> SiteAsync(
        Func<GateOptions, GateOptions>? change = null,
        GreylistMode mode = GreylistMode.Smart,
        Postreiter.Dns.IDnsResolver? dns = null
    )
    {
        var site = await CreateAsync(checks: new SenderCheckOptions(), dns: dns);
        site.Dns.Ptr("192.0.2.1", "mail.far.example")
            .Address("mail.far.example", "192.0.2.1")
            .Mx("far.example", 10, "mail.far.example")
            .Txt("far.example", "v=spf1 ip4:192.0.2.1 -all");
        return site.Guard(change?.Invoke(new GateOptions()) ?? new GateOptions(), new GreylistOptions { Mode = mode });
    }

    private static GateOptions Lists(GateOptions options, params string[] lists) =>
        options with
        {
            DnsLists = [.. lists.Select(l => DnsList.TryParse(l, out var list) ? list : throw new FormatException(l))],
        };

    private static Task SendAsync(
        InboundSite site,
        string reply = "250 2.0.0 *",
        string to = "<ann@our.example>",
        string from = "<s@far.example>",
        string hello = "EHLO mail.far.example",
        string remote = "192.0.2.1",
        string text = Message
    )
    {
        After(site, 0.001);
        return site.PlayAsync(ListenerRole.Mx, Send(to, text, reply, from, hello), remote: remote);
    }

    /// <summary>A transaction that ends with the reply to its only RCPT.</summary>
    private static Task RefuseAsync(
        InboundSite site,
        string reply,
        string to = "ann@our.example",
        string from = "<s@far.example>",
        string hello = "EHLO mail.far.example",
        string remote = "192.0.2.1"
    )
    {
        // So that ids tell the order.
        After(site, 0.001);
        return site.PlayAsync(
            ListenerRole.Mx,
            $"""
            S: 220 *
            C: {hello}
            S... 250 HELP
            C: MAIL FROM:{from}
            S: 250 *
            C: RCPT TO:<{to}>
            S: {reply}
            C: QUIT
            S: 221 *
            """,
            remote: remote
        );
    }

    private static string Delayed(string remote, string from, string to, int seconds = 300) =>
        $"""
            451-4.7.1 {remote} is not yet authorized to deliver mail from
            S: 451-4.7.1 <{from}> to <{to}>.
            S: 451 4.7.1 Please try again in {seconds} seconds.
            """;

    private static void After(InboundSite site, double seconds) => site.Clock.Advance(TimeSpan.FromSeconds(seconds));

    [Fact]
    public async Task Accepted()
    {
        await using var site = await SiteAsync();
        await SendAsync(site);
        await GoldenTrace.ExpectAsync(site, "ann@our.example", nameof(Accepted));
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Single(await site.TracesAsync("s@far.example"));
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Greylisted_and_back(Pacing pacing)
    {
        await using var site = await SiteAsync();
        site.Dns.Remove("192.0.2.1");
        // Bob is known already; the others go on.
        site.Greylist.Check(
            new GreylistClient(IPAddress.Parse("192.0.2.1"), DomainName.Parse("far.example")),
            EmailAddress.Parse("s@far.example"),
            EmailAddress.Parse("bob@our.example")
        );
        After(site, 300);
        var script = $"""
            S: 220 *
            C: EHLO mail.far.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: {Delayed("192.0.2.1", "s@far.example", "ann@our.example")}
            C: RCPT TO:<bob@our.example>
            S: 250 2.1.5 *
            C: RCPT TO:<nobody@our.example>
            S: 550 5.1.1 *
            C: RCPT TO:<cat@our.example>
            S: {Delayed("192.0.2.1", "s@far.example", "cat@our.example")}
            C: DATA
            S: 354 *
            C: From: s@far.example
            C:
            C: .
            S: 250 2.0.0 *
            """;
        await site.PlayAsync(ListenerRole.Mx, script, pacing);
        Assert.Equal(
            (0, 1, 0),
            (
                (await site.InboxAsync("ann")).Count,
                (await site.InboxAsync("bob")).Count,
                (await site.InboxAsync("cat")).Count
            )
        );
        if (pacing == Pacing.Lines)
            await GoldenTrace.ExpectAsync(site, "ann@our.example", "Greylisted");
        After(site, 300);
        await SendAsync(site, to: "<ann@our.example> <cat@our.example>");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Came_back");
    }

    [Fact]
    public async Task In_mode_on_everybody_is_delayed_and_a_pool_may_come_back_from_another_host()
    {
        await using var site = await SiteAsync(mode: GreylistMode.On);
        site.Dns.Txt("pool.example", "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/24 -all")
            .Mx("pool.example", 1, "mx.pool.example");
        await RefuseAsync(
            site,
            Delayed("198.51.100.9", "s@pool.example", "ann@our.example"),
            from: "<s@pool.example>",
            remote: "198.51.100.9"
        );
        After(site, 299);
        await RefuseAsync(
            site,
            Delayed("203.0.113.4", "s@pool.example", "ann@our.example", 1),
            from: "<s@pool.example>",
            remote: "203.0.113.4"
        );
        After(site, 1);
        await SendAsync(site, from: "<s@pool.example>", remote: "203.0.113.99");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Pool", 3);
    }

    [Fact]
    public async Task In_mode_off_nobody_is_delayed()
    {
        await using var site = await SiteAsync(mode: GreylistMode.Off);
        await SendAsync(
            site,
            hello: "EHLO 192.0.2.77",
            remote: "192.0.2.77",
            from: "<s@far.example>",
            reply: "250 *",
            to: "<ann@our.example>"
        );
    }

    [Theory]
    [InlineData("<>")]
    [InlineData("<postmaster@far.example>")]
    public async Task Notices_and_callouts_are_delayed_at_DATA(string sender)
    {
        await using var site = await SiteAsync();
        site.Dns.Remove("192.0.2.1");
        var from = sender[1..^1];
        string Script(string data) =>
            $"""
                S: 220 *
                C: EHLO mail.far.example
                S... 250 HELP
                C: MAIL FROM:{sender}
                S: 250 *
                C: RCPT TO:<ann@our.example>
                S: 250 *
                C: RCPT TO:<bob@our.example>
                S: 250 *
                C: DATA
                S: {data}
                """;
        await site.PlayAsync(
            ListenerRole.Mx,
            Script(Delayed("192.0.2.1", from, "ann@our.example") + "\nC: RSET\nS: 250 *")
        );
        if (from.Length == 0)
            await GoldenTrace.ExpectAsync(site, "ann@our.example", "Notice_delayed");
        After(site, 300);
        await site.PlayAsync(ListenerRole.Mx, Script("354 *\nC: From: s@far.example\nC:\nC: .\nS: 250 *"));
        Assert.Single(await site.InboxAsync("bob"));
    }

    [Theory]
    [InlineData("mx.our.example", "our-name")]
    [InlineData("192.0.2.1", "address")]
    [InlineData("[192.0.2.9]", "foreign-address")]
    [InlineData("[192.0.2.1]", null)]
    [InlineData("localhost", "no-domain")]
    [InlineData("a_b!.example", "syntax")]
    [InlineData("mail.far.example", null)]
    public async Task Nonsense_in_HELO_is_a_reason_to_wait(string helo, string? result)
    {
        await using var site = await SiteAsync();
        if (result is null)
        {
            await SendAsync(site, hello: "EHLO " + helo);
            return;
        }

        await RefuseAsync(site, Delayed("192.0.2.1", "s@far.example", "ann@our.example"), hello: "EHLO " + helo);
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "HELO_" + result);
    }

    [Theory]
    [InlineData("dsl-17.far.example", "name=dial-up")]
    [InlineData("192-0-2-1.static.far.example", "name=generic")]
    [InlineData("host1.2.0.192.far.example", "name=generic")]
    [InlineData("c0000201.far.example", "name=generic")]
    [InlineData("mail-192-0-2-1.far.example", null)]
    [InlineData("home.far.example", "name=dial-up")]
    [InlineData("www.home.example", null)]
    public async Task Names_made_by_machines_are_a_reason_to_wait(string name, string? result)
    {
        await using var site = await SiteAsync();
        site.Dns.Remove("192.0.2.1").Ptr("192.0.2.1", name).Address(name, "192.0.2.1");
        if (result is null)
        {
            await SendAsync(site);
            return;
        }

        await RefuseAsync(site, Delayed("192.0.2.1", "s@far.example", "ann@our.example"));
        Assert.Contains($"    {result}: ", await site.TraceAsync("ann@our.example"), StringComparison.Ordinal);
        if (name is "dsl-17.far.example" or "c0000201.far.example")
            await GoldenTrace.ExpectAsync(site, "ann@our.example", "Name_" + result["name=".Length..]);
    }

    [Theory]
    [InlineData("none", "iprev=permerror")]
    [InlineData("elsewhere", "iprev=fail")]
    public async Task A_client_without_a_name_that_leads_back_waits(string kind, string result)
    {
        await using var site = await SiteAsync();
        site.Dns.Remove("192.0.2.1");
        if (kind == "elsewhere")
            site.Dns.Ptr("192.0.2.1", "mail.far.example")
                .Remove("mail.far.example")
                .Address("mail.far.example", "192.0.2.99");
        await RefuseAsync(site, Delayed("192.0.2.1", "s@far.example", "ann@our.example"));
        await GoldenTrace.ExpectAsync(site, "ann@our.example", result.Replace('=', '_'));
    }

    [Theory]
    [InlineData("-all", "spf=fail")]
    [InlineData("~all", "spf=softfail")]
    public async Task A_sender_that_SPF_does_not_know_waits(string all, string result)
    {
        await using var site = await SiteAsync();
        site.Dns.Remove("far.example").Mx("far.example", 1, "mx.far.example").Txt("far.example", "v=spf1 " + all);
        await RefuseAsync(site, Delayed("192.0.2.1", "s@far.example", "ann@our.example"));
        await GoldenTrace.ExpectAsync(site, "ann@our.example", result.Replace('=', '_'));
    }

    [Fact]
    public async Task Whom_somebody_here_has_written_to_is_not_delayed()
    {
        await using var site = await SiteAsync();
        site.Dns.Remove("192.0.2.1");
        await site.PlayAsync(ListenerRole.Submission, Send("<s@far.example>", from: "<ann@our.example>", asAnn: true));
        await SendAsync(site);
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Correspondent");
        await RefuseAsync(site, "451-4.7.1 *\nS... 451 4.7.1 *", from: "<t@far.example>");
    }

    [Fact]
    public async Task Good_mail_of_a_domain_makes_it_known_and_its_signature_decides_elsewhere()
    {
        await using var site = await SiteAsync();
        site.Dns.WithKey("far.example").Txt("_dmarc.far.example", "v=DMARC1; p=none");
        for (var i = 0; i < 5; i++)
            await SendAsync(site);
        // By SPF from a host of its own that looks bad.
        site.Dns.Remove("192.0.2.1");
        await SendAsync(site);
        // From elsewhere only its signature tells.
        await SendAsync(site, text: Signed.By("far.example", Message), remote: "198.51.100.7");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Signed");
        After(site, 1);
        await SendAsync(
            site,
            Delayed("198.51.100.7", "s@far.example", "bob@our.example"),
            to: "<bob@our.example>",
            remote: "198.51.100.7"
        );
        await GoldenTrace.ExpectAsync(site, "bob@our.example", "Unsigned");
        // Somebody else has passed before: a client that takes a reply for each brings it.
        After(site, 300);
        await SendAsync(site, to: "<bob@our.example>", remote: "198.51.100.7", text: Signed.By("far.example", Message));
        await SendAsync(
            site,
            "353 *\nS: 250 2.0.0 *\nS: "
                + Delayed("198.51.100.7", "s@far.example", "cat@our.example")
                + "\nS: 250 2.0.0 *",
            "<bob@our.example> <cat@our.example>",
            "<s@far.example> PRDR",
            remote: "198.51.100.7"
        );
        await GoldenTrace.ExpectAsync(site, "cat@our.example", "Unsigned_with_PRDR");
    }
}
