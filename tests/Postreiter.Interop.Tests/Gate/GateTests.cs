using System.Net;
using System.Text.Json.Nodes;
using MailKit.Net.Imap;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Postreiter.Control;

namespace Postreiter.Interop.Tests.Gate;

/// <summary>Real callers at the gate: lists, names and policies come from a name server, and Postfix comes back on its own.</summary>
public sealed class GateTests : ClientTests, IClassFixture<GateProcess>
{
    private readonly GateProcess _server;

    public GateTests(GateProcess server)
        : base(server)
    {
        Assert.SkipWhen(GateProcess.Missing is not null, GateProcess.Missing ?? "");
        _server = server;
    }

    [Fact]
    public async Task Postfix_is_delayed_and_comes_back_with_its_own_queue()
    {
        var to = await Server.AddAccountAsync();
        // 127.0.0.1 has no name in this DNS: a reason to wait. SPF vouches for peer.example.
        using (var smtp = new SmtpClient { ServerCertificateValidationCallback = (_, _, _, _) => true })
        {
            await smtp.ConnectAsync("127.0.0.1", _server.Postfix.Port, SecureSocketOptions.None, Ct);
            using var message = Compose("paula@peer.example", to);
            await smtp.SendAsync(message, new MailboxAddress("", "paula@peer.example"), [MailboxAddress.Parse(to)], Ct);
        }

        await WaitForMailAsync(to);
        var log = _server.Postfix.Log();
        Assert.Matches(
            $@"status=deferred \(host 127\.0\.0\.1\[127\.0\.0\.1\] said: 451-4\.7\.1 127\.0\.0\.1 is not yet authorized to deliver mail from 451-4\.7\.1 <paula@peer\.example> to <{to}>\. 451 4\.7\.1 Please try again in 3 seconds\.",
            log
        );
        Assert.Contains("status=sent (250 2.0.0 ", log, StringComparison.Ordinal);
        var traces = await TracesAsync(to);
        Assert.InRange(traces.Count, 2, 10);
        Assert.Equal("Defer", (string?)traces[0]["recipients"]![0]!["action"]);
        Assert.Equal("Mark", (string?)traces[^1]["recipients"]![0]!["action"]);
        Assert.Contains("came back after ", Words(traces[^1], "greylist"), StringComparison.Ordinal);
        Assert.Equal("pass", Result(traces[^1], "spf"));
        // What postreiter greylist list tells.
        var list = await Server.RunAsync("greylist", "list");
        Assert.Contains($"passed  peer.example  <paula@peer.example> to <{to}>", list.Output, StringComparison.Ordinal);
        // The next message of the same sender goes straight through.
        Assert.Equal(0, (await Server.RunAsync("trace", to)).ExitCode);
    }

    [Fact]
    public async Task A_host_as_it_should_be_is_not_delayed()
    {
        var to = await Server.AddAccountAsync();
        Assert.Null(await SendAsync("127.0.0.5", "a@zone.example", to));
        var trace = Assert.Single(await TracesAsync(to));
        Assert.Equal("mail.zone.example", (string?)trace["name"]);
        Assert.Equal(
            ("pass", "pass", "pass", "listed", "blocked"),
            (
                Result(trace, "iprev"),
                Result(trace, "spf"),
                Result(trace, "sender-domain"),
                Result(trace, "dnsbl wl.example"),
                Result(trace, "dnsbl bl.example")
            )
        );
        Assert.Equal(-2, (double)trace["points"]!);
    }

    [Theory]
    [InlineData("127.0.0.6", "iprev", "fail")]
    [InlineData("127.0.0.7", "iprev", "permerror")]
    [InlineData("127.0.0.8", "name", "dial-up")]
    [InlineData("127.0.0.9", "dnsbl bl.example", "listed")]
    public async Task A_host_with_something_against_it_waits(string client, string check, string result)
    {
        var to = await Server.AddAccountAsync();
        var refusal = await SendAsync(client, "a@open.zone.example", to);
        Assert.Equal(451, (int?)refusal?.StatusCode);
        var trace = Assert.Single(await TracesAsync(to));
        Assert.Equal(result, Result(trace, check));
        Assert.Equal("new", Result(trace, "greylist"));
    }

    [Theory]
    [InlineData("127.0.0.3", "a@zone.example", 550, "Refused: 127.0.0.3 is on bl.example")]
    [InlineData("127.0.0.5", "a@null.zone.example", 550, "null MX")]
    [InlineData("127.0.0.5", "a@gone.zone.example", 550, "not in the DNS")]
    public async Task What_is_not_wanted_is_refused_in_the_session(string client, string from, int code, string words)
    {
        var to = await Server.AddAccountAsync();
        var refusal = await SendAsync(client, from, to);
        Assert.Equal(code, (int?)refusal?.StatusCode);
        Assert.Contains(words, refusal!.Message, StringComparison.Ordinal);
        Assert.Equal("Refuse", (string?)Assert.Single(await TracesAsync(to))["recipients"]![0]!["action"]);
    }

    [Fact]
    public async Task A_list_that_refuses_our_resolver_refuses_no_mail_and_a_name_server_that_knows_nothing_neither()
    {
        var to = await Server.AddAccountAsync();
        // No server for that zone here: NSD answers REFUSED.
        var refusal = await SendAsync("127.0.0.4", "a@elsewhere.example", to);
        Assert.Equal(451, (int?)refusal?.StatusCode);
        var trace = Assert.Single(await TracesAsync(to));
        Assert.Equal(("blocked", "temperror"), (Result(trace, "dnsbl bl.example"), Result(trace, "sender-domain")));
        Assert.Equal(0, (double)trace["points"]!);
    }

