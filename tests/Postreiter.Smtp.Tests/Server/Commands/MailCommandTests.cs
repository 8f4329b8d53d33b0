using Postreiter.Core;
using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Smtp.Tests.Server.Commands;

public sealed class MailCommandTests
{
    [Theory]
    [InlineData("MAIL FROM:<a@b.example>", "250 2.1.0 *")]
    [InlineData("mail from:<a@b.example>", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<>", "250 2.1.0 *")]
    [InlineData("MAIL FROM: <>", "250 2.1.0 *")]
    [InlineData("MAIL FROM:a@b.example", "250 2.1.0 *")]
    [InlineData("MAIL FROM: a@b.example", "250 2.1.0 *")]
    [InlineData("MAIL FROM: a@b.example SIZE=1", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<a@b.example> ", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<@x.example,@y.example:a@b.example>", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<\"a > b\"@c.example>", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<\"a\\\"b\"@c.example>", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<a@[192.0.2.1]>", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<a@[IPv6:2001:db8::1]>", "250 2.1.0 *")]
    [InlineData("MAIL FROM:  <a@b.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:  a@b.example", "501 5.1.7 *")]
    [InlineData("MAIL FROM:", "501 5.1.7 *")]
    [InlineData("MAIL FROM: ", "501 5.1.7 *")]
    [InlineData("MAIL FROM :<a@b.example>", "501 5.5.4 *")]
    [InlineData("MAIL FROM <a@b.example>", "501 5.5.4 *")]
    [InlineData("MAIL  FROM:<a@b.example>", "501 5.5.4 *")]
    [InlineData("MAIL", "501 5.5.4 *")]
    [InlineData("MAIL FROM:<a@b.example", "501 5.1.7 *")]
    [InlineData("MAIL FROM:a@b.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a@b.example>>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a@b.example>SIZE=1", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a b@c.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a@b..example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a..b@c.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<.a@c.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a@>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<@b.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<@bad_route!:a@b.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<@x.example:>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a@[999.0.2.1]>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a@-b.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<a,b@c.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:Ann <a@b.example>", "501 5.1.7 *")]
    [InlineData("MAIL FROM:<Postmaster>", "501 5.1.7 *")]
    public async Task A_reverse_path_is_taken_or_refused(string command, string reply) =>
        await new SmtpTestServer().PlayAsync(Pacing.Lines, $"{Scripts.Greeted}\nC: {command}\nS: {reply}");

    [Theory]
    [InlineData("SIZE=0", "250 2.1.0 *")]
    [InlineData("SIZE=52428800", "250 2.1.0 *")]
    [InlineData("SIZE=52428801", "552 5.3.4 *")]
    [InlineData("SIZE=99999999999999999999", "552 5.3.4 *")]
    [InlineData("SIZE=999999999999999999999", "501 5.5.4 *")]
    [InlineData("SIZE=x", "501 5.5.4 *")]
    [InlineData("SIZE=-1", "501 5.5.4 *")]
    [InlineData("SIZE=", "501 5.5.4 *")]
    [InlineData("SIZE", "501 5.5.4 *")]
    [InlineData("SIZE=1 SIZE=2", "501 5.5.4 *")]
    [InlineData("BODY=7BIT", "250 2.1.0 *")]
    [InlineData("BODY=8BITMIME", "250 2.1.0 *")]
    [InlineData("body=binarymime", "250 2.1.0 *")]
    [InlineData("BODY=9BIT", "501 5.5.4 *")]
    [InlineData("BODY", "501 5.5.4 *")]
    [InlineData("SMTPUTF8", "250 2.1.0 *")]
    [InlineData("SMTPUTF8 BODY=8BITMIME SIZE=10", "250 2.1.0 *")]
    [InlineData("SMTPUTF8=1", "501 5.5.4 *")]
    [InlineData("RET=FULL", "250 2.1.0 *")]
    [InlineData("RET=hdrs", "250 2.1.0 *")]
    [InlineData("RET=ALL", "501 5.5.4 *")]
    [InlineData("ENVID=a+2Bb", "250 2.1.0 *")]
    [InlineData("ENVID=a+2bb", "501 5.5.4 *")]
    [InlineData("ENVID=a+", "501 5.5.4 *")]
    [InlineData("ENVID=a=b", "501 5.5.4 *")]
    [InlineData("ENVID=a+0D+0Ab", "501 5.5.4 *")]
    [InlineData("ENVID=a+FF", "501 5.5.4 *")]
    [InlineData("ENVID=\u00fc", "501 5.5.4 *")]
    [InlineData("XYZ=1", "555 5.5.4 *")]
    [InlineData("AUTH=<>", "555 5.5.4 *")]
    [InlineData("NOTIFY=NEVER", "555 5.5.4 *")]
    [InlineData("=1", "501 5.5.4 *")]
    [InlineData("-X=1", "501 5.5.4 *")]
    public async Task A_parameter_is_taken_or_refused(string parameters, string reply) =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\nC: MAIL FROM:<a@b.example> {parameters}\nS: {reply}"
        );

    [Theory]
    [InlineData("MAIL FROM:<jörg@b.example>", "553 5.6.7 *")]
    [InlineData("MAIL FROM:<a@bücher.example>", "553 5.6.7 *")]
    [InlineData("MAIL FROM:<a@xn--bcher-kva.example>", "250 2.1.0 *")]
    [InlineData("MAIL FROM:<jörg@bücher.example> SMTPUTF8", "250 2.1.0 *")]
    [InlineData("MAIL FROM: jörg@b.example SMTPUTF8 BODY=8BITMIME", "250 2.1.0 *")]
    public async Task An_address_beyond_ASCII_needs_SMTPUTF8(string command, string reply)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
            await new SmtpTestServer().PlayAsync(pacing, $"{Scripts.Greeted}\nC: {command}\nS: {reply}");
    }

    [Fact]
    public async Task An_address_that_is_no_UTF_8_is_no_address() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\nR: MAIL FROM:<j\\xF6rg@b.example> SMTPUTF8\\r\\n\nS: 501 5.1.7 *"
        );

    [Fact]
    public async Task After_HELO_no_parameter_is_known() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            "S: 220 *\nC: HELO c\nS: 250 *\nC: MAIL FROM:<a@b.example> SIZE=1\nS: 555 5.5.4 *\nC: MAIL FROM:<a@b.example>\nS: 250 *"
        );

