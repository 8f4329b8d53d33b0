using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Postreiter.Control;

namespace Postreiter.Interop.Tests.Postfix;

/// <summary>Postfix's load tools on both ends: what smtp-source pushes in and what smtp-sink takes out is there, once.</summary>
public sealed partial class LoadTests : ClientTests, IClassFixture<LoadProcess>
{
    private readonly LoadProcess _server;

    public LoadTests(LoadProcess server)
        : base(server)
    {
        Assert.SkipWhen(SmtpSink.Missing is not null, SmtpSink.Missing ?? "");
        _server = server;
    }

    [Theory]
    [InlineData("smtp", 1_500, "-d -s 30")]
    [InlineData("smtp", 300, "-s 60")]
    [InlineData("smtp", 200, "-d -s 10 -r 20 -N")]
    [InlineData("lmtp", 500, "-L -d -s 20")]
    public async Task Smtp_source_pushes_and_every_message_is_there_once(string listener, int messages, string options)
    {
        var account = await Server.AddAccountAsync();
        // -N makes each recipient another one, by a number in front: all of them come here.
        var domain = $"in{account[4..account.IndexOf('@')]}.example";
        await CallAsync(ControlVerbs.DomainAdd, new JsonObject { ["domain"] = domain });
        await AliasAsync("@" + domain, account);
        await PushAsync(listener, messages, options, $"somebody@{domain}");

        var stored = await ReadAsync(account);
        Assert.Equal(messages, stored.Count);
        Assert.Equal(messages, stored.Select(m => MessageId(m.Text)).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, messages).Select(i => (long)i), stored.Select(m => m.Uid));
        Assert.Single(stored.Select(m => Body(m.Text)).Distinct());
    }

    [Fact]
    public async Task Smtp_source_pushes_for_many_mailboxes_and_each_has_its_copy()
    {
        var accounts = new List<string>();
        for (var i = 0; i < 5; i++)
            accounts.Add(await Server.AddAccountAsync());
        await AliasAsync("everybody@our.example", [.. accounts]);
        await PushAsync("smtp", 100, "-d -s 10", "everybody@our.example");
        foreach (var account in accounts)
            Assert.Equal(100, (await ReadAsync(account)).Select(m => MessageId(m.Text)).Distinct().Count());
    }

    [Fact]
    public async Task Smtp_sink_takes_all_that_the_queue_has()
    {
        var (domain, port) = _server.TakeDomain();
        await using var sink = await SmtpSink.StartAsync(port, Path.Combine(Folder, "sink"), "", Ct);
        await AliasAsync($"all@our.example", $"paula@{domain}");
        await PushAsync("smtp", 400, "-d -s 20", "all@our.example");
        await WaitForQueueAsync(domain);
        AssertOnce(400, sink);
        Assert.All(sink.Read(), m => Assert.Contains($"X-Rcpt-Args: <paula@{domain}>", m, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-r CONNECT")]
    [InlineData("-r MAIL")]
    [InlineData("-r RCPT")]
    [InlineData("-Q DATA")]
    [InlineData("-q .")]
    [InlineData("-r .")]
    public async Task A_sink_that_defers_or_hangs_up_gets_all_of_it_later(string trouble)
    {
        const int Messages = 25;
        var (domain, port) = _server.TakeDomain();
        var from = await Server.AddAccountAsync();
        await using (await SmtpSink.StartAsync(port, Path.Combine(Folder, "refused"), trouble, Ct))
        {
            await SubmitAsync(from, Messages, $"paula@{domain}");
            await Waiting.UntilAsync(async () => (await QueueAsync(domain)).Any(i => (int)i["attempts"]! > 1), Ct);
        }

        Assert.Equal(Messages, (await QueueAsync(domain)).Count);
        await using var sink = await SmtpSink.StartAsync(port, Path.Combine(Folder, "taken"), "", Ct);
        await WaitForQueueAsync(domain);
        AssertOnce(Messages, sink);
        Assert.Empty(await ReadAsync(from));
    }

    [Theory, InlineData("-f RCPT"), InlineData("-f ."), InlineData("-f MAIL")]
    public async Task A_sink_that_refuses_costs_one_report_a_message(string trouble)
    {
        const int Messages = 20;
        var (domain, port) = _server.TakeDomain();
        var from = await Server.AddAccountAsync();
        await using var sink = await SmtpSink.StartAsync(port, Path.Combine(Folder, "refused"), trouble, Ct);
        await SubmitAsync(from, Messages, $"paula@{domain}");
        await WaitForQueueAsync(domain);
        var reports = await ReadAsync(from);
        Assert.Equal(Messages, reports.Count);
        Assert.All(
            reports,
            r =>
            {
                Assert.Contains("Action: failed\r\n", r.Text, StringComparison.Ordinal);
                Assert.Contains("Status: 5.3.0\r\n", r.Text, StringComparison.Ordinal);
                Assert.Contains($"Final-Recipient: rfc822; paula@{domain}\r\n", r.Text, StringComparison.Ordinal);
            }
        );
        Assert.Equal(
            Messages,
            reports.SelectMany(r => SubjectNumber().Matches(r.Text).Select(m => m.Value)).Distinct().Count()
        );
    }

    private static void AssertOnce(int messages, SmtpSink sink)
    {
        var ids = sink.Read().Select(MessageId).ToList();
        Assert.Equal(messages, ids.Count);
        Assert.Equal(messages, ids.Distinct().Count());
    }

    private async Task PushAsync(string listener, int messages, string options, string to)
    {
        var (code, output) = await RunAsync(
            "smtp-source",
            [
                .. options.Split(' '),
                "-m",
                Text(messages),
                "-l",
                "3000",
                "-f",
                "load@far.example",
                "-t",
                to,
                $"127.0.0.1:{Server.PortText(listener)}",
            ]
        );
        Assert.True(code == 0, output);
    }

    private async Task SubmitAsync(string from, int messages, string to)
    {
        using var client = new SmtpClient();
        client.ServerCertificateValidationCallback = (_, c, _, _) => IsServers(c);
        await client.ConnectAsync("localhost", Server.Port("submissions"), SecureSocketOptions.SslOnConnect, Ct);
        await client.AuthenticateAsync(from, PostreiterProcess.Password, Ct);
        for (var i = 0; i < messages; i++)
        {
            using var message = new MimeMessage(
                [MailboxAddress.Parse(from)],
                [MailboxAddress.Parse(to)],
                $"number {Text(i)}",
                new TextPart("plain") { Text = "x\r\n" }
            );
            await client.SendAsync(message, Ct);
        }

        await client.DisconnectAsync(quit: true, Ct);
    }

    private Task AliasAsync(string alias, params string[] targets) =>
        CallAsync(
            ControlVerbs.AliasAdd,
            new JsonObject { ["address"] = alias, ["targets"] = new JsonArray([.. targets.Select(t => (JsonNode)t)]) }
        );

    private async Task<IReadOnlyList<JsonObject>> QueueAsync(string domain) =>
        [
            .. (await CallAsync(ControlVerbs.QueueList, new JsonObject { ["to"] = domain })).Where(r =>
                r["id"] is not null
            ),
        ];

    // An administrator who says "now": what waits for its time, or behind a failed probe, is tried at once.
    private Task WaitForQueueAsync(string domain) =>
        Waiting.UntilAsync(
            async () =>
            {
                await CallAsync(ControlVerbs.QueueAct, new JsonObject { ["action"] = "retry", ["to"] = domain });
                return (await QueueAsync(domain)).Count == 0;
            },
            Ct
        );

    private async Task<IReadOnlyList<JsonObject>> CallAsync(string verb, JsonObject arguments)
    {
        var reply = await Server.Control.CallAsync(verb, arguments, Ct);
        Assert.True(reply.ExitCode == 0, reply.Message);
        return reply.Rows;
    }

    private static string MessageId(string text) => MessageIdField().Match(text).Value.Trim();

    private static string Body(string text) => text[text.IndexOf("\r\n\r\n", StringComparison.Ordinal)..];

    [GeneratedRegex("^Message-Id:.*", RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex MessageIdField();

    [GeneratedRegex("Subject: number [0-9]+", RegexOptions.NonBacktracking)]
    private static partial Regex SubjectNumber();
}
