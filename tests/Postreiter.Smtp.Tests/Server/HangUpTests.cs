using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>F14: a peer that hangs up leaves no session behind, in the clear or under TLS.</summary>
public sealed class HangUpTests
{
    [Theory]
    [InlineData("")]
    [InlineData("R: NOOP")]
    [InlineData("C: MAIL FROM:<ann@client.example>\nS: 250 *")]
    [InlineData(
        "C: MAIL FROM:<ann@client.example>\nS: 250 *\nC: RCPT TO:<bob@our.example>\nS: 250 *\nC: DATA\nS: 354 *\nC: x"
    )]
    [InlineData(
        "C: MAIL FROM:<ann@client.example>\nS: 250 *\nC: RCPT TO:<bob@our.example>\nS: 250 *\nR: BDAT 9\\r\\nx"
    )]
    public async Task F14_a_session_ends_with_its_peer_under_TLS(string before)
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: STARTTLS
            S: 220 2.0.0 *
            TLS
            C: EHLO c
            S... 250 HELP
            {before}
            CLOSE
            """
        );
        Assert.Empty(server.Messages);
    }
}