    [Fact]
    public async Task What_a_user_sent_and_Postfix_brings_back_has_our_tag()
    {
        var from = await Server.AddAccountAsync();
        using (var smtp = new SmtpClient { ServerCertificateValidationCallback = (_, _, _, _) => true })
        {
            await smtp.ConnectAsync("localhost", Server.Port("submissions"), SecureSocketOptions.SslOnConnect, Ct);
            await smtp.AuthenticateAsync(from, PostreiterProcess.Password, Ct);
            // Postfix takes it, and sends it on to somebody who is not here.
            using var message = Compose(from, "back@peer.example");
            await smtp.SendAsync(message, Ct);
        }

        await WaitForMailAsync(from);
        Assert.Matches($"from=<prvs=0[0-9a-f]{{9}}={from}>", _server.Postfix.Log());
        var notice = Assert.Single(await ReadAsync(from)).Text;
        Assert.StartsWith("Return-Path: <>\r\n", notice, StringComparison.Ordinal);
        Assert.Contains($"\r\nDelivered-To: {from}\r\n", notice, StringComparison.Ordinal);
        Assert.Contains("multipart/report; report-type=delivery-status", notice, StringComparison.Ordinal);
        // It has waited at DATA first, for its sender has no name here.
        var traces = (await TracesAsync(from)).Where(static t => (string?)t["sender"] == "").ToList();
        Assert.Equal(("pass", "new"), (Result(traces[0], "batv"), Result(traces[0], "greylist")));
        Assert.Equal(("pass", "came-back"), (Result(traces[^1], "batv"), Result(traces[^1], "greylist")));
    }

    [Fact]
    public async Task Exim_is_told_what_became_of_each_recipient()
    {
        Assert.SkipWhen(EximSender.Missing is not null, EximSender.Missing ?? "");
        var (one, other) = (await Server.AddAccountAsync(), await Server.AddAccountAsync(GateProcess.Other));
        using var exim = new EximSender();
        var log = await exim.SendAsync(
            Server.Port("smtp"),
            "wanted@zone.example",
            "From: wanted@zone.example\nSubject: offer\n\nvery cheap pills\n",
            one,
            other
        );
        TestContext.Current.TestOutputHelper!.WriteLine(log);
        Assert.Matches($@" \*\* {one} .*550 5\.7\.1 Message refused as spam", log);
        Assert.Matches($@" => {other} .*PRDR.* C=""250 2\.0\.0 ", log);
        JsonObject trace = [];
        // What was filed with the message does not know yet what the other was told.
        await Waiting.UntilAsync(
            async () =>
            {
                trace = Assert.Single(await TracesAsync(one));
                return trace["recipients"]!.AsArray().Any(static r => (string?)r!["action"] == "Refuse");
            },
            Ct
        );
        Assert.Equal(
            ["Refuse", "Accept"],
            trace["recipients"]!
                .AsArray()
                .Select(static r => (string?)r!["action"])
                .Order(StringComparer.Ordinal)
                .Reverse()
        );
        await WaitForMailAsync(other);
    }

    private static string? Result(JsonObject trace, string check) =>
        (string?)trace["checks"]!.AsArray().First(c => (string?)c!["check"] == check)!["result"];

    private static string Words(JsonObject trace, string check) =>
        (string)trace["checks"]!.AsArray().First(c => (string?)c!["check"] == check)!["reason"]!;

    private static MimeMessage Compose(string from, string to)
    {
        var message = new MimeMessage
        {
            Subject = "hello",
            Body = new TextPart("plain") { Text = "Grüße\r\n" },
        };
        message.From.Add(MailboxAddress.Parse(from));
        message.To.Add(MailboxAddress.Parse(to));
        return message;
    }

    // What was refused is written a moment after its reply, many at one time.
    private async Task<IReadOnlyList<JsonObject>> TracesAsync(string address)
    {
        IReadOnlyList<JsonObject> found = [];
        await Waiting.UntilAsync(
            async () =>
            {
                var arguments = new JsonObject { ["of"] = address };
                found = (await Server.Control.CallAsync(ControlVerbs.TraceFind, arguments, Ct)).Rows;
                return found.Count > 0;
            },
            Ct
        );
        return found;
    }

    private async Task<SmtpCommandException?> SendAsync(string client, string from, string to)
    {
        using var smtp = new SmtpClient
        {
            LocalEndPoint = new IPEndPoint(IPAddress.Parse(client), 0),
            LocalDomain = "mail.zone.example",
            ServerCertificateValidationCallback = (_, _, _, _) => true,
        };
        await smtp.ConnectAsync("127.0.0.1", Server.Port("smtp"), SecureSocketOptions.StartTls, Ct);
        using var message = Compose(from, to);
        try
        {
            await smtp.SendAsync(message, MailboxAddress.Parse(from), [MailboxAddress.Parse(to)], Ct);
            return null;
        }
        catch (SmtpCommandException e)
        {
            return e;
        }
    }

    private async Task WaitForMailAsync(string account) =>
        await Waiting.UntilAsync(
            async () =>
            {
                using var client = new ImapClient { ServerCertificateValidationCallback = (_, _, _, _) => true };
                await client.ConnectAsync("127.0.0.1", Server.Port("imaps"), SecureSocketOptions.SslOnConnect, Ct);
                await client.AuthenticateAsync(account, PostreiterProcess.Password, Ct);
                var inbox = client.Inbox!;
                await inbox.OpenAsync(MailKit.FolderAccess.ReadOnly, Ct);
                return inbox.Count > 0;
            },
            Ct
        );
}
