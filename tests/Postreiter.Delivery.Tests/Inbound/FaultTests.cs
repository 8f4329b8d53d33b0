using Postreiter.Smtp.Server;
using Postreiter.Storage;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>Faults of ours are 4yz, and nothing is kept of what was not taken (P2, P14).</summary>
public sealed class FaultTests
{
    private static readonly StoreException Full = new(StoreFault.DiskFull, "no space left at /var/lib/secret");

    public static TheoryData<StoreFault, string, string> Faults =>
        new()
        {
            { StoreFault.DiskFull, "WriteAsync", "452 4.3.1 *" },
            { StoreFault.DiskFull, "CompleteAsync", "452 4.3.1 *" },
            { StoreFault.DiskFull, "FileAsync", "452 4.3.1 *" },
            { StoreFault.Busy, "FileAsync", "451 4.3.0 *" },
            { StoreFault.Internal, "WriteAsync", "451 4.3.0 *" },
            { StoreFault.Internal, "CompleteAsync", "451 4.3.0 *" },
            { StoreFault.Internal, "FileAsync", "451 4.3.0 *" },
            { StoreFault.DamagedContent, "FileAsync", "451 4.3.0 *" },
        };

    [Theory, MemberData(nameof(Faults))]
    public async Task F1_F3_a_store_that_fails_is_told_at_the_end_of_data(StoreFault fault, string method, string reply)
    {
        foreach (var role in new[] { ListenerRole.Mx, ListenerRole.Lmtp })
        {
            await using var site = await InboundSite.CreateAsync();
            site.Fault = m => m == method ? new StoreException(fault, "at /var/lib/secret") : null;
            var hello = role == ListenerRole.Lmtp ? "LHLO c" : "EHLO c";
            var second = role == ListenerRole.Lmtp ? "\nS: " + reply : "";
            await site.PlayAsync(
                role,
                InboundSite.Send("<ann@our.example> <bob@our.example>", reply: reply, hello: hello)
                    + second
                    + "\nC: NOOP\nS: 250 *"
            );
            Assert.Equal(0, await site.CountAsync());
            // It recovers alone.
            site.Fault = static _ => null;
            await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<ann@our.example>"));
            Assert.Equal(1, await site.CountAsync());
        }
    }

    [Theory]
    [InlineData(ListenerRole.Mx, "EHLO c")]
    [InlineData(ListenerRole.Lmtp, "LHLO c")]
    [InlineData(ListenerRole.Submission, "EHLO c")]
    public async Task F1_a_full_disk_is_told_at_MAIL_and_it_recovers_alone(ListenerRole role, string hello)
    {
        await using var site = await InboundSite.CreateAsync();
        var isFull = true;
        site.Fault = m => m == "Begin" && isFull ? Full : null;
        var login = role == ListenerRole.Submission ? $"C: AUTH PLAIN {InboundSite.AnnsLogin}\nS: 235 *" : "";
        var start = $"S: 220 *\nC: {hello}\nS... 250 HELP\n{login}\nC: MAIL FROM:<ann@our.example>\n";
        await site.PlayAsync(role, start + "S: 452 4.3.1 *\nC: RCPT TO:<ann@our.example>\nS: 503 *");
        isFull = false;
        await site.PlayAsync(role, start + "S: 250 *");
    }

