using Postreiter.Core;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server.Commands;

public sealed class DataCommandTests
{
    [Theory]
    [InlineData(".\\r\\n", "")]
    [InlineData("a\\r\\n.\\r\\n", "a\r\n")]
    [InlineData("..\\r\\n.\\r\\n", ".\r\n")]
    [InlineData("...\\r\\n.\\r\\n", "..\r\n")]
    [InlineData(".a\\r\\n.\\r\\n", "a\r\n")]
    [InlineData("a.\\r\\n.\\r\\n", "a.\r\n")]
    [InlineData("a\\r\\n..b\\r\\n\\r\\n..\\r\\n.\\r\\n", "a\r\n.b\r\n\r\n.\r\n")]
    [InlineData("\\r\\n\\r\\n.\\r\\n", "\r\n\r\n")]
    [InlineData("\\xFF\\xE4\\r\\n.\\r\\n", "\u00ff\u00e4\r\n")]
    [InlineData("\\x01\\x1B\\x7F\\t\\r\\n.\\r\\n", "\u0001\u001b\u007f\t\r\n")]
    public async Task P8_the_bytes_are_kept_and_stuffed_dots_go(string data, string content)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            var server = new SmtpTestServer();
            await server.PlayAsync(pacing, $"{Scripts.Data}\nR: {data}\nS: 250 2.0.0 *\nC: NOOP\nS: 250 *");
            Assert.Equal(content, Assert.Single(server.Messages).Content);
        }
    }

    [Theory]
    [InlineData("DATA now", "501 5.5.4 *")]
    [InlineData("DATA ", "250 *")]
    public async Task It_takes_no_argument(string command, string reply)
    {
        // A space at the end of a line is no argument (RFC 5321 §4.1.1).
        var script = reply.StartsWith('5')
            ? $"{Scripts.Open}\nC: {command}\nS: {reply}"
            : $"{Scripts.Open}\nC: {command}\nS: 354 *\nC: .\nS: {reply}";
        await new SmtpTestServer().PlayAsync(Pacing.Lines, script);
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task A_NUL_is_refused_at_the_end(Pacing pacing)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            pacing,
            $"{Scripts.Data}\nR: a\\0b\\r\\n.\\r\\n\nS: 554 5.6.0 *\nC: MAIL FROM:<>\nS: 250 *"
        );
        Assert.Empty(server.Messages);
        Assert.Equal(0, server.Open);
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task What_the_intake_refuses_early_is_told_at_the_end_and_forgotten_at_once(Pacing pacing)
    {
        var server = new SmtpTestServer { EarlyRefusal = new SmtpReply(552, "5.3.4", "Header too large") };
        await server.PlayAsync(
            pacing,
            $"{Scripts.Data}\nC: one\nC: two\nC: .\nS: 552 5.3.4 *\nC: NOOP\nS: 250 *\nC: RCPT TO:<a@our.example>\nS: 503 *"
        );
        Assert.Empty(server.Messages);
        Assert.Equal(0, server.Open);
    }

    [Fact]
    public async Task Two_messages_one_behind_the_other()
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            var server = new SmtpTestServer();
            await server.PlayAsync(
                pacing,
                Scripts.Data
                    + """

                    R: one\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<b@our.example>\r\nDATA\r\n
                    S: 250 2.0.0 *
                    S: 250 2.1.0 *
                    S: 250 2.1.5 *
                    S: 354 *
                    R: two\r\n.\r\nQUIT\r\n
                    S: 250 2.0.0 *
                    S: 221 *
                    """
            );
            Assert.Equal(["one\r\n", "two\r\n"], server.Messages.Select(m => m.Content));
        }
    }
}
