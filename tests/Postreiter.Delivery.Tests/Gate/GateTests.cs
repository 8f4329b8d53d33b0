using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
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
public sealed class GateTests
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
        Assert.Contains($"    helo={result}: ", await site.TraceAsync("ann@our.example"), StringComparison.Ordinal);
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
        Assert.Contains($"    {result}: ", await site.TraceAsync("ann@our.example"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-all", "spf=fail")]
    [InlineData("~all", "spf=softfail")]
    public async Task A_sender_that_SPF_does_not_know_waits(string all, string result)
    {
        await using var site = await SiteAsync();
        site.Dns.Remove("far.example").Mx("far.example", 1, "mx.far.example").Txt("far.example", "v=spf1 " + all);
        await RefuseAsync(site, Delayed("192.0.2.1", "s@far.example", "ann@our.example"));
        Assert.Contains($"    {result}: ", await site.TraceAsync("ann@our.example"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_by_lists_in_the_DNS()
    {
        await using var site = await SiteAsync(o =>
            Lists(o, "bl.example 127.0.0.2=9:spam 127.0.0.10/31=2:dial-up", "two.example 7", "wl.example -1")
        );
        site.Dns.Address("1.2.0.192.bl.example", "127.0.0.11", "127.0.0.2")
            .Address("1.2.0.192.two.example", "127.0.0.9");
        await RefuseAsync(site, "550 5.7.1 Refused: 192.0.2.1 is on bl.example");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Refused_by_lists_in_the_DNS");
    }

    [Fact]
    public async Task A_code_of_dial_up_lines_makes_wait_and_a_good_list_counts_against_it()
    {
        await using var site = await SiteAsync(o =>
            Lists(o, "bl.example 127.0.0.2=9:spam 127.0.0.10/31=2:dial-up", "wl.example -2")
        );
        site.Dns.Address("1.2.0.192.bl.example", "127.0.0.10").Address("1.2.0.192.wl.example", "127.0.0.1");
        await RefuseAsync(site, Delayed("192.0.2.1", "s@far.example", "ann@our.example"));
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Dial_up");
    }

    [Theory]
    [InlineData("127.255.255.254", "blocked")]
    [InlineData("203.0.113.80", "no-list")]
    public async Task A_list_that_refuses_our_resolver_says_nothing(string answer, string result)
    {
        await using var site = await SiteAsync(o => Lists(o, "bl.example 20"));
        site.Dns.Address("1.2.0.192.bl.example", answer);
        await SendAsync(site);
        Assert.Contains(
            $"    dnsbl bl.example={result}: ",
            await site.TraceAsync("ann@our.example"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task IPv6_clients_are_asked_for_by_nibbles()
    {
        await using var site = await SiteAsync(o => Lists(o, "bl.example 20"));
        site.Dns.Address("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example", "127.0.0.2");
        await RefuseAsync(site, "550 5.7.1 *", remote: "2001:db8::1");
    }

    [Fact]
    public async Task Null_MX_is_refused()
    {
        await using var site = await SiteAsync();
        site.Dns.Mx("null.example", 0, ".");
        await RefuseAsync(site, "550 5.7.27 *", from: "<s@null.example>");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Null_MX");
    }

    [Fact]
    public async Task A_domain_that_is_not_there_is_refused_and_one_that_is_not_known_is_not()
    {
        await using var site = await SiteAsync();
        await RefuseAsync(site, "550 5.1.8 *", from: "<s@gone.example>");
        site.Dns.Empty("bare.example");
        await RefuseAsync(site, "550 5.1.8 *", from: "<s@bare.example>");
        // An address alone takes mail; F8: what the DNS owes is no refusal.
        site.Dns.Address("host.example", "2001:db8::5").Fail("servfail.example");
        await SendAsync(site, from: "<s@host.example>");
        await SendAsync(site, from: "<s@servfail.example>");
        await SendAsync(site, from: "<s@[192.0.2.1]>");
        site.Gate!.Options = site.Gate.Options with { OnNoDomain = FailurePolicy.Mark };
        await SendAsync(site, from: "<s@gone.example>");
    }

    [Theory]
    [InlineData("s@far.example", "550 5.7.1 *")]
    [InlineData("example", "550 5.7.1 *")]
    [InlineData("ip:192.0.2.0/24", "550 5.7.1 *")]
    [InlineData("far.example for our.example", "550 5.7.1 *")]
    [InlineData("far.example for ann@our.example", "550 5.7.1 *")]
    [InlineData("far.example for also.example", "250 *")]
    [InlineData("far.example for bob@our.example", "250 *")]
    [InlineData("t@far.example", "250 *")]
    [InlineData("r.example", "250 *")]
    [InlineData("ip:192.0.3.0/24", "250 *")]
    public async Task Whom_the_site_a_domain_or_an_account_does_not_want_is_refused(string entry, string reply)
    {
        await using var site = await SiteAsync(o => o with { Lists = new GateLists([], [entry]) });
        await RefuseAsync(site, reply);
    }

    [Fact]
    public async Task An_account_may_want_whom_the_site_does_not()
    {
        await using var site = await SiteAsync(o =>
            o with
            {
                Lists = new GateLists(["s@far.example for ann@our.example"], ["ip:192.0.2.0/24"]),
            }
        );
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO mail.far.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<bob@our.example>
            S: 550 5.7.1 You are not wanted here
            C: RCPT TO:<ann@our.example>
            S: 250 2.1.5 *
            C: DATA
            S: 354 *
            C: From: s@far.example
            C:
            C: .
            S: 250 *
            """
        );
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Wanted_by_one");
    }

    [Fact]
    public async Task Who_is_allowed_gets_past_greylisting_and_the_rules_and_who_is_forged_does_not()
    {
        await using var site = await SiteAsync(
            o => o with { Lists = new GateLists(["far.example"], []) },
            GreylistMode.On
        );
        site.Filter(new SpamTests.Pills(), new SpamFilterOptions());
        await SendAsync(site, text: "From: s@far.example\n\npill pill pill pill pill pill pill");
        Assert.Single(await site.InboxAsync("ann"));
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Allowed");
        site.Dns.Remove("far.example").Mx("far.example", 1, "mx.far.example").Txt("far.example", "v=spf1 -all");
        await RefuseAsync(site, "451-4.7.1 *\nS... 451 4.7.1 *");
        Assert.Contains("lists=forged", await site.TraceAsync("ann@our.example"), StringComparison.Ordinal);
    }

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
    public async Task Who_talks_before_the_greeting_is_noted_or_refused()
    {
        await using var site = await SiteAsync(o => o with { GreetDelay = TimeSpan.FromSeconds(2) });
        Task Talk(string rest) => site.PlayAsync(ListenerRole.Mx, "C: EHLO mail.far.example\n" + rest);
        await Talk(
            $"""
            S: 220 *
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: {Delayed("192.0.2.1", "s@far.example", "ann@our.example")}
            """
        );
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Early_talker");
        site.Gate!.Options = site.Gate.Options with { OnEarlyTalker = FailurePolicy.Reject };
        await Talk("S: 554 5.5.1 *\nS: <closed>");
        // Who waits is greeted after the delay.
        await site.PlayAsync(ListenerRole.Mx, "T: 2s\nS: 220 *\nC: EHLO mail.far.example\nS... 250 HELP");
        // Who is known is not watched.
        Assert.True(GreylistRows.TryMake("192.0.2.1", null, null, site.Clock.GetUtcNow(), out var row, out _));
        site.Greylist.Join(row.State);
        await site.PlayAsync(ListenerRole.Mx, "S: 220 *\nC: EHLO mail.far.example\nS... 250 HELP");
    }

    [Fact]
    public async Task A_network_has_its_rate_of_connections_messages_and_recipients()
    {
        await using var site = await SiteAsync(o =>
            o with
            {
                ConnectionsPerMinute = 2,
                MessagesPerMinute = 3,
                RecipientsPerMinute = 4,
            }
        );
        const string hello = "S: 220 *\nC: EHLO mail.far.example\nS... 250 HELP\n";
        await site.PlayAsync(
            ListenerRole.Mx,
            hello
                + """
                C: MAIL FROM:<s@far.example>
                S: 250 *
                C: RCPT TO:<ann@our.example>
                S: 250 *
                C: RCPT TO:<bob@our.example>
                S: 250 *
                C: RCPT TO:<cat@our.example>
                S: 250 *
                C: RCPT TO:<ann@also.example>
                S: 550 5.1.1 *
                C: RCPT TO:<ann+x@our.example>
                S: 250 *
                C: RCPT TO:<bob+x@our.example>
                S: 451 4.7.1 Too many recipients *
                C: RSET
                S: 250 *
                C: MAIL FROM:<s@far.example>
                S: 250 *
                C: RSET
                S: 250 *
                C: MAIL FROM:<s@far.example>
                S: 250 *
                C: RSET
                S: 250 *
                C: MAIL FROM:<s@far.example>
                S: 451 4.7.1 Too many messages *
                """
        );
        await site.PlayAsync(ListenerRole.Mx, hello, remote: "192.0.2.200");
        await site.PlayAsync(ListenerRole.Mx, "S: 421 4.7.0 *\nS: <closed>", remote: "192.0.2.3");
        await site.PlayAsync(ListenerRole.Mx, hello, remote: "192.0.3.1");
        After(site, 30);
        await site.PlayAsync(ListenerRole.Mx, hello);
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
