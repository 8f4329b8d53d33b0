using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server.Commands;

/// <summary>RSET, NOOP, VRFY, EXPN, HELP, QUIT.</summary>
public sealed class SmallCommandTests
{
    [Theory]
    [InlineData("NOOP", "250 2.0.0 *")]
    [InlineData("NOOP anything at all", "250 2.0.0 *")]
    [InlineData("noop", "250 2.0.0 *")]
    [InlineData("RSET", "250 2.0.0 *")]
    [InlineData("RSET now", "501 5.5.4 *")]
    [InlineData("VRFY ann", "252 2.5.0 *")]
    [InlineData("VRFY nobody@our.example", "252 2.5.0 *")]
    [InlineData("VRFY", "501 5.5.4 *")]
    [InlineData("EXPN list", "502 5.5.1 *")]
    [InlineData("HELP", "214-2.0.0 *")]
    [InlineData("HELP DATA", "214-2.0.0 *")]
    [InlineData("QUIT now", "501 5.5.4 *")]
    public async Task In_every_phase_it_gets_its_reply(string command, string reply)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            foreach (var before in new[] { "S: 220 *", Scripts.Greeted, Scripts.Open })
                await new SmtpTestServer().PlayAsync(pacing, $"{before}\nC: {command}\nS: {reply}");
        }
    }

    [Fact]
    public async Task RSET_forgets_the_transaction_and_not_the_greeting() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Scripts.Open}\nC: RSET\nS: 250 *\nC: DATA\nS: 503 5.5.1 *\nC: MAIL FROM:<>\nS: 250 *"
        );

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task QUIT_is_answered_at_once_and_what_comes_behind_is_not_run(Pacing pacing)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(pacing, $"{Scripts.Open}\nR: QUIT\\r\\nDATA\\r\\n\nS: 221 2.0.0 *\nS: <closed>");
        Assert.Empty(server.Messages);
    }
}
