using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server.Commands;

public sealed class RcptCommandTests
{
    [Theory]
    [InlineData("RCPT TO:<user@our.example>", "250 2.1.5 *")]
    [InlineData("RCPT TO: user@our.example", "250 2.1.5 *")]
    [InlineData("rcpt to:<user@our.example>", "250 2.1.5 *")]
    [InlineData("RCPT TO:<Postmaster>", "250 2.1.5 *")]
    [InlineData("RCPT TO:<postMASTER>", "250 2.1.5 *")]
    [InlineData("RCPT TO:<@x.example:user@our.example>", "250 2.1.5 *")]
    [InlineData("RCPT TO:<\"us er\"@our.example>", "250 2.1.5 *")]
    [InlineData("RCPT TO:<>", "501 5.1.3 *")]
    [InlineData("RCPT TO:", "501 5.1.3 *")]
    [InlineData("RCPT TO:  <user@our.example>", "501 5.1.3 *")]
    [InlineData("RCPT TO:user", "501 5.1.3 *")]
    [InlineData("RCPT LALA:<user@our.example>", "501 5.5.4 *")]
    [InlineData("RCPT TO:<a@xn--->", "501 5.1.3 *")]
    [InlineData("RCPT TO:<henry\u2163@our.example>", "553 5.6.7 *")]
    [InlineData("RCPT TO:<a@\u00fcber.example>", "553 5.6.7 *")]
    [InlineData("RCPT TO:<broken@our.example>", "451 4.3.0 *")]
    [InlineData("RCPT TO:<nobody@our.example>", "550 5.1.1 *")]
    [InlineData("RCPT TO:<user@our.example> SIZE=1", "555 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> NOTIFY=NEVER", "250 2.1.5 *")]
    [InlineData("RCPT TO:<user@our.example> NOTIFY=success,FAILURE,Delay", "250 2.1.5 *")]
    [InlineData("RCPT TO:<user@our.example> NOTIFY=NEVER,SUCCESS", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> NOTIFY=SUCCESS,SUCCESS", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> NOTIFY=SUCCESS,", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> NOTIFY", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> ORCPT=rfc822;a+2Bb@our.example", "250 2.1.5 *")]
    [InlineData("RCPT TO:<user@our.example> ORCPT=utf-8;a@our.example", "250 2.1.5 *")]
    [InlineData("RCPT TO:<user@our.example> ORCPT=a@our.example", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> ORCPT=;a@our.example", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> ORCPT=rf c;a@our.example", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> ORCPT=rfc822;a+2g", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> ORCPT=rfc822;a+0Ab", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> ORCPT=rfc822;a+C3", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> ORCPT=utf-8;\u00fc@our.example", "501 5.5.4 *")]
    [InlineData("RCPT TO:<user@our.example> NOTIFY=NEVER NOTIFY=NEVER", "501 5.5.4 *")]
    public async Task A_recipient_is_taken_or_refused(string command, string reply) =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\nC: MAIL FROM:<ann@client.example>\nS: 250 *\nC: {command}\nS: {reply}"
        );

    [Fact]
    public async Task Every_parameter_is_kept()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            C: MAIL FROM:<> SMTPUTF8
            S: 250 *
            C: RCPT TO:<jörg@our.example> NOTIFY=SUCCESS,DELAY ORCPT=utf-8;jörg+2B😀@old.example
            S: 250 *
            C: RCPT TO:<b@our.example> NOTIFY=NEVER
            S: 250 *
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            """
        );
        var all = Assert.Single(server.Messages).Envelope.Recipients;
        Assert.Equal(SmtpNotify.Success | SmtpNotify.Delay, all[0].Arguments.Notify);
        Assert.Equal("utf-8;jörg+😀@old.example", all[0].Arguments.OriginalRecipient);
        Assert.Equal(SmtpNotify.Never, all[1].Arguments.Notify);
    }

    [Fact]
    public async Task L5_an_ORCPT_of_500_characters_and_no_longer()
    {
        var at = "rfc822;" + new string('a', 493);
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Scripts.Open}\nC: RCPT TO:<b@our.example> ORCPT={at}\nS: 250 *\nC: RCPT TO:<c@our.example> ORCPT={at}a\nS: 501 5.5.4 *"
        );
    }

    [Fact]
    public async Task Without_a_good_recipient_there_is_no_DATA() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            C: MAIL FROM:<ann@client.example>
            S: 250 *
            C: RCPT TO:<nobody@our.example>
            S: 550 5.1.1 *
            C: DATA
            S: 554 5.5.1 *
            C: RCPT TO:<user@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            """
        );
}
