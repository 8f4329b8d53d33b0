using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Queue;
using Postreiter.Delivery.Routing;
using Postreiter.Smtp.Client;
using Postreiter.Testing;
using Postreiter.Testing.Outgoing;

namespace Postreiter.Delivery.Tests.Routing;

/// <summary>Which hosts are tried, in which order, over which sessions, and what follows from what they say.</summary>
public sealed class HostsInTurnTests
{
    private const string Hello = "S: 220 far.test hi\nC: EHLO mx.our.test\nS: 250-far.test\nS: 250 PIPELINING";
    private const string Take = """
        C: MAIL*
        C... RCPT TO:<c@far.test>
        R: 250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n
        C: DATA
        S: 354 go
        C... .
        S: 250 2.0.0 taken
        """;
    private const string Quit = "C: QUIT\nS: 221 bye\nC: <closed>";
    private const string First = "[2001:db8::1]:25";
    private const string Second = "192.0.2.1:25";
    private const string Third = "192.0.2.2:25";
    private readonly TestClock _clock = new();
    private readonly MemoryDialler _network;
    private readonly FakeDns _dns = new FakeDns()
        .Mx("far.test", 10, "a.test")
        .Mx("far.test", 20, "b.test")
        .Address("a.test", "2001:db8::1", "192.0.2.1")
        .Address("b.test", "192.0.2.2");

    private OutboundOptions _options = new() { HostName = DomainName.Parse("mx.our.test") };

    public HostsInTurnTests() => _network = new MemoryDialler(Pacing.Lines, _clock);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hosts_are_tried_in_order_until_one_takes_the_mail()
    {
        _network.Serve(Second, "S: 421 busy\nC: <closed>").Serve(Third, $"{Hello}\n{Take}\n{Quit}");
        var outcomes = await AttemptAsync();
        Assert.All(outcomes, o => Assert.Equal((DeliveryAction.Relayed, "b.test"), (o.Action, o.RemoteHost)));
        Assert.Equal([First, Second, Third], _network.Dialled);
        await EndAsync();
    }

    [Theory]
    [InlineData(
        "S: 554 5.7.1 no\nC: QUIT\nC: <closed>",
        "S: 554 5.7.1 no\nC: QUIT\nC: <closed>",
        DeliveryAction.Failed,
        "554 5.7.1 no",
        true
    )]
    [InlineData(
        "S: 554 5.7.1 no\nC: QUIT\nC: <closed>",
        "S: 450 grey\nC: QUIT\nC: <closed>",
        DeliveryAction.Deferred,
        "450 grey",
        true
    )]
    [InlineData(
        "S: 450 grey\nC: QUIT\nC: <closed>",
        "S: 554 5.7.1 no\nC: QUIT\nC: <closed>",
        DeliveryAction.Deferred,
        "450 grey",
        true
    )]
    [InlineData(
        Hello + "\nC: MAIL*\nC... RCPT TO:<c@far.test>\nS: 421 stop\nC: <closed>",
        Hello
            + "\nC: MAIL*\nC... RCPT TO:<c@far.test>\nS: 452 4.3.1 full\nR: 503 x\\r\\n503 x\\r\\n503 x\\r\\n\n"
            + Quit,
        DeliveryAction.Deferred,
        "452 4.3.1 full",
        false
    )]
    public async Task A_host_that_refuses_as_a_whole_does_not_decide_alone(
        string second,
        string third,
        DeliveryAction action,
        string reply,
        bool isDown
    )
    {
        // The first address answers like the second: what counts is that nobody left hope.
        _network.Serve(First, second).Serve(Second, second).Serve(Third, third);
        var outcomes = await AttemptAsync();
        Assert.All(
            outcomes,
            o => Assert.Equal((action, reply, isDown), (o.Action, o.Reply.ToString(), o.IsDestinationDown))
        );
        await EndAsync();
    }

    [Fact]
    public async Task A_refusal_is_not_final_while_another_host_cannot_be_reached()
    {
        _network.Serve(Third, "S: 554 5.7.1 no\nC: QUIT\nC: <closed>");
        Assert.All(await AttemptAsync(), o => Assert.Equal((DeliveryAction.Deferred, null), (o.Action, o.RemoteHost)));
        await EndAsync();
    }

    [Fact]
    public async Task F8_a_refusal_is_not_final_while_another_host_cannot_be_looked_up()
    {
        _dns.Remove("b.test").Fail("b.test");
        _network.Serve(First, "S: 554 no\nC: QUIT\nC: <closed>").Serve(Second, "S: 554 no\nC: QUIT\nC: <closed>");
        Assert.All(await AttemptAsync(), o => Assert.Equal(DeliveryAction.Deferred, o.Action));
        await EndAsync();
    }

    [Fact]
    public async Task A_refused_recipient_is_not_taken_to_the_next_host()
    {
        _network.Serve(
            First,
            $"{Hello}\nC: MAIL*\nC... RCPT TO:<c@far.test>\nR: 250 ok\\r\\n550 5.1.1 a\\r\\n450 4.2.0 b\\r\\n550 c\\r\\n\n{Quit}"
        );
        Assert.Equal(
            [DeliveryAction.Failed, DeliveryAction.Deferred, DeliveryAction.Failed],
            (await AttemptAsync()).Select(o => o.Action)
        );
        await EndAsync();
    }

