namespace Postreiter.Spam.Tests.Mail;

public sealed class EnvelopeSenderTests
{
    private const string Trace =
        "Received: from a.example (a.example [192.0.2.1]) by mx.example (Postfix) with SMTP id x1y2\n";

    [Theory]
    [InlineData("Return-Path: <r@x.example>\n" + Trace, "r@x.example")]
    [InlineData(Trace + "Return-Path: <r@x.example>\n", null)]
    [InlineData("X-Envelope-From: <e@x.example>\nReturn-Path: <r@x.example>\n" + Trace, "e@x.example")]
    [InlineData(Trace + "X-Envelope-From: <e@x.example>\n", null)]
    [InlineData("Envelope-Sender: e@x.example\n" + Trace, "e@x.example")]
    [InlineData("Return-Path: <r@x.example>\nX-Sender: l@x.example\nReceived: from a by b (fetchmail 6)\n", null)]
    [InlineData(
        "Received: from a.example (a.example [192.0.2.1]) by mx.example (envelope-from <v@x.example>) with SMTP id x1y2\n",
        "v@x.example"
    )]
    public void The_sender_is_what_the_headers_let_one_believe(string header, string? sender) =>
        Assert.Equal(sender, SampleMail.Parse(header + "\n").EnvelopeFrom);

    [Fact]
    public void The_session_knows_better()
    {
        var site = SampleMail.Site with { EnvelopeFrom = "" };
        var mail = SampleMail.Parse("Return-Path: <r@x.example>\n\n", site);
        Assert.Equal("", mail.EnvelopeFrom);
        Assert.Equal("", mail.Header("EnvelopeFrom"));
    }

    [Theory]
    [InlineData("X-From: <s@x.example>\n", "s@x.example")]
    [InlineData("Return-Path: <r@x.example>\n", null)]
    public void A_site_may_name_the_header(string header, string? sender) =>
        Assert.Equal(
            sender,
            SampleMail.Parse(header + "\n", SampleMail.Site with { EnvelopeSenderHeader = "X-From" }).EnvelopeFrom
        );
}
