using Microsoft.Extensions.Logging;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Gate;

/// <content>Lists, domains, rates and early talkers.</content>
public sealed partial class GateTests
{
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
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "List_" + result);
    }

    [Fact]
    public async Task A_list_that_refuses_our_resolver_is_told_in_the_log_once_an_hour()
    {
        var log = new LinesLogger();
        await using var site = await SiteAsync();
        site.Guard(Lists(new GateOptions(), "bl.example 20"), new GreylistOptions(), log: log);
        site.Dns.Address("1.2.0.192.bl.example", "127.255.255.254");
        await SendAsync(site);
        await SendAsync(site);
        Assert.Equal(
            ["dnsbl bl.example: the list refuses to answer this resolver (127.255.255.254): it says nothing"],
            log.Warnings
        );
        site.Clock.Advance(TimeSpan.FromHours(1));
        await SendAsync(site);
        Assert.Equal(2, log.Warnings.Count);
    }

    private sealed class LinesLogger : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (logLevel == LogLevel.Warning)
                Warnings.Add(formatter(state, exception));
        }
    }

    [Fact]
    public async Task IPv6_clients_are_asked_for_by_nibbles()
    {
        await using var site = await SiteAsync(o => Lists(o, "bl.example 20"));
        site.Dns.Address("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example", "127.0.0.2");
        await RefuseAsync(site, "550 5.7.1 *", remote: "2001:db8::1");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Listed_IPv6");
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
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "No_domain");
        site.Dns.Empty("bare.example");
        await RefuseAsync(site, "550 5.1.8 *", from: "<s@bare.example>");
        // An address alone takes mail; F8: what the DNS owes is no refusal.
        site.Dns.Address("host.example", "2001:db8::5").Fail("servfail.example");
        await SendAsync(site, from: "<s@host.example>");
        await SendAsync(site, from: "<s@servfail.example>");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Domain_not_known");
        await SendAsync(site, from: "<s@[192.0.2.1]>");
        site.Gate!.Options = site.Gate.Options with { OnNoDomain = FailurePolicy.Mark };
        await RefuseAsync(site, Delayed("192.0.2.1", "s@gone.example", "ann@our.example"), from: "<s@gone.example>");
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "No_domain_marked");
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
        if (GoldenOf(entry) is { } name)
            await GoldenTrace.ExpectAsync(site, "ann@our.example", name);
    }

    private static string? GoldenOf(string entry) =>
        entry switch
        {
            "s@far.example" => "Blocked_here",
            "ip:192.0.2.0/24" => "Blocked_network",
            "far.example for our.example" => "Blocked_by_domain",
            "far.example for ann@our.example" => "Blocked_by_account",
            _ => null,
        };

    [Fact]
    public async Task Points_near_the_threshold_are_a_reason_to_wait_for_whom_they_count()
    {
        // A site that refuses nobody for its lists.
        await using var site = await SiteAsync(o =>
            o with
            {
                Lists = new GateLists([], ["far.example for ann@our.example"]),
                RejectAt = 1_000,
            }
        );
        await RefuseAsync(site, Delayed("192.0.2.1", "s@far.example", "ann@our.example"));
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Near_the_threshold");
        await SendAsync(site, to: "<bob@our.example>");
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

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public async Task Where_everything_is_to_be_refused_that_counts_what_counts_nothing_is_no_fault(double rejectAt)
    {
        await using var site = await SiteAsync(o => o with { RejectAt = rejectAt });
        await SendAsync(site);
    }

    [Fact]
    public async Task An_entry_counts_once_however_often_its_recipient_is_named()
    {
        await using var site = await SiteAsync(o =>
            o with
            {
                Lists = new GateLists(
                    ["s@far.example for ann@our.example"],
                    ["far.example", "ip:192.0.2.0/24 for our.example"]
                ),
            }
        );
        await site.PlayAsync(
            ListenerRole.Mx,
            $"""
            S: 220 *
            C: EHLO mail.far.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            {Dialogue.Repeat(3, static _ => "C: RCPT TO:<ann@our.example>\nS: 550 5.7.1 *")}
            """
        );
    }

    [Fact]
    public async Task Of_recipients_that_are_deferred_no_more_are_asked_for_than_can_be_remembered()
    {
        await using var site = await SiteAsync(mode: GreylistMode.On);
        await site.PlayAsync(
            ListenerRole.Mx,
            $"""
            S: 220 *
            C: EHLO mail.far.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            {Dialogue.Repeat(2_000, static i => $"C: RCPT TO:<ann+{i}@our.example>\nS... 451 4.7.1 *")}
            C: RCPT TO:<ann@our.example>
            S: 452 4.5.3 *
            """
        );
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
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Allowed_but_forged");
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
                C: MAIL FROM:<t@far.example>
                S: 451 4.7.1 Too many messages *
                """
        );
        await GoldenTrace.ExpectAsync(site, "bob+x@our.example", "Rate_of_recipients");
        await GoldenTrace.ExpectAsync(site, "t@far.example", "Rate_of_messages");
        await site.PlayAsync(ListenerRole.Mx, hello, remote: "192.0.2.200");
        await site.PlayAsync(ListenerRole.Mx, "S: 421 4.7.0 *\nS: <closed>", remote: "192.0.2.3");
        await site.PlayAsync(ListenerRole.Mx, hello, remote: "192.0.3.1");
        After(site, 30);
        await site.PlayAsync(ListenerRole.Mx, hello);
    }
}
