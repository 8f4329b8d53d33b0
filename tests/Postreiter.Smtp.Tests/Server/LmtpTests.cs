using Postreiter.Core;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>LMTP (RFC 2033) on the same code.</summary>
public sealed class LmtpTests
{
    private const string Two = """
        S: 220 mx.our.example LMTP *
        C: EHLO c
        S: 500 5.5.1 *
        C: HELO c
        S: 500 5.5.1 *
        C: LHLO c
        S... 250 HELP
        C: MAIL FROM:<>
        S: 250 *
        C: RCPT TO:<a@our.example>
        S: 250 *
        C: RCPT TO:<nobody@our.example>
        S: 550 5.1.1 *
        C: RCPT TO:<b@our.example>
        S: 250 *
        """;

    private static SmtpTestServer Server(SmtpReply? early = null, Exception? fault = null) =>
        new()
        {
            Role = ListenerRole.Lmtp,
            EarlyRefusal = early,
            IntakeFault = fault,
            OutcomeOf = who => who == "b" ? new SmtpReply(452, "4.2.2", "Mailbox full") : null,
        };

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Each_accepted_recipient_has_its_reply_in_order(Pacing pacing)
    {
        var server = Server();
        await server.PlayAsync(
            pacing,
            Two
                + """

                C: DATA
                S: 354 *
                C: x
                C: .
                S: 250 2.0.0 *
                S: 452 4.2.2 *
                C: MAIL FROM:<>
                S: 250 *
                C: RCPT TO:<b@our.example>
                S: 250 *
                R: BDAT 3 LAST\r\nx\r\n
                S: 452 4.2.2 *
                C: QUIT
                S: 221 *
                """
        );
        Assert.Equal(2, server.Messages.Count);
    }

    [Fact]
    public async Task L8_the_replies_to_one_message_are_one_error()
    {
        var server = new SmtpTestServer
        {
            Role = ListenerRole.Lmtp,
            OutcomeOf = static _ => new SmtpReply(554, "5.7.1", "No"),
        };
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            S: 220 *
            C: LHLO c
            S... 250 HELP
            C: MAIL FROM:<>
            S: 250 *
            {Dialogue.Repeat(30, static i => $"C: RCPT TO:<a{i}@our.example>\nS: 250 *")}
            C: DATA
            S: 354 *
            C: x
            C: .
            {Dialogue.Repeat(30, static _ => "S: 554 5.7.1 No")}
            C: NOOP
            S: 250 *
            """
        );
    }

    [Fact]
    public async Task A_refusal_of_the_whole_message_is_said_for_each()
    {
        await Server(new SmtpReply(552, "5.3.4", "Header too large"))
            .PlayAsync(
                Pacing.Lines,
                Two + "\nC: DATA\nS: 354 *\nC: x\nC: .\nS: 552 5.3.4 *\nS: 552 5.3.4 *\nC: NOOP\nS: 250 *"
            );
        await Server(fault: new InvalidOperationException("the store fell over"))
            .PlayAsync(
                Pacing.Lines,
                Two + "\nC: DATA\nS: 354 *\nC: x\nC: .\nS: 451 4.3.0 *\nS: 451 4.3.0 *\nC: NOOP\nS: 250 *"
            );
    }

    [Fact]
    public async Task Without_a_good_recipient_DATA_has_one_reply() =>
        await Server()
            .PlayAsync(
                Pacing.Lines,
                """
                S: 220 *
                C: LHLO c
                S... 250 HELP
                C: MAIL FROM:<>
                S: 250 *
                C: RCPT TO:<nobody@our.example>
                S: 550 *
                C: DATA
                S: 554 5.5.1 *
                C: NOOP
                S: 250 *
                """
            );
}
