using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server.Commands;

public sealed class HeloCommandTests
{
    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task EHLO_names_every_extension(Pacing pacing) =>
        await new SmtpTestServer().PlayAsync(
            pacing,
            """
            S: 220 *
            C: EHLO client.example
            S: 250-mx.our.example
            S: 250-PIPELINING
            S: 250-SIZE 52428800
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250-ENHANCEDSTATUSCODES
            S: 250-CHUNKING
            S: 250-BINARYMIME
            S: 250-DSN
            S: 250-LIMITS MAILMAX=10000 RCPTMAX=1000
            S: 250-PRDR
            S: 250-STARTTLS
            S: 250 HELP
            """
        );

    [Theory]
    [InlineData("EHLO", "501 5.5.4 *")]
    [InlineData("HELO", "501 5.5.4 *")]
    [InlineData("HELO ", "501 5.5.4 *")]
    [InlineData("EHLO two words", "501 5.5.4 *")]
    [InlineData("helo localhost", "250 mx.our.example")]
    [InlineData("HELO [192.0.2.1]", "250 mx.our.example")]
    [InlineData("HELO [IPv6:2001:db8::1]", "250 mx.our.example")]
    [InlineData("HELO under_score.example", "250 mx.our.example")]
    public async Task A_host_name_is_one_word(string command, string reply) =>
        await new SmtpTestServer().PlayAsync(Pacing.Lines, $"S: 220 *\nC: {command}\nS: {reply}");

    [Fact]
    public async Task L5_a_host_name_of_257_octets_and_no_longer()
    {
        var name = new string('a', 257);
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"S: 220 *\nC: HELO {name}a\nS: 501 5.5.4 *\nC: HELO {name}\nS: 250 *"
        );
    }

    [Fact]
    public async Task It_ends_an_open_transaction()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Open}
            C: EHLO other.example
            S... 250 HELP
            C: RCPT TO:<user@our.example>
            S: 503 5.5.1 *
            C: MAIL FROM:<>
            S: 250 *
            C: RCPT TO:<user@our.example>
            S: 250 *
            R: BDAT 4\r\nabc\n
            S: 550 5.5.2 *
            C: HELO again.example
            S: 250 *
            C: MAIL FROM:<>
            S: 250 *
            """
        );
        Assert.Equal(0, server.Open);
    }

    [Fact]
    public async Task After_HELO_there_are_no_extensions() =>
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            Pacing.Lines,
            """
            S: 220 *
            C: HELO c
            S: 250 *
            C: AUTH PLAIN
            S: 502 5.5.1 *
            """
        );

    [Fact]
    public async Task RFC_9422_a_limit_has_at_most_six_digits() =>
        await SmtpTestServer
            .With(new() { MaxMessages = 1_000_000 })
            .PlayAsync(Pacing.Lines, "S: 220 *\nC: EHLO c\nS... 250-LIMITS MAILMAX=999999 RCPTMAX=1000\nS... 250 HELP");
}
