using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Postreiter.Control;
using Postreiter.Interop.Tests.Postfix;

namespace Postreiter.Interop.Tests.Dns;

/// <summary>Delivery by MX with a real DNS server: what is submitted arrives at the right host, or comes back with the right reason.</summary>
public sealed class MxDeliveryTests : ClientTests, IClassFixture<MxProcess>
{
    private readonly MxProcess _server;

    public MxDeliveryTests(MxProcess server)
        : base(server)
    {
        Assert.SkipWhen(MxProcess.Missing is not null, MxProcess.Missing ?? "");
        _server = server;
    }

    [Fact]
    public async Task F9_mail_arrives_by_MX_or_A_and_comes_back_where_there_is_no_way()
    {
        var from = await Server.AddAccountAsync();
        await using var sink = await SmtpSink.StartAsync(_server.SinkPort, Path.Combine(Folder, "sink"), "", Ct);
        string[] takes = ["two", "alias", "plain"];
        (string Domain, string Status)[] refuses =
        [
            ("null", "5.1.10"),
            ("own", "5.4.6"),
            ("hollow", "5.4.4"),
            ("absent", "5.1.2"),
            ("text", "5.1.2"),
        ];
        foreach (var domain in (string[])[.. takes, .. refuses.Select(r => r.Domain)])
            await SubmitAsync(from, $"x@{domain}.zone.example");

        await Waiting.UntilAsync(() => Task.FromResult(sink.Read().Count == takes.Length), Ct);
        Assert.All(
            takes,
            d => Assert.Single(sink.Read(), m => m.Contains($"To: x@{d}.zone.example", StringComparison.Ordinal))
        );
        await Waiting.UntilAsync(async () => (await ReadAsync(from)).Count == refuses.Length, Ct);
        var reports = await ReadAsync(from);
        foreach (var (domain, status) in refuses)
        {
            var report = Assert.Single(
                reports,
                m => m.Text.Contains($"Final-Recipient: rfc822; x@{domain}.zone.example", StringComparison.Ordinal)
            );
            Assert.Contains($"\r\nStatus: {status}\r\n", report.Text, StringComparison.Ordinal);
        }

        var queue = await Server.Control.CallAsync(ControlVerbs.QueueList, [], Ct);
        Assert.Empty(queue.Rows);
    }

    private async Task SubmitAsync(string from, string to)
    {
        using var message = new MimeMessage();
        message.From.Add(MailboxAddress.Parse(from));
        message.To.Add(MailboxAddress.Parse(to));
        message.Subject = "by MX";
        message.Body = new TextPart("plain") { Text = "x" };
        using var client = new SmtpClient();
        client.ServerCertificateValidationCallback = (_, _, _, _) => true;
        await client.ConnectAsync("127.0.0.1", Server.Port("submission"), SecureSocketOptions.StartTls, Ct);
        await client.AuthenticateAsync(from, PostreiterProcess.Password, Ct);
        await client.SendAsync(message, Ct);
        await client.DisconnectAsync(true, Ct);
    }
}