    [Fact]
    public async Task F1_a_disk_that_fills_up_after_MAIL_is_told_at_DATA()
    {
        await using var site = await InboundSite.CreateAsync();
        var begun = 0;
        // Space at MAIL, none at DATA.
        site.Fault = m => m == "Begin" && begun++ > 0 ? Full : null;
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: MAIL FROM:<>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 250 *
            C: DATA
            S: 452 4.3.1 *
            C: MAIL FROM:<>
            S: 452 4.3.1 *
            """
        );
    }

    [Theory]
    [InlineData("FindAccountAsync")]
    [InlineData("FindAliasAsync")]
    [InlineData("IsLocalDomainAsync")]
    public async Task F12_a_directory_that_is_down_is_451_and_never_550(string method)
    {
        await using var site = await InboundSite.CreateAsync();
        site.Fault = m => m == method ? new StoreException(StoreFault.Busy, "down") : null;
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: MAIL FROM:<>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 451 4.3.0 *
            C: RCPT TO:<nobody@our.example>
            S: 451 4.3.0 *
            C: RCPT TO:<x@far.example>
            S: 4*
            C: DATA
            S: 554 5.5.1 *
            """.Replace(
                "S: 4*",
                method == "IsLocalDomainAsync" ? "S: 451 4.3.0 *" : "S: 550 5.7.1 *",
                StringComparison.Ordinal
            )
        );
        site.Fault = static _ => null;
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<ann@our.example>"));
    }

    [Fact]
    public async Task F12_who_may_send_as_whom_is_451_too()
    {
        await using var site = await InboundSite.CreateAsync();
        site.Fault = m => m == "FindAliasAsync" ? new StoreException(StoreFault.Busy, "down") : null;
        await site.PlayAsync(
            ListenerRole.Submission,
            $"S: 220 *\nC: EHLO c\nS... 250 HELP\nC: AUTH PLAIN {InboundSite.AnnsLogin}\nS: 235 *\nC: MAIL FROM:<ann@our.example>\nS: 451 4.3.0 *"
        );
    }

    [Fact]
    public async Task F2_an_account_over_its_quota_is_452_for_a_day_and_then_552()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.QuotaAsync("ann@our.example", 1000);
        static string Rcpt(string reply, string size = "") =>
            $"S: 220 *\nC: EHLO c\nS... 250 HELP\nC: MAIL FROM:<>{size}\nS: 250 *\nC: RCPT TO:<ann@our.example>\nS: {reply} *";
        await site.PlayAsync(ListenerRole.Mx, Rcpt("250 2.1.5", " SIZE=1000"));
        await site.PlayAsync(ListenerRole.Mx, Rcpt("452 4.2.2", " SIZE=1001"));
        // Not declared: known when the message is whole.
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send(
                "<ann@our.example> <bob@our.example>",
                "Subject: x\n\n" + new string('x', 1200),
                "452 4.2.2 *"
            )
        );
        Assert.Equal(0, await site.CountAsync());
        site.Clock.Advance(TimeSpan.FromHours(23));
        await site.PlayAsync(ListenerRole.Mx, Rcpt("452 4.2.2", " SIZE=1001"));
        site.Clock.Advance(TimeSpan.FromHours(1));
        await site.PlayAsync(ListenerRole.Mx, Rcpt("552 5.2.2", " SIZE=1001"));
        // The watch of RCPT and that of the end of data are one.
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<ann@our.example>", "Subject: x\n\n" + new string('x', 1200), "552 5.2.2 *")
        );
        await site.QuotaAsync("ann@our.example", 100_000);
        await site.PlayAsync(ListenerRole.Mx, Rcpt("250 2.1.5", " SIZE=1001"));
    }

    [Fact]
    public async Task LMTP_the_one_without_room_does_not_hold_up_the_other()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.QuotaAsync("cat@our.example", 900);
        var text = "Subject: x\n\n" + new string('x', 800);
        await site.PlayAsync(
            ListenerRole.Lmtp,
            InboundSite.Send("<ann@our.example> <cat@our.example>", text, hello: "LHLO c")
                + "\nS: 452 4.2.2 *\nC: NOOP\nS: 250 *"
        );
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Equal(1, await site.CountAsync());
    }

    [Theory]
    [InlineData(ListenerRole.Lmtp, "LHLO c", "<s@far.example>", "")]
    [InlineData(ListenerRole.Mx, "EHLO c", "<s@far.example> PRDR", "353 *\nS: ")]
    public async Task The_one_without_room_does_not_make_others_lose_what_is_forwarded(
        ListenerRole role,
        string hello,
        string from,
        string before
    )
    {
        await using var site = await InboundSite.CreateAsync();
        await site.QuotaAsync("cat@our.example", 10);
        foreach (
            var (alias, target) in new[] { ("one", "a@x.example"), ("two", "b@y.example"), ("three", "a@x.example") }
        )
            await site.AliasAsync(alias + "@our.example", target);
        await site.PlayAsync(
            role,
            InboundSite.Send(
                "<cat@our.example> <one@our.example> <two@our.example> <three@our.example>",
                "Subject: x\n\nbody",
                before + "452 4.2.2 *\nS: 250 2.0.0 *\nS: 250 2.0.0 *\nS: 250 2.0.0 *",
                from,
                hello
            ) + (role == ListenerRole.Mx ? "\nS: 250 2.0.0 *" : "")
        );
        // Two addresses that lead to one send it there once.
        Assert.Equal(
            ["a@x.example", "b@y.example"],
            (await site.QueueAsync())
                .SelectMany(static q => q.Recipients)
                .Select(static r => r.Address.ToString())
                .Order()
        );
    }

    [Fact]
    public async Task F8_a_DNS_that_answers_nothing_holds_the_mail_up_for_five_seconds_at_most()
    {
        await using var site = await InboundSite.CreateAsync();
        site.Dns.Fail("192.0.2.1");
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<ann@our.example>"));
        Assert.Single(await site.InboxAsync("ann"));
    }
}
