using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Inbound;

public sealed class LimitTests
{
    private const string TooLarge = "552 5.3.4 *";

    [Theory]
    [InlineData(100, 100, "250 2.0.0 *")]
    [InlineData(101, 100, "554 5.4.6 *")]
    [InlineData(10, 10, "250 2.0.0 *")]
    [InlineData(11, 10, "554 5.4.6 *")]
    public async Task L7_a_message_that_goes_in_circles_is_stopped(int hops, int maxHops, string reply)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            await using var site = await InboundSite.CreateAsync(maxHops: maxHops);
            // Every spelling counts; what is no field does not.
            var header = string.Join(
                '\n',
                Enumerable.Range(0, hops).Select(i => i % 2 == 0 ? "Received: by x" : "RECEIVED : a\n b")
            );
            await site.PlayAsync(
                ListenerRole.Mx,
                InboundSite.Send(
                    "<ann@our.example>",
                    header + "\nX-Received: x\nSubject: x\n Received: y\n\nReceived: z",
                    reply
                ),
                pacing
            );
            Assert.Equal(reply[0] == '2' ? 1 : 0, await site.CountAsync());
        }
    }

    public static TheoryData<string, string> Headers =>
        new()
        {
            { Fields(1_000, "X: y"), "250 2.0.0 *" },
            { Fields(1_001, "X: y"), TooLarge },
            { Folded(65_536), "250 2.0.0 *" },
            { Folded(65_537), TooLarge },
            { Fields(256, "X: " + new string('y', 1024 - 5)), TooLarge },
            { Fields(255, "X: " + new string('y', 1024 - 5)), "250 2.0.0 *" },
        };

    [Theory, MemberData(nameof(Headers))]
    public async Task L4_a_header_has_its_size(string header, string reply)
    {
        await using var site = await InboundSite.CreateAsync();
        var script = InboundSite.Send("<ann@our.example>", header + "\n\nbody", reply);
        await site.PlayAsync(ListenerRole.Mx, script + "\nC: NOOP\nS: 250 *");
        Assert.Equal(reply == TooLarge ? 0 : 1, await site.CountAsync());
    }

    [Fact]
    public async Task L34_messages_of_an_account_a_day()
    {
        await using var site = await InboundSite.CreateAsync(new OutboundLimits { MaxMessages = 2 });
        var send = InboundSite.Send("<x@far.example> <y@far.example>", from: "<ann@our.example>", asAnn: true);
        await site.PlayAsync(ListenerRole.Submission, send);
        await site.PlayAsync(ListenerRole.Submission, send);
        var third = $"""
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: AUTH PLAIN {InboundSite.AnnsLogin}
            S: 235 *
            C: MAIL FROM:<ann@our.example>
            S: 250 *
            C: RCPT TO:<x@far.example>
            S: 451 4.7.1 *
            C: RCPT TO:<bob@our.example>
            S: 250 *              # what stays here is not limited
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            """;
        await site.PlayAsync(ListenerRole.Submission, third);
        Assert.Equal(2, (await site.QueueAsync()).Count);
        Assert.Single(await site.InboxAsync("bob"));
        site.Clock.Advance(TimeSpan.FromDays(1));
        await site.PlayAsync(ListenerRole.Submission, send);
        Assert.Equal(3, (await site.QueueAsync()).Count);
    }

    [Fact]
    public async Task L34_first_time_recipients_of_an_account_a_day()
    {
        await using var site = await InboundSite.CreateAsync(new OutboundLimits { MaxNewRecipients = 2 });
        await site.PlayAsync(
            ListenerRole.Submission,
            InboundSite.Send("<x@far.example> <y@far.example>", from: "<ann@our.example>", asAnn: true)
        );
        await site.PlayAsync(
            ListenerRole.Submission,
            $"""
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: AUTH PLAIN {InboundSite.AnnsLogin}
            S: 235 *
            C: MAIL FROM:<ann@our.example>
            S: 250 *
            C: RCPT TO:<new@far.example>
            S: 451 4.7.1 *
            C: RCPT TO:<X@far.example>
            S: 250 *
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            """
        );
        // Another account has its own.
        Assert.Equal(2, (await site.QueueAsync()).Count);
        site.Clock.Advance(TimeSpan.FromDays(1));
        await site.PlayAsync(
            ListenerRole.Submission,
            InboundSite.Send("<new@far.example>", from: "<ann@our.example>", asAnn: true)
        );
    }

    [Fact]
    public void L34_many_sessions_at_once_get_no_further_than_one()
    {
        var allowance = new OutboundAllowance(new TestClock());
        var taken = 0;
        Parallel.For(
            0,
            2000,
            i =>
            {
                if (allowance.TryTake(1, EmailAddress.Parse($"u{i}@far.example"), isFirst: true))
                    Interlocked.Increment(ref taken);
            }
        );
        Assert.Equal(200, taken);
        Assert.True(allowance.TryTake(2, EmailAddress.Parse("u1@far.example"), isFirst: true));
    }

    [Fact]
    public void L34_zero_sets_no_limit()
    {
        var allowance = new OutboundAllowance(new TestClock())
        {
            Limits = new OutboundLimits { MaxMessages = 0, MaxNewRecipients = 0 },
        };
        Assert.All(
            Enumerable.Range(0, 30_000),
            i => Assert.True(allowance.TryTake(1, EmailAddress.Parse($"u{i}@far.example"), isFirst: true))
        );
    }

    private static string Fields(int count, string field) => string.Join('\n', Enumerable.Repeat(field, count));

    /// <summary>One field of so many octets on the wire, in lines of 1,024.</summary>
    private static string Folded(int octets)
    {
        var line = "\n " + new string('z', 1021);
        return "X: y"
            + string.Concat(Enumerable.Repeat(line, 63))
            + "\n "
            + new string('z', octets - 6 - (63 * 1024) - 3);
    }
}
