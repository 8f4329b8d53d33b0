using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

public sealed class SmtpServerTests
{
    private const string Open = """
        S: 220 mx.our.example *
        C: EHLO client.example
        S... 250 HELP
        C: MAIL FROM:<ann@client.example>
        S: 250 2.1.0 *
        C: RCPT TO:<user@our.example>
        S: 250 2.1.5 *
        """;

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_session_as_printed_in_books(Pacing pacing)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            pacing,
            """
            S: 220 *
            C: HELO localhost
            S: 250 mx.our.example
            C: MAIL FROM: test@localhost
            S: 250 2.1.0 *
            C: RCPT TO: user@our.example
            S: 250 2.1.5 *
            C: DATA
            S: 354 *
            C: Subject: hello
            C:
            C: ..a dot
            C: .
            S: 250 2.0.0 *
            C: QUIT
            S: 221 2.0.0 *
            S: <closed>
            """
        );
        Assert.Equal("Subject: hello\r\n\r\n.a dot\r\n", Assert.Single(server.Messages).Content);
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Everything_pipelined_is_answered_in_order(Pacing pacing)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            pacing,
            """
            R: EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@our.example>\r\nRCPT TO:<nobody@our.example>\r\nDATA\r\n
            S: 220 *
            S... 250 HELP
            S: 250 2.1.0 *
            S: 250 2.1.5 *
            S: 550 5.1.1 *
            S: 354 *
            R: .\r\nNOOP\r\nQUIT\r\n
            S: 250 2.0.0 *
            S: 250 2.0.0 *
            S: 221 *
            S: <closed>
            """
        );
        var message = Assert.Single(server.Messages);
        Assert.Equal("", message.Content);
        Assert.Null(message.Envelope.Mail.ReversePath);
    }

    [Theory]
    [InlineData("MAIL FROM:  <a@b.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM <a@b.example>", "501 5.5.4 *")]
    [InlineData("MAIL FROM:<a@b.example", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a@b.example>>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a b@c.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<jörg@b.example>", "553 5.6.7 *")]
    [InlineData("MAIL FROM:<jörg@b.example> SMTPUTF8", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<a@b.example> SIZE=99999999999", "552 5.3.4 *")]
    [InlineData("MAIL FROM:<a@b.example> SIZE=99999999999999999999", "552 5.3.4 *")]
    [InlineData("MAIL FROM:<a@b.example> SIZE=x", "501 5.5.4 *")]
    [InlineData("MAIL FROM:<a@b.example> SIZE=1 SIZE=2", "501 5.5.4 *")]
    [InlineData("MAIL FROM:<a@b.example> BODY=9BIT", "501 5.5.4 *")]
    [InlineData("MAIL FROM:<a@b.example> BODY=8BITMIME RET=HDRS ENVID=a+2Bb SIZE=100", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<a@b.example> XYZ=1", "555 5.5.4 *")]
    [InlineData("MAIL FROM:<@x.example,@y.example:a@b.example>", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<\"a > b\"@c.example>", "250 2.1.0 *")]
    [InlineData("mail from:<a@b.example>", "250 2.1.0 *")]
    [InlineData("RCPT TO:<a@b.example>", "503 5.5.1 *")]
    [InlineData("DATA", "503 5.5.1 *")]
    [InlineData("VRFY ann", "252 *")]
    [InlineData("VRFY", "501 5.5.4 *")]
    [InlineData("EXPN list", "502 5.5.1 *")]
    [InlineData("HELP", "214-2.0.0 *")]
    [InlineData("NOOP anything", "250 2.0.0 *")]
    [InlineData("RSET now", "501 5.5.4 *")]
    [InlineData("QUIT now", "501 5.5.4 *")]
    [InlineData("WIZ", "500 5.5.1 *")]
    [InlineData("AUTH PLAIN", "502 5.5.1 *")]
    [InlineData("EHLO", "501 5.5.4 *")]
    [InlineData("LHLO x", "500 5.5.1 *")]
    public async Task A_command_gets_its_reply(string command, string reply) =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"""
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            C: {command}
            S: {reply}
            """
        );

    [Theory]
    [InlineData("RCPT TO:<Postmaster>", "250 2.1.5 *")]
    [InlineData("RCPT TO:<>", "501 5.1.3 *")]
    [InlineData("RCPT TO:<a@our.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a+2Bb@our.example", "250 2.1.5 *")]
    [InlineData("RCPT TO:<a@our.example> NOTIFY=NEVER,SUCCESS", "501 5.5.4 *")]
    [InlineData("RCPT TO:<a@our.example> NOTIFY=SUCCESS,SUCCESS", "501 5.5.4 *")]
    [InlineData("RCPT TO:<broken@our.example>", "451 4.3.0 *")]
    [InlineData("MAIL FROM:<b@client.example>", "503 5.5.1 *")]
    [InlineData("BDAT", "501 5.5.4 *")]
    [InlineData("BDAT -1", "501 5.5.4 *")]
    [InlineData("BDAT 99999999999 LAST", "552 5.3.4 *")]
    public async Task In_a_transaction_a_command_gets_its_reply(string command, string reply) =>
        await new SmtpTestServer().PlayAsync(Pacing.Lines, $"{Open}\nC: {command}\nS: {reply}");

    [Theory]
    [InlineData("a\\nb\\r\\n.\\r\\n")]
    [InlineData("a\\rb\\r\\n.\\r\\n")]
    [InlineData("a\\r\\n.\\nMAIL FROM:<x@y.example>\\r\\n")]
    [InlineData("a\\n.\\r\\nMAIL FROM:<x@y.example>\\r\\n")]
    [InlineData("a\\r.\\r\\n")]
    [InlineData("a\\r\\n.\\rx")]
    public async Task A_bare_CR_or_LF_in_data_ends_the_session_and_smuggles_nothing(string data)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            var server = new SmtpTestServer();
            await server.PlayAsync(pacing, $"{Open}\nC: DATA\nS: 354 *\nR: {data}\nS: 550 5.5.2 *\nS: <closed>");
            Assert.Empty(server.Messages);
        }
    }

    [Theory]
    [InlineData("NOOP\\nNOOP\\r\\n")]
    [InlineData("NOOP\\rNOOP\\r\\n")]
    public async Task A_bare_CR_or_LF_in_a_command_ends_the_session(string command)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
            await new SmtpTestServer().PlayAsync(pacing, $"S: 220 *\nR: {command}\nS: 550 5.5.2 *\nS: <closed>");
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Chunks_make_one_message(Pacing pacing)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            pacing,
            Open
                + """

                R: BDAT 4\r\na\r\n.BDAT 2\r\n\r\n
                S: 250 2.0.0 4 *
                S: 250 2.0.0 2 *
                R: BDAT 0 LAST\r\nBDAT 3 LAST\r\nabc
                S: 250 2.0.0 *
                S: 503 5.5.1 *
                C: NOOP
                S: 250 *
                """
        );
        Assert.Equal("a\r\n.\r\n", Assert.Single(server.Messages).Content);
    }

    [Fact]
    public async Task A_binary_message_comes_by_BDAT_only()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            """
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: MAIL FROM:<> BODY=BINARYMIME
            S: 250 *
            C: RCPT TO:<a@our.example>
            S: 250 *
            C: DATA
            S: 503 5.5.1 *
            R: BDAT 4 LAST\r\na\nb\0
            S: 250 2.0.0 *
            """
        );
        Assert.Equal("a\nb\0", Assert.Single(server.Messages).Content);
    }

    [Fact]
    public async Task LMTP_answers_for_each_recipient()
    {
        var server = new SmtpTestServer { Role = ListenerRole.Lmtp };
        await server.PlayAsync(
            Pacing.Lines,
            """
            S: 220 mx.our.example LMTP *
            C: EHLO c
            S: 500 *
            C: LHLO c
            S... 250 HELP
            C: MAIL FROM:<>
            S: 250 *
            C: RCPT TO:<a@our.example>
            S: 250 *
            C: RCPT TO:<b@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            C: .
            S: 250 2.0.0 *
            S: 250 2.0.0 *
            C: QUIT
            S: 221 *
            """
        );
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Users_log_in_on_submission_ports(Pacing pacing)
    {
        var server = new SmtpTestServer { Role = ListenerRole.Submission };
        await server.PlayAsync(
            pacing,
            """
            S: 220 *
            C: EHLO c
            S... 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
            S: 250 HELP
            C: MAIL FROM:<ann@our.example>
            S: 530 5.7.0 *
            C: AUTH PLAIN !!!
            S: 501 5.5.2 *
            C: AUTH CRAM-MD5
            S: 504 5.5.4 *
            C: AUTH PLAIN
            S: 334 *
            C: *
            S: 501 5.7.0 *
            C: AUTH PLAIN AGFubkBvdXIuZXhhbXBsZQB3cm9uZw==
            S: 535 5.7.8 *
            C: AUTH LOGIN
            S: 334 VXNlcm5hbWU6
            C: YW5uQG91ci5leGFtcGxl
            S: 334 UGFzc3dvcmQ6
            C: c2VjcmV0
            S: 235 2.7.0 *
            C: AUTH LOGIN
            S: 503 5.5.1 *
            C: MAIL FROM:<ann@our.example>
            S: 250 *
            """
        );
    }

    [Fact]
    public async Task L13_three_failed_logins_end_the_session() =>
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            Pacing.Lines,
            $"""
            S: 220 *
            C: EHLO c
            S... 250 HELP
            {Dialogue.Repeat(3, _ => "C: AUTH PLAIN AGFubkBvdXIuZXhhbXBsZQB3cm9uZw==\nS: 535 5.7.8 *")}
            S: 421 4.7.0 *
            S: <closed>
            """
        );

    [Fact]
    public async Task STARTTLS_forgets_what_came_before() =>
        await new SmtpTestServer
        {
            Options = new() { HostName = "mx.our.example" },
            Role = ListenerRole.Submission,
        }.PlayAsync(
            Pacing.Lines,
            """
            S: 220 *
            C: EHLO c
            S... 250-STARTTLS
            S: 250-AUTH SCRAM-SHA-256
            S: 250 HELP
            C: AUTH PLAIN
            S: 538 5.7.11 *
            R: STARTTLS\r\nNOOP\r\n
            S: 220 2.0.0 *
            TLS
            C: MAIL FROM:<>
            S: 503 5.5.1 *
            C: EHLO c
            S... 250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN
            S: 250 HELP
            C: STARTTLS
            S: 503 5.5.1 *
            """
        );

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task L6_a_recipient_over_the_limit_is_deferred_and_the_others_stay(Pacing pacing)
    {
        var server = new SmtpTestServer
        {
            Options = new()
            {
                HostName = "mx.our.example",
                Limits = new() { MaxRecipients = 100 },
            },
        };
        await server.PlayAsync(
            pacing,
            $"""
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            C: MAIL FROM:<ann@client.example>
            S: 250 2.1.0 *
            {Dialogue.Repeat(100, i => $"C: RCPT TO:<u{i}@our.example>\nS: 250 2.1.5 *")}
            C: RCPT TO:<u100@our.example>
            S: 452 4.5.3 *        # RFC 5321 §4.5.3.1.10
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            """
        );
        Assert.Equal(100, Assert.Single(server.Messages).Envelope.Recipients.Count);
    }

    [Fact]
    public async Task L1_long_lines_are_refused_and_endless_ones_end_the_session()
    {
        var at = "NOOP " + new string('x', 2048 - 7);
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"S: 220 *\nC: {at}\nS: 250 *\nC: {at}x\nS: 500 5.5.2 *\nC: NOOP\nS: 250 *"
        );
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"S: 220 *\nR: {new string('x', 70_000)}\nS: 421 4.7.0 *\nS: <closed>"
        );
    }

    [Fact]
    public async Task L2_and_L3_are_told_at_the_end_and_the_session_goes_on()
    {
        var server = new SmtpTestServer
        {
            Options = new()
            {
                HostName = "mx.our.example",
                Limits = new() { MaxMessageBytes = 100_000 },
            },
        };
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Open}
            C: DATA
            S: 354 *
            C: {new string('x', 65_537)}
            C: .
            S: 554 5.6.0 *
            C: MAIL FROM:<>
            S: 250 *
            C: RCPT TO:<a@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            {Dialogue.Repeat(3, _ => "C: " + new string('x', 40_000))}
            C: .
            S: 552 5.3.4 *
            C: NOOP
            S: 250 *
            """
        );
        Assert.Empty(server.Messages);
    }

    [Fact]
    public async Task L8_errors_get_slow_and_then_end_the_session() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"""
            S: 220 *
            {Dialogue.Repeat(10, _ => "C: WIZ\nS: 500 *")}
            {Dialogue.Repeat(9, _ => "C: WIZ\nT: 1s\nS: 500 *")}
            C: WIZ
            T: 1s
            S: 500 *
            S: 421 4.7.0 *
            S: <closed>
            """
        );

    [Fact]
    public async Task L9_guessing_recipients_ends_the_session() =>
        await new SmtpTestServer
        {
            Options = new()
            {
                HostName = "mx.our.example",
                Limits = new()
                {
                    SlowUnknownRecipients = 5,
                    MaxUnknownRecipients = 8,
                    MaxErrors = 1000,
                    SlowErrors = 1000,
                },
            },
        }.PlayAsync(
            Pacing.Lines,
            $"""
            {Open}
            {Dialogue.Repeat(5, _ => "C: RCPT TO:<nobody@our.example>\nS: 550 5.1.1 *")}
            {Dialogue.Repeat(2, _ => "C: RCPT TO:<nobody@our.example>\nT: 1s\nS: 550 5.1.1 *")}
            C: RCPT TO:<nobody@our.example>
            S: 421 4.7.1 *
            S: <closed>
            """
        );

    [Fact]
    public async Task A_client_that_stalls_is_told_421()
    {
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            "S: 220 *\nC: NOOP\nS: 250 *\nR: NO\nT: 5m\nS: 421 4.4.2 *\nS: <closed>"
        );
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Open}\nC: DATA\nS: 354 *\nC: half a message\nT: 3m\nS: 421 4.4.2 *\nS: <closed>"
        );
    }

    [Fact]
    public async Task A_thousand_and_more_messages_a_session()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            "S: 220 *\nC: EHLO c\nS... 250 HELP\n"
                + Dialogue.Repeat(
                    1200,
                    _ =>
                        "R: MAIL FROM:<>\\r\\nRCPT TO:<a@our.example>\\r\\nDATA\\r\\n\nS: 250 *\nS: 250 *\nS: 354 *\nR: x\\r\\n.\\r\\n\nS: 250 *"
                )
        );
        Assert.Equal(1200, server.Messages.Count);
    }

    [Fact]
    public async Task Odd_bytes_get_a_reply()
    {
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            "S: 220 *\nR: NO\\0OP\\r\\n\nS: 500 5.5.2 *\nR: EHLO \\xFF\\xFE\\r\\n\nS: 500 5.5.2 *"
        );
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"{Open}\nC: DATA\nS: 354 *\nR: a\\0b\\r\\n.\\r\\n\nS: 554 5.6.0 *\nC: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<a@our.example>\nS: 250 *\nC: DATA\nS: 354 *\nR: \\xFF\\xE4\\r\\n.\\r\\n\nS: 250 *"
        );
        // Eight-bit text without BODY=8BITMIME is kept as it is (P8).
        Assert.Equal("\u00ff\u00e4\r\n", Assert.Single(server.Messages).Content);
    }

    [Fact]
    public async Task A_fault_of_our_own_is_451_and_never_5yz() =>
        await new SmtpTestServer { IntakeFails = true }.PlayAsync(
            Pacing.Lines,
            $"{Open}\nC: DATA\nS: 354 *\nC: x\nC: .\nS: 451 4.3.0 *\nC: NOOP\nS: 250 *"
        );
}