    [Fact]
    public async Task AUTH_is_a_parameter_where_one_logs_in() =>
        await new SmtpTestServer { Role = ListenerRole.Submission }.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            C: AUTH PLAIN AGFubkBvdXIuZXhhbXBsZQBzZWNyZXQ=
            S: 235 2.7.0 *
            C: MAIL FROM:<a@b.example> AUTH=a b
            S: 555 5.5.4 *
            C: MAIL FROM:<a@b.example> AUTH=+zz
            S: 501 5.5.4 *
            C: MAIL FROM:<a@b.example> AUTH=e+3Dmc2@example.com
            S: 250 2.1.0 *
            C: RSET
            S: 250 *
            C: MAIL FROM:<a@b.example> AUTH=<>
            S: 250 2.1.0 *
            """
        );

    [Fact]
    public async Task Every_parameter_is_kept()
    {
        var server = new SmtpTestServer();
        await server.PlayAsync(
            Pacing.Lines,
            $"""
            {Scripts.Greeted}
            C: MAIL FROM:<jörg@b.example> SIZE=100 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ+2B314159
            S: 250 2.1.0 *
            C: RCPT TO:<user@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            C: .
            S: 250 *
            """
        );
        var mail = Assert.Single(server.Messages).Envelope.Mail;
        Assert.Equal("jörg@b.example", mail.ReversePath.ToString());
        Assert.Equal(100, mail.Size);
        Assert.Equal(SmtpBody.EightBitMime, mail.Body);
        Assert.True(mail.SmtpUtf8);
        Assert.Equal("HDRS", mail.Return);
        Assert.Equal("QQ+314159", mail.EnvelopeId);
    }

    [Fact]
    public async Task What_the_policy_refuses_opens_nothing() =>
        await new SmtpTestServer { MailRefusal = new SmtpReply(452, "4.3.1", "Insufficient storage") }.PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\nC: MAIL FROM:<>\nS: 452 4.3.1 *\nC: RCPT TO:<user@our.example>\nS: 503 5.5.1 *"
        );

    [Fact]
    public async Task One_transaction_at_a_time() =>
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Scripts.Open}\nC: MAIL FROM:<b@client.example>\nS: 503 5.5.1 *\nC: DATA\nS: 354 *\nC: .\nS: 250 *"
        );

    [Theory]
    [InlineData(64, 10, 0, "250 2.1.0 *")]
    [InlineData(65, 10, 0, "501 5.1.7 *")]
    [InlineData(10, 63, 0, "250 2.1.0 *")]
    [InlineData(10, 64, 0, "501 5.1.7 *")]
    [InlineData(2, 63, 3, "501 5.1.7 *")]
    [InlineData(1, 52, 3, "250 2.1.0 *")]
    [InlineData(1, 53, 3, "501 5.1.7 *")]
    public async Task L5_local_part_label_and_path_have_their_length(int local, int label, int more, string reply)
    {
        var domain =
            new string('d', label) + string.Concat(Enumerable.Repeat("." + new string('e', 63), more)) + ".example";
        await new SmtpTestServer().PlayAsync(
            Pacing.Lines,
            $"{Scripts.Greeted}\nC: MAIL FROM:<{new string('l', local)}@{domain}>\nS: {reply}"
        );
    }
}
