using Postreiter.Smtp.Client;
using Postreiter.Testing;
using static Postreiter.Smtp.Tests.Client.ClientRun;

namespace Postreiter.Smtp.Tests.Client;

/// <summary>Greeting, EHLO and HELO, STARTTLS, AUTH, and peers that misbehave there.</summary>
public sealed class SessionTests
{
    private const string Sent = """
        C: MAIL FROM:<ann@our.test>
        S: 250 ok
        C: RCPT TO:<bob@far.test>
        S: 250 ok
        C: DATA
        S: 354 go
        C... .
        S: 250 2.0.0 taken
        C: QUIT
        S: 221 bye
        """;

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_server_without_EHLO_gets_HELO(Pacing pacing) =>
        Assert.Equal(
            250,
            (
                await ReplyAsync(
                    pacing,
                    $"S: 220 hi\nC: EHLO mx.our.test\nS: 502 what\nC: HELO mx.our.test\nS: 250 far.test\n{Sent}"
                )
            ).Code
        );

    [Theory]
    [InlineData("S: 554 5.7.1 go away", 554, false)]
    [InlineData("S: 421 4.3.2 busy", 421, false)]
    [InlineData("S: 450 later", 450, false)]
    [InlineData("S: 250 not a greeting", 421, true)]
    [InlineData("S: HTTP/1.1 400 Bad Request", 421, true)]
    [InlineData("CLOSE", 421, true)]
    [InlineData("R: 220 half a line", 421, true)]
    [InlineData(
        "S: 220 hi\nC: EHLO mx.our.test\nS: 550 5.7.1 no\nC: HELO mx.our.test\nS: 554 5.7.1 still no",
        554,
        false
    )]
    [InlineData("S: 220 hi\nC: EHLO mx.our.test\nS: 554 5.7.1 blocked\nC: HELO mx.our.test", 554, false)]
    [InlineData("S: 220 hi\nC: EHLO mx.our.test\nS: 421 4.7.0 slow down", 421, false)]
    [InlineData("S: 220 hi\nC: EHLO mx.our.test\nS: 451 not now", 451, false)]
    [InlineData("S: 220 hi\nC: EHLO mx.our.test\nS: 354 what", 421, true)]
    [InlineData("S: 220 hi\nC: EHLO mx.our.test\nS: 250-one\nS: 251 two", 421, true)]
    public async Task What_stands_in_the_way_is_told(string script, int code, bool ours)
    {
        foreach (var pacing in (Pacing[])[Pacing.Lines, Pacing.Bytes])
        {
            var reply = await ReplyAsync(pacing, script);
            Assert.Equal((code, ours), (reply.Code, reply.IsOurs));
        }
    }

    [Fact]
    public async Task After_STARTTLS_what_was_said_before_is_forgotten()
    {
        // RFC 3207 §4.2: neither the extensions nor bytes sent ahead of the handshake count.
        var script = $"""
            {With("STARTTLS", "SIZE 1")}
            C: STARTTLS
            R: 220 go\r\n250-evil\r\n250 SMTPUTF8\r\n
            TLS
            C: EHLO mx.our.test
            S: 250 far.test
            {Sent}
            """;
        Assert.Equal(250, (await ReplyAsync(Pacing.Lines, script)).Code);
    }

    [Fact]
    public async Task A_refused_STARTTLS_leaves_the_session_in_plain() =>
        Assert.Equal(
            250,
            (await ReplyAsync(Pacing.Lines, $"{With("STARTTLS")}\nC: STARTTLS\nS: 454 4.7.0 no\n{Sent}")).Code
        );

    [Theory]
    [InlineData(SmtpTlsMode.Required, "S: 220 hi\nC: EHLO mx.our.test\nS: 250 far.test", "4.7.10")]
    [InlineData(
        SmtpTlsMode.Required,
        "S: 220 hi\nC: EHLO mx.our.test\nS: 250-far.test\nS: 250 STARTTLS\nC: STARTTLS\nS: 502 5.5.1 no",
        "4.7.10"
    )]
    [InlineData(
        SmtpTlsMode.Required,
        "S: 220 hi\nC: EHLO mx.our.test\nS: 250-far.test\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nTLS fails",
        "4.7.5"
    )]
    [InlineData(SmtpTlsMode.Implicit, "TLS fails", "4.7.5")]
    public async Task Where_TLS_is_required_nothing_goes_without_it(SmtpTlsMode mode, string script, string status)
    {
        var reply = await ReplyAsync(Pacing.Lines, script + "\nC: <closed>", options: Options with { Tls = mode });
        Assert.Equal((454, status), (reply.Code, reply.Enhanced.ToString()));
    }