    [Fact]
    public async Task P3_a_reply_lost_after_the_dot_is_not_made_good_at_the_next_host()
    {
        _network.Serve(First, $"{Hello}\n{Take[..Take.LastIndexOf('\n')]}\nCLOSE");
        Assert.All(await AttemptAsync(), o => Assert.Equal(DeliveryAction.Deferred, o.Action));
        await EndAsync();
        Assert.Equal([First], _network.Dialled);
    }

    [Theory]
    [InlineData("TLS fails\nC: <closed>")]
    [InlineData("TLS\nC: EHLO*\nCLOSE")] // TLS 1.3: the server says no after our side is done
    public async Task A_failed_handshake_is_followed_by_plain_text_where_TLS_was_only_an_offer(string handshake)
    {
        const string Offer = "S: 220 hi\nC: EHLO*\nS: 250-far.test\nS: 250 STARTTLS";
        _network.Serve(First, $"{Offer}\nC: STARTTLS\nS: 220 go\n{handshake}", $"{Hello}\n{Take}\n{Quit}");
        Assert.All(await AttemptAsync(), o => Assert.Equal(DeliveryAction.Relayed, o.Action));
        await EndAsync();
        Assert.Equal([First, First], _network.Dialled);
    }

    [Fact]
    public async Task Required_TLS_never_falls_back()
    {
        const string Offer = "S: 220 hi\nC: EHLO*\nS: 250-far.test\nS: 250 STARTTLS";
        _options = _options with { Smarthost = new RelayHost("192.0.2.1", 25, SmtpTlsMode.Required) };
        _network.Serve(Second, $"{Offer}\nC: STARTTLS\nS: 220 go\nTLS fails\nC: <closed>");
        Assert.All(await AttemptAsync(), o => Assert.Equal(DeliveryAction.Deferred, o.Action));
        Assert.Equal([Second], _network.Dialled);
    }

    [Fact]
    public async Task A_session_is_used_again_and_ended_when_nothing_follows()
    {
        _network.Serve(First, $"{Hello}\n{Take}\n{Take}\nT: 5s\n{Quit}");
        var delivery = Delivery();
        Assert.Equal(DeliveryAction.Relayed, (await AttemptAsync(delivery))[0].Action);
        Assert.Equal(DeliveryAction.Relayed, (await AttemptAsync(delivery))[0].Action);
        await _network.EndAsync();
        Assert.Equal([First], _network.Dialled);
    }

    [Theory]
    [InlineData("CLOSE")]
    [InlineData("S: 421 4.4.2 idle\nCLOSE")]
    public async Task A_session_that_the_server_has_ended_is_made_anew(string end)
    {
        _network.Serve(First, $"{Hello}\n{Take}\n{end}", $"{Hello}\n{Take}\nT: 5s\n{Quit}");
        var delivery = Delivery();
        Assert.Equal(DeliveryAction.Relayed, (await AttemptAsync(delivery))[0].Action);
        Assert.Equal(DeliveryAction.Relayed, (await AttemptAsync(delivery))[0].Action);
        await _network.EndAsync();
        Assert.Equal([First, First], _network.Dialled);
    }

    [Fact]
    public async Task An_attempt_ends_after_its_time_whatever_the_servers_do()
    {
        _options = _options with { MaxAttempt = TimeSpan.FromMinutes(4) };
        _network.Serve(First, "S: 220 hi\nC: EHLO*\nT: 4m\nC: <closed>");
        var outcomes = await AttemptAsync();
        Assert.All(outcomes, o => Assert.Equal((DeliveryAction.Deferred, null), (o.Action, o.RemoteHost)));
        await EndAsync();
    }

    [Fact]
    public async Task An_exchanger_that_is_ourselves_under_another_name_is_a_loop()
    {
        const string Self = "S: 220 x\nC: EHLO*\nS: 250 mx.our.test\nC: QUIT\nC: <closed>";
        _network.Serve(First, Self).Serve(Second, Self).Serve(Third, Self);
        Assert.All(
            await AttemptAsync(),
            o => Assert.Equal((DeliveryAction.Failed, "5.4.6"), (o.Action, o.Reply.Enhanced.ToString()))
        );
        await EndAsync();
    }

    [Fact]
    public async Task A_relay_may_have_our_name_for_the_administrator_chose_it()
    {
        _options = _options with { Smarthost = new RelayHost("192.0.2.1"), KeepSession = TimeSpan.Zero };
        _network.Serve(
            Second,
            $"S: 220 x\nC: EHLO*\nS: 250-mx.our.test\nS: 250-PIPELINING\nS: 250 DSN\n{Take}\n{Quit}"
        );
        Assert.All(await AttemptAsync(), o => Assert.Equal(DeliveryAction.Delivered, o.Action));
        await EndAsync();
    }

    private RemoteDelivery Delivery() =>
        new(_options, _dns, _network, new Random(1), _clock, NullLogger<RemoteDelivery>.Instance);

    private async Task<IReadOnlyList<RecipientOutcome>> AttemptAsync(RemoteDelivery? delivery = null) =>
        await (delivery ?? Delivery()).DeliverAsync(
            RemoteDeliveryTests.Item(),
            _ => new(new RemoteDeliveryTests.Bytes("Subject: x\r\n\r\nx\r\n"u8.ToArray())),
            Ct
        );

    /// <summary>Lets idle sessions end, then waits for the servers.</summary>
    private async Task EndAsync()
    {
        _clock.Advance(TimeSpan.FromSeconds(5));
        await _network.EndAsync();
    }
}
