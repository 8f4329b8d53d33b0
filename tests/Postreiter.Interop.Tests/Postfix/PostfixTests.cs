using System.Text;
using System.Text.Json.Nodes;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Postreiter.Control;

namespace Postreiter.Interop.Tests.Postfix;

/// <summary>Mail to and from a Postfix.</summary>
public sealed class PostfixTests : ClientTests, IClassFixture<PostfixProcess>
{
    private readonly PostfixProcess _server;

    public PostfixTests(PostfixProcess server)
        : base(server)
    {
        Assert.SkipWhen(PostfixServer.Missing is not null, PostfixServer.Missing ?? "");
        _server = server;
    }

    private PostfixServer Postfix => _server.Postfix;

    [Fact]
    public async Task The_queue_delivers_by_a_route_under_TLS_and_every_byte_arrives()
    {
        var from = await Server.AddAccountAsync();
        var text =
            ".\r\n..\r\n.x\r\n"
            + new string('ä', 400)
            + "\r\n"
            + string.Concat(Enumerable.Repeat(new string('y', 70) + "\r\n", 3_000));
        await SubmitAsync(from, Sample(from, "paula@peer.example", "by route", text), "paula@peer.example");
        var arrived = await FindAsync("paula", "by route");
        Assert.StartsWith($"Return-Path: <{from}>\n", arrived, StringComparison.Ordinal);
        // Postfix tells that STARTTLS was used and who said EHLO.
        Assert.Contains("from mx.our.example", arrived, StringComparison.Ordinal);
        Assert.Contains("(using TLSv1.3 with cipher", arrived, StringComparison.Ordinal);
        Assert.Contains("with ESMTPS id", arrived.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.EndsWith("\n\n" + text.ReplaceLineEndings("\n"), arrived, StringComparison.Ordinal);
        await AssertQueueIsEmptyAsync();
    }

    [Fact]
    public async Task The_smarthost_gets_what_has_no_route_after_a_login_under_TLS()
    {
        var from = await Server.AddAccountAsync();
        await SubmitAsync(
            from,
            Sample(from, "quentin@beyond.example", "by smarthost", "x\r\n"),
            "quentin@beyond.example"
        );
        var arrived = (await FindAsync("quentin", "by smarthost")).ReplaceLineEndings(" ");
        Assert.Contains("(using TLSv1.3 with cipher", arrived, StringComparison.Ordinal);
        Assert.Contains($"(Authenticated sender: {PostfixServer.LogIn}", arrived, StringComparison.Ordinal);
        Assert.Contains("with ESMTPSA id", arrived, StringComparison.Ordinal);
        await AssertQueueIsEmptyAsync();
    }

    [Fact]
    public async Task A_refused_recipient_comes_back_as_a_report_and_the_other_one_is_served()
    {
        var from = await Server.AddAccountAsync();
        var message = Sample(from, "paula@peer.example", "one of two", "x\r\n");
        await SubmitAsync(from, message, "paula@peer.example", "missing@peer.example");
        await FindAsync("paula", "one of two");
        var (raw, report) = await WaitForReportAsync(from);
        Assert.StartsWith("Return-Path: <>\r\n", raw, StringComparison.Ordinal);
        var status = Assert.IsType<MessageDeliveryStatus>(((Multipart)report.Body!)[1]);
        Assert.Contains("mx.our.example", status.StatusGroups[0]["Reporting-MTA"], StringComparison.Ordinal);
        Assert.Equal(2, status.StatusGroups.Count);
        var recipient = status.StatusGroups[1];
        Assert.Equal("rfc822; missing@peer.example", recipient["Final-Recipient"]);
        Assert.Equal("failed", recipient["Action"]);
        Assert.Equal("5.1.1", recipient["Status"]);
        // Postfix's own words, with its code.
        Assert.StartsWith("smtp; 550 5.1.1", recipient["Diagnostic-Code"], StringComparison.Ordinal);
        Assert.Contains(
            "User unknown in virtual mailbox table",
            recipient["Diagnostic-Code"],
            StringComparison.Ordinal
        );
        Assert.Contains("Subject: one of two", raw, StringComparison.Ordinal);
        await AssertQueueIsEmptyAsync();
    }

    [Theory, InlineData("our.example", "ESMTPS"), InlineData(PostfixProcess.LmtpDomain, "LMTPS")]
    public async Task Mail_from_Postfix_comes_in_by_SMTP_and_LMTP_under_TLS(string domain, string with)
    {
        var to = await Server.AddAccountAsync(domain);
        var body = ".\r\n..\r\nGrüße\r\n";
        await SendThroughPostfixAsync("paula@peer.example", to, Sample("paula@peer.example", to, "hello", body));
        var (_, _, text) = (await WaitForAsync(to, 1))[0];
        Assert.StartsWith("Return-Path: <paula@peer.example>\r\n", text, StringComparison.Ordinal);
        Assert.Contains($"with {with} ", text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n" + body, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postfix_gets_a_report_of_success_from_a_relay_that_we_are_final_for()
    {
        // RFC 3461 §6.2.3 over LMTP and SMTP: whoever offers DSN and is final reports the delivery itself.
        var to = await Server.AddAccountAsync();
        await SendThroughPostfixAsync(
            "paula@peer.example",
            to,
            Sample("paula@peer.example", to, "please confirm", "x\r\n"),
            DeliveryStatusNotification.Success
        );
        await WaitForAsync(to, 1);
        var report = await FindAsync("paula", "multipart/report");
        Assert.Contains("Action: delivered", report, StringComparison.Ordinal);
        Assert.Contains(to, report, StringComparison.Ordinal);
    }

    [Theory, InlineData("our.example"), InlineData(PostfixProcess.LmtpDomain)]
    public async Task A_bounce_of_Postfix_comes_back(string domain)
    {
        var from = await Server.AddAccountAsync();
        // Postfix learns only from us that there is nobody, and must tell our user.
        var to = $"nobody@{domain}";
        await SendThroughPostfixAsync(from, to, Sample(from, to, "to nobody", "x\r\n"));
        var (raw, bounce) = await WaitForReportAsync(from);
        Assert.StartsWith("Return-Path: <>\r\n", raw, StringComparison.Ordinal);
        var status = Assert.IsType<MessageDeliveryStatus>(((Multipart)bounce.Body!)[1]);
        Assert.Equal("5.1.1", status.StatusGroups[1]["Status"]);
        Assert.Contains("550 5.1.1", status.StatusGroups[1]["Diagnostic-Code"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_goes_there_is_sent_back_refused_by_us_and_its_bounce_arrives()
    {
        var from = await Server.AddAccountAsync();
        await SubmitAsync(from, Sample(from, "back@peer.example", "there and back", "x\r\n"), "back@peer.example");
        var (raw, bounce) = await WaitForReportAsync(from);
        Assert.StartsWith("Return-Path: <>\r\n", raw, StringComparison.Ordinal);
        Assert.Contains("MAILER-DAEMON", bounce.From.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Subject: there and back", raw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_waits_while_Postfix_is_down_and_goes_out_when_it_is_back()
    {
        var from = await Server.AddAccountAsync();
        await Postfix.StopAsync();
        await SubmitAsync(from, Sample(from, "quentin@peer.example", "patience", "x\r\n"), "quentin@peer.example");
        await EventuallyAsync(async () => (await QueueAsync()) is [var item] && (int)item["attempts"]! > 0);
        Assert.Contains("4.4.1", (string?)(await QueueAsync())[0]["recipients"]![0]!["last_result"]);
        await Postfix.StartAsync();
        await FindAsync("quentin", "patience");
        await AssertQueueIsEmptyAsync();
        Assert.Empty(await ReadAsync(from));
    }

    /// <summary>Hands in mail as a user's client does.</summary>
    private async Task SubmitAsync(string from, MimeMessage message, params string[] to)
    {
        using var client = new SmtpClient();
        client.ServerCertificateValidationCallback = (_, c, _, _) => IsServers(c);
        await client.ConnectAsync("localhost", Server.Port("submissions"), SecureSocketOptions.SslOnConnect, Ct);
        await client.AuthenticateAsync(from, PostreiterProcess.Password, Ct);
        await client.SendAsync(message, MailboxAddress.Parse(from), to.Select(MailboxAddress.Parse), Ct);
        await client.DisconnectAsync(quit: true, Ct);
    }

    private async Task SendThroughPostfixAsync(
        string from,
        string to,
        MimeMessage message,
        DeliveryStatusNotification? notify = null
    )
    {
        using var client = new NotifyingClient(notify);
        await client.ConnectAsync("localhost", Postfix.Port, SecureSocketOptions.None, Ct);
        await client.SendAsync(message, MailboxAddress.Parse(from), [MailboxAddress.Parse(to)], Ct);
        await client.DisconnectAsync(quit: true, Ct);
    }

    private async Task<string> FindAsync(string user, string text)
    {
        for (var count = 1; ; count++)
        {
            var messages = await Postfix.WaitForAsync(user, count, Ct);
            if (messages.FirstOrDefault(m => m.Contains(text, StringComparison.Ordinal)) is { } found)
                return found;
            count = messages.Count;
        }
    }

    private async Task<(string Raw, MimeMessage Report)> WaitForReportAsync(string account)
    {
        var (_, _, text) = (await WaitForAsync(account, 1))[0];
        var report = await MimeMessage.LoadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), Ct);
        Assert.IsType<MultipartReport>(report.Body);
        return (text, report);
    }

    private async Task<IReadOnlyList<(long Uid, int Flags, string Text)>> WaitForAsync(string account, int count)
    {
        await EventuallyAsync(async () => (await ReadAsync(account)).Count >= count);
        return await ReadAsync(account);
    }

    private async Task<IReadOnlyList<JsonObject>> QueueAsync() =>
        (await Server.Control.CallAsync(ControlVerbs.QueueList, [], Ct)).Rows;

    private Task AssertQueueIsEmptyAsync() => EventuallyAsync(async () => (await QueueAsync()).Count == 0);

    private async Task EventuallyAsync(Func<Task<bool>> isSo)
    {
        try
        {
            await Waiting.UntilAsync(isSo, Ct);
        }
        catch (TimeoutException e)
        {
            Assert.Fail($"{e.Message}\n{Postfix.Log()}");
        }
    }

    private static MimeMessage Sample(string from, string to, string subject, string text)
    {
        var body = new TextPart("plain") { ContentTransferEncoding = ContentEncoding.EightBit };
        body.Content = new MimeContent(new MemoryStream(Encoding.UTF8.GetBytes(text)), ContentEncoding.EightBit);
        body.ContentType.Charset = "utf-8";
        return new([MailboxAddress.Parse(from)], [MailboxAddress.Parse(to)], subject, body);
    }

    private sealed class NotifyingClient(DeliveryStatusNotification? notify) : SmtpClient
    {
        protected override DeliveryStatusNotification? GetDeliveryStatusNotifications(
            MimeMessage message,
            MailboxAddress mailbox
        ) => notify;
    }
}
