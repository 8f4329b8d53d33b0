using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Messages;
using Postreiter.Settings;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Quarantine;

namespace Postreiter.Tests.CommandLine;

public sealed class QuarantineCommandTests : IDisposable
{
    private const string Hostile =
        "From: Eve\u001b]0;owned\u0007 <eve@far.test>\r\nTo: ann@a.test\r\nSubject: =?utf-8?q?win=1B=5B2J?= now\r\nMIME-Version: 1.0\r\n"
        + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\u001b[31m red\u202etxt\r\nbye\r\n--b\r\n"
        + "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"x\u001b[2J.exe\"\r\n\r\nMZ secret\r\n--b--\r\n";

    private readonly TemporaryFolder _folder = new();
    private readonly KeptStore _store = new();
    private readonly Random _random = new(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_administrator_lists_shows_releases_and_deletes(bool isServerRunning)
    {
        Assert.Equal(0, (await RunAsync("init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        Assert.Equal(
            0,
            (
                await CommandRun.StartAsync(
                    "secret-1\n",
                    _store,
                    KeptStore.Scanner,
                    ["account", "add", "ann@a.test", "--password-stdin", "--data", _folder["data"]]
                )
            ).ExitCode
        );
        var account = (await _store.Directory.FindAccountAsync(EmailAddress.Parse("ann@a.test"), Ct))!.Id;
        await KeepAsync(account);
        await KeepAsync(account);
        await KeepAsync(0);
        await using var server = isServerRunning ? await ServeAsync() : null;

        var rows = (await RunAsync("quarantine", "list", "--json"))
            .Output.TrimEnd()
            .Split('\n')
            .Select(static l => JsonNode.Parse(l)!)
            .ToList();
        Assert.Equal(["ann@a.test", "ann@a.test", null], rows.Select(static r => (string?)r["account"]));
        Assert.Equal(("eve@far.test", "macros: x.doc"), ((string?)rows[0]["sender"], (string?)rows[0]["reason"]));
        Assert.Equal(
            2,
            (await RunAsync("quarantine", "list", "--account", "ann@a.test", "--json"))
                .Output.TrimEnd()
                .Split('\n')
                .Length
        );
        var ids = rows.ConvertAll(static r => r["id"]!.ToString());

        var shown = (await RunAsync("quarantine", "show", ids[0])).Output;
        Assert.DoesNotContain(shown, static c => char.IsControl(c) && c != '\n');
        Assert.DoesNotContain('\u202e', shown);
        Assert.Contains("\n| Hello?[31m red?txt\n| bye\n", shown, StringComparison.Ordinal);
        Assert.Contains("\npart: application/octet-stream, 9B, \"x?[2J.exe\"\n", shown, StringComparison.Ordinal);
        Assert.Contains("win?[2J now", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", shown, StringComparison.Ordinal);

        Assert.Equal((0, $"{ids[0]} released\n"), await DoAsync("quarantine", "release", ids[0]));
        Assert.Equal(
            (0, $"{ids[1]} released and learned\n"),
            await DoAsync("quarantine", "release", ids[1], "--learn")
        );
        Assert.Equal(2, (await _store.Mail.FindMailboxAsync(account, Mailbox.Inbox, Ct))!.Messages);
        Assert.Contains(
            "\"ham\":1",
            (await RunAsync("spam", "bayes", "dump", "--account", "ann@a.test", "--json")).Output.Replace(
                " ",
                "",
                StringComparison.Ordinal
            ),
            StringComparison.Ordinal
        );
        Assert.Equal((1, ""), await DoAsync("quarantine", "release", ids[0]));
        Assert.Equal((1, $"{ids[2]} deleted\n"), await DoAsync("quarantine", "delete", "4711", ids[2]));
        Assert.Equal((1, ""), await DoAsync("quarantine", "show", ids[2]));
        Assert.Equal((1, ""), await DoAsync("quarantine", "list", "--account", "nobody@a.test"));
        Assert.Equal((0, ""), await DoAsync("quarantine", "list"));

        // What teaches nothing is delivered all the same, and that is said.
        await KeepAsync(account, "no header\r\n");
        var last = JsonNode.Parse((await RunAsync("quarantine", "list", "--json")).Output.Trim())!["id"]!.ToString();
        Assert.Equal(
            (0, $"{last} released, not learned: it has no header\n"),
            await DoAsync("quarantine", "release", last, "--learn")
        );
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(int ExitCode, string Output)> DoAsync(params string[] args)
    {
        var run = await RunAsync(args);
        return (run.ExitCode, run.Output);
    }

    private Task<CommandRun> RunAsync(params string[] args) =>
        CommandRun.StartAsync("", _store, KeptStore.Scanner, [.. args, "--data", _folder["data"]]);

    private Task<MailServer> ServeAsync()
    {
        var folder = new DataFolder(_folder["data"]);
        var environment = new ServerEnvironment(TimeProvider.System, new Random(1), _store, KeptStore.Scanner);
        return MailServer.StartAsync(environment, folder, TestSettings.Loopback(folder), Ct);
    }

    private async Task KeepAsync(long account, string text = Hostile)
    {
        await using var writer = _store.Blobs.Begin();
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        await writer.WriteAsync(bytes, Ct);
        var scanner = MessageScanner.Create();
        scanner.Append(bytes);
        var now = TimeProvider.System.GetUtcNow();
        var filing = new Filing
        {
            DeliveryId = TraceId.Create(now, _random),
            Content = await writer.CompleteAsync(Ct),
            Structure = scanner.Complete().Structure,
            Quarantine =
            [
                new NewQuarantined
                {
                    AccountId = account,
                    Sender = EmailAddress.Parse("eve@far.test"),
                    Recipients = [EmailAddress.Parse("ann@a.test")],
                    Reason = "macros: x.doc",
                    Received = now,
                },
            ],
        };
        Assert.Equal(FilingStatus.Filed, (await _store.Mail.FileAsync(filing, Ct)).Status);
    }
}
