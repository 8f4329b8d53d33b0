using Postreiter.Core;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>A reply for each recipient, where the client asks for it (PRDR).</summary>
public sealed class PrdrTests
{
    private static readonly SmtpReply Spam = new(550, "5.7.1", "Message refused as spam");

    private static SmtpTestServer Server(Func<string, SmtpReply?> outcome) => new() { OutcomeOf = outcome };

    private static string To(
        string mail,
        string recipients,
        string replies,
        string data = "C: DATA\nS: 354 *\nC: x\nC: .\n"
    ) =>
        $"""
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: MAIL FROM:<s@far.example>{mail}
            S: 250 *
            {string.Join('\n', recipients.Split(' ').Select(r => $"C: RCPT TO:<{r}@our.example>\nS: *"))}
            {data}{replies}
            C: NOOP
            S: 250 *
            """;

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Where_recipients_differ_each_has_its_reply_in_order_and_the_whole_one(Pacing pacing)
    {
        var server = Server(static who => who == "b" ? Spam : null);
        await server.PlayAsync(
            pacing,
            To(
                " PRDR",
                "a b nobody c",
                """
                S: 353 Recipients differ, *
                S: 250 2.0.0 *
                S: 550 5.7.1 Message refused as spam
                S: 250 2.0.0 *
                S: 250 2.0.0 Taken for those who want it
                """
            )
        );
        Assert.Equal(3, Assert.Single(server.Messages).Envelope.Recipients.Count);
    }

    [Fact]
    public async Task With_BDAT_too() =>
        await Server(static who => who == "b" ? Spam : null)
            .PlayAsync(
                Pacing.Lines,
                To(" PRDR SIZE=3", "b a", "S: 353 *\nS: 550 *\nS: 250 *\nS: 250 *", "R: BDAT 3 LAST\\r\\nx\\r\\n\n")
            );

    [Theory]
    [InlineData("a b", "250 2.0.0 *")]
    [InlineData("x y", "550 5.7.1 *")]
    public async Task Where_they_agree_one_reply_is_enough(string recipients, string reply) =>
        await Server(static who => who is "x" or "y" ? Spam : null)
            .PlayAsync(Pacing.Lines, To(" PRDR", recipients, $"S: {reply}"));

    [Fact]
    public async Task Who_is_only_deferred_is_not_refused_by_the_reply_to_the_whole() =>
        await Server(static who => who == "b" ? Spam : new SmtpReply(452, "4.2.2", "Mailbox full"))
            .PlayAsync(Pacing.Lines, To(" PRDR", "a b", "S: 353 *\nS: 452 *\nS: 550 *\nS: 451 4.7.1 *"));

    [Fact]
    public async Task A_client_that_does_not_ask_has_one_reply() =>
        await Server(static _ => Spam).PlayAsync(Pacing.Lines, To("", "a b", "S: 250 2.0.0 *"));

    [Theory]
    [InlineData(ListenerRole.Mx, "EHLO c", " PRDR=1", "501 5.5.4 *")]
    [InlineData(ListenerRole.Mx, "HELO c", " PRDR", "555 5.5.4 *")]
    [InlineData(ListenerRole.Lmtp, "LHLO c", " PRDR", "555 5.5.4 *")]
    public async Task The_keyword_has_no_value_and_belongs_to_doors_that_announce_it(
        ListenerRole role,
        string hello,
        string keyword,
        string reply
    ) =>
        await new SmtpTestServer { Role = role }.PlayAsync(
            Pacing.Lines,
            $"S: 220 *\nC: {hello}\nS... 250 {(hello[0] == 'H' ? "*" : "HELP")}\nC: MAIL FROM:<s@far.example>{keyword}\nS: {reply}"
        );
}
