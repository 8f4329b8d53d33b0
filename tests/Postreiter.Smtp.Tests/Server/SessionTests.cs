using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

public sealed class SessionTests
{
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
        var message = Assert.Single(server.Messages);
        Assert.Equal("Subject: hello\r\n\r\n.a dot\r\n", message.Content);
        Assert.False(message.Peer.IsExtended);
        Assert.Equal("test@localhost", message.Envelope.Mail.ReversePath.ToString());
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
    [InlineData("WIZ", "500 5.5.1 *")]
    [InlineData("", "500 5.5.1 *")]
    [InlineData(" EHLO c", "500 5.5.1 *")]
    [InlineData("EHLOX c", "500 5.5.1 *")]
    [InlineData("XXXXXXXXXXXXXXXXXXXX", "500 5.5.1 *")]
    [InlineData("LHLO x", "500 5.5.1 *")]
    [InlineData("ETRN x", "500 5.5.1 *")]
    [InlineData("TURN", "500 5.5.1 *")]
    [InlineData("RCPT TO:<a@b.example>", "503 5.5.1 *")]
    [InlineData("DATA", "503 5.5.1 *")]
    [InlineData("AUTH PLAIN", "502 5.5.1 *")]
    public async Task What_is_unknown_or_out_of_place_is_refused_and_the_session_goes_on(
        string command,
        string reply
    ) =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\nC: {command}\nS: {reply}\nC: NOOP\nS: 250 2.0.0 *"
        );

    [Theory]
    [InlineData("MAIL FROM:<a@b.example>")]
    [InlineData("RCPT TO:<a@b.example>")]
    [InlineData("DATA")]
    [InlineData("AUTH PLAIN")]
    public async Task Before_EHLO_there_is_no_transaction(string command) =>
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            Pacing.Lines,
            $"S: 220 *\nC: {command}\nS: 503 5.5.1 *\nC: EHLO c\nS... 250 HELP"
        );

    [Theory]
    [InlineData("GET / HTTP/1.1")]
    [InlineData("POST /?MAIL HTTP/1.1")]
    [InlineData("CONNECT mx.our.example:25 HTTP/1.1")]
    [InlineData("OPTIONS * HTTP/1.1")]
    public async Task A_browser_is_shown_the_door(string line) =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"S: 220 *\nR: {line}\\r\\nHELO x\\r\\nMAIL FROM:<>\\r\\n\nS: 502 5.5.1 *\nS: <closed>"
        );

    [Theory]
    [InlineData("NO\\0OP\\r\\n")]
    [InlineData("NOOP\\t\\r\\n")]
    [InlineData("NOOP \\x1B[2J\\r\\n")]
    [InlineData("NOOP \\x7F\\r\\n")]
    [InlineData("EHLO \\xFF\\xFE\\r\\n")]
    [InlineData("EHLO b\\xC3\\xBCcher.example\\r\\n")]
    public async Task Control_and_8_bit_characters_in_a_command_get_a_reply(string line)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
            await new SmtpTestServer().PlayAsync(
                pacing,
                $"S: 220 *\nR: {line}\nS: 500 5.5.2 *\nC: EHLO c\nS... 250 HELP"
            );
    }

    [Fact]
    public async Task A_thousand_and_more_messages_a_session()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            Scripts.Greeted
                + "\n"
                + Dialogue.Repeat(
                    1200,
                    _ =>
                        "R: MAIL FROM:<>\\r\\nRCPT TO:<a@our.example>\\r\\nDATA\\r\\n\nS: 250 *\nS: 250 *\nS: 354 *\nR: x\\r\\n.\\r\\n\nS: 250 *"
                )
        );
        Assert.Equal(1200, server.Messages.Count);
        Assert.Equal(1200, server.Messages.Select(m => m.Envelope.Id).Distinct().Count());
    }

    [Fact]
    public async Task P2_a_connection_lost_in_the_middle_of_a_message_leaves_nothing()
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            foreach (var end in new[] { "", "half", "a\\r\\n", "a\\r\\n.", "a\\r\\n.\\r" })
            {
                var server = new SmtpTestServer();
                await server.PlayAsync(pacing, $"{Scripts.Data}\nR: {end}\nCLOSE");
                Assert.Empty(server.Messages);
                Assert.Equal(0, server.Open);
            }
        }
    }

    [Fact]
    public async Task The_greeting_shows_no_version_and_its_name_comes_first() =>
        await new SmtpTestServer().PlayAsync(Pacing.Lines, "S: 220 mx.our.example ESMTP Postreiter\nC: QUIT\nS: 221 *");
}
