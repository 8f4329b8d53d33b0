using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>
/// Two messages from one: a line end that another server takes for one and we do not, or the other way round. Every combination of
/// line ends around the dot but CR LF . CR LF ends the session, however the bytes are cut.
/// </summary>
public sealed class SmugglingTests
{
    private const string Smuggled =
        "MAIL FROM:<evil@x.example>\\r\\nRCPT TO:<a@our.example>\\r\\nDATA\\r\\nevil\\r\\n.\\r\\n";

    public static TheoryData<string> Dots
    {
        get
        {
            string[] ends = ["\\r\\n", "\\n", "\\r", "\\r\\r\\n", "\\n\\r", "\\r\\n\\n", "\\0\\r\\n", "\\r\\0\\n"];
            var data = new TheoryData<string>();
            foreach (var before in ends)
            {
                foreach (var dot in new[] { ".", "..", ".\\0" })
                {
                    foreach (var after in ends)
                    {
                        if (before == "\\r\\n" && after == "\\r\\n")
                            continue;
                        // A NUL is no line end: such a line only makes the message one with NULs, which is refused at its end.
                        if (before is "\\r\\n" or "\\0\\r\\n" && after is "\\r\\n" or "\\0\\r\\n")
                            continue;
                        // The message has ended well; what is wrong stands in front of the next command.
                        if (before is "\\r\\n" or "\\0\\r\\n" && dot == "." && after == "\\r\\n\\n")
                            continue;
                        data.Add(before + dot + after);
                    }
                }
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Dots))]
    public async Task In_DATA_only_CRLF_dot_CRLF_ends_a_message(string end)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            var server = new SmtpTestServer();
            await server.PlayAsync(pacing, $"{Scripts.Data}\nR: text{end}{Smuggled}\nS: 550 5.5.2 *\nS: <closed>");
            Assert.Empty(server.Messages);
            Assert.Equal(0, server.Open);
        }
    }

    [Theory]
    [InlineData("\\r\\n.\\n")]
    [InlineData("\\n.\\r\\n")]
    [InlineData("\\r.\\r\\n")]
    [InlineData("\\n.\\n")]
    [InlineData("\\r\\n.\\r")]
    [InlineData("a\\nb")]
    [InlineData("a\\rb")]
    public async Task However_the_packets_are_cut(string end)
    {
        // Each cut of what can be cut, with the server looking at the first part before the second comes.
        var units = end.Replace("\\", " \\", StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (var cut = 1; cut < units.Length; cut++)
        {
            var server = new SmtpTestServer();
            await server.PlayAsync(
                Pacing.Lines,
                $"{Scripts.Data}\nR: text{string.Concat(units[..cut])}\nR: {string.Concat(units[cut..])}{Smuggled}\nS: 550 5.5.2 *\nS: <closed>"
            );
            Assert.Empty(server.Messages);
        }
    }

    [Fact]
    public async Task A_message_that_is_too_big_smuggles_no_more_than_another()
    {
        var server = SmtpTestServer.With(new() { MaxMessageBytes = 65_536 });
        await server.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Data}\n{Dialogue.Repeat(70, _ => "C: " + new string('x', 998))}\nR: .\\n{Smuggled}\nS: 550 5.5.2 *\nS: <closed>"
        );
        Assert.Empty(server.Messages);
    }

    [Theory]
    [InlineData("NOOP\\nNOOP\\r\\n")]
    [InlineData("NOOP\\rNOOP\\r\\n")]
    [InlineData("NOOP\\r\\rNOOP\\r\\n")]
    [InlineData("NOOP\\n")]
    [InlineData("NOOP\\n\\r\\n")]
    [InlineData("MAIL FROM:<a@b.example>\\nRCPT TO:<a@our.example>\\r\\n")]
    [InlineData("EHLO c\\r\\nMAIL FROM:<>\\rSIZE=1\\r\\n")]
    public async Task In_a_command_it_ends_the_session(string command)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            var server = new SmtpTestServer();
            await server.PlayAsync(pacing, $"S: 220 *\nR: {command}{Smuggled}\nS... 550 5.5.2 *\nS: <closed>");
            Assert.Empty(server.Messages);
        }
    }

    [Theory]
    [InlineData("BDAT 7\\n")]
    [InlineData("BDAT 7\\r")]
    [InlineData("BDAT 7 LAST\\n")]
    public async Task A_BDAT_with_a_bare_line_end_ends_the_session(string command)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            var server = new SmtpTestServer();
            await server.PlayAsync(pacing, $"{Scripts.Open}\nR: {command}{Smuggled}\nS: 550 5.5.2 *\nS: <closed>");
            Assert.Empty(server.Messages);
        }
    }

    [Theory]
    [InlineData("\\r\\n.\\r\\n")]
    [InlineData("\\n.\\n")]
    [InlineData("\\r\\n.\\n")]
    public async Task In_a_chunk_a_dot_is_a_dot(string dot)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            var server = new SmtpTestServer();
            var text = $"a{dot}{Smuggled}";
            var size = text.Replace("\\r", "r", StringComparison.Ordinal)
                .Replace("\\n", "n", StringComparison.Ordinal)
                .Length;
            var taken = dot == "\\r\\n.\\r\\n";
            await server.PlayAsync(
                pacing,
                $"{Scripts.Open}\nR: BDAT {size} LAST\\r\\n{text}\nS: {(taken ? "250" : "550 5.5.2")} *\nC: NOOP\nS: 250 *"
            );
            Assert.Equal(taken ? 1 : 0, server.Messages.Count);
            Assert.All(
                server.Messages,
                m => Assert.Equal("ann@client.example", m.Envelope.Mail.ReversePath.ToString())
            );
        }
    }

    [Fact]
    public async Task What_follows_a_DATA_that_was_refused_is_no_mail()
    {
        // The lines are taken for commands, as RFC 2920 §3.1 warns; none of them may be one that brings mail.
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            R: MAIL FROM:<>\r\nRCPT TO:<nobody@our.example>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n
            S: 250 *
            S: 550 5.1.1 *
            S: 554 5.5.1 *
            S: 500 5.5.1 *
            S: 500 5.5.1 *
            S: 500 5.5.1 *
            """
        );
        Assert.Empty(server.Messages);
    }
}