    [Fact]
    public async Task Implicit_TLS_begins_before_the_greeting() =>
        Assert.Equal(
            250,
            (
                await ReplyAsync(
                    Pacing.Lines,
                    $"TLS\n{With("STARTTLS")}\n{Sent}",
                    options: Options with
                    {
                        Tls = SmtpTlsMode.Implicit,
                    }
                )
            ).Code
        );

    [Fact]
    public async Task A_server_that_has_our_name_is_ourselves()
    {
        var options = Options with { RefusesOwnName = true };
        var reply = await ReplyAsync(
            Pacing.Lines,
            "S: 220 hi\nC: EHLO mx.our.test\nS: 250 MX.our.test at your service",
            options: options
        );
        Assert.Equal((554, "5.4.6"), (reply.Code, reply.Enhanced.ToString()));
    }

    [Theory]
    [InlineData("S: 220 hi", "5m")] // RFC 5321 §4.5.3.2.1 and on: each within its time, however it drips
    [InlineData("R: 220", "5m")]
    [InlineData("S: 220-hi\nS: 220-more", "5m")]
    public async Task A_server_that_says_nothing_more_is_left_in_time(string script, string span)
    {
        var clock = new TestClock();
        var hello = script == "S: 220 hi" ? "\nC: EHLO mx.our.test" : "";
        var reply = await ReplyAsync(Pacing.Lines, $"{script}{hello}\nT: {span}\nC: <closed>", clock: clock);
        Assert.Equal((421, true), (reply.Code, reply.IsOurs));
    }

    [Fact]
    public async Task The_handshake_may_be_waited_for_and_given_up()
    {
        using var cancel = new CancellationTokenSource();
        var network = new Testing.Outgoing.MemoryDialler().Serve(
            "192.0.2.5:25",
            $"{With("STARTTLS")}\nC: STARTTLS\nS: 220 go\nSTALL"
        );
        var dialled = await network.ConnectAsync(new(System.Net.IPAddress.Parse("192.0.2.5"), 25), default, Ct);
        var client = new SmtpClient(dialled.Connection!, Options, new TestClock());
        var open = client.OpenAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open);
        await dialled.Connection!.DisposeAsync();
    }

    [Theory]
    [InlineData("AUTH LOGIN PLAIN", "C: AUTH PLAIN AG1lAHNlY3JldA==\nS: 235 2.7.0 ok")]
    [InlineData(
        "AUTH LOGIN",
        "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: bWU=\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 235 ok"
    )]
    public async Task Logs_in(string offer, string exchange)
    {
        var options = Options with { Credentials = new SmtpCredentials("me", "secret"), AllowPlaintextAuth = true };
        foreach (var pacing in (Pacing[])[Pacing.Lines, Pacing.Bytes])
            Assert.Equal(250, (await ReplyAsync(pacing, $"{With(offer)}\n{exchange}\n{Sent}", options: options)).Code);
    }

    [Theory]
    [InlineData("AUTH PLAIN", "C: AUTH PLAIN AG1lAHNlY3JldA==\nS: 535 5.7.8 no")]
    [InlineData("AUTH PLAIN", "C: AUTH PLAIN AG1lAHNlY3JldA==\nS: 334 more")]
    [InlineData("AUTH LOGIN", "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: bWU=\nS: 535 no")]
    [InlineData("AUTH GSSAPI", "")]
    [InlineData("SIZE 5", "")]
    [InlineData("AUTH SCRAM-SHA-256", "C: AUTH SCRAM-SHA-256 *\nS: 235 ok")] // a server that takes anything
    [InlineData("AUTH SCRAM-SHA-256", "C: AUTH SCRAM-SHA-256 *\nS: 334 !!!\nC: *\nS: 501 ok")]
    [InlineData("AUTH SCRAM-SHA-256", "C: AUTH SCRAM-SHA-256 *\nS: 334 cj14LHM9eCxpPTE=\nC: *\nS: 501 ok")]
    public async Task A_failed_log_in_defers_for_the_password_is_ours_to_mend(string offer, string exchange)
    {
        var options = Options with { Credentials = new SmtpCredentials("me", "secret"), AllowPlaintextAuth = true };
        var reply = await ReplyAsync(Pacing.Lines, $"{With(offer)}\n{exchange}\nC: <closed>", options: options);
        Assert.Equal((454, "4.7.0"), (reply.Code, reply.Enhanced.ToString()));
    }

    [Fact]
    public async Task P13_no_password_in_the_clear_over_the_wire()
    {
        var options = Options with { Credentials = new SmtpCredentials("me", "secret") };
        var reply = await ReplyAsync(Pacing.Lines, $"{With("AUTH PLAIN")}\nC: <closed>", options: options);
        Assert.Equal((454, "4.7.0"), (reply.Code, reply.Enhanced.ToString()));
    }
}
