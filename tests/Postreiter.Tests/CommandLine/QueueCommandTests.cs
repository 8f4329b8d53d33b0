using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Tests.CommandLine;

public sealed class QueueCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly KeptStore _store = new();
    private readonly Random _random = new(1);

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_administrator_lists_holds_releases_and_removes(bool isServerRunning)
    {
        Assert.Equal(0, (await RunAsync("init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        await FileAsync("far.test");
        await FileAsync("near.test");
        // Held, so that no server takes them for due.
        Assert.Equal((0, "2 changed\n"), await DoAsync("queue", "hold", "--all"));
        await using var server = isServerRunning ? await ServeAsync() : null;

        var list = await RunAsync("queue", "list", "--json");
        var rows = list.Output.TrimEnd().Split('\n').Select(l => JsonNode.Parse(l)!).ToList();
        Assert.Equal(["bob@far.test", "bob@near.test"], rows.Select(r => (string?)r["recipients"]![0]!["address"]));
        Assert.Equal(["held", "held"], rows.Select(r => (string?)r["state"]));
        Assert.Equal("ann@a.test", (string?)rows[0]["sender"]);

        var id = rows[0]["id"]!.ToString();
        Assert.Contains(
            "destination: far.test",
            (await RunAsync("queue", "show", id)).Output,
            StringComparison.Ordinal
        );
        Assert.Single((await RunAsync("queue", "list", "--to", "near.test")).Output.TrimEnd().Split('\n'));
        Assert.Equal((1, ""), await DoAsync("queue", "hold", id));
        Assert.Equal((1, ""), await DoAsync("queue", "show", "4711"));
        Assert.Equal((1, ""), await DoAsync("queue", "remove", "4711"));
        Assert.Equal((0, "1 changed\n"), await DoAsync("queue", "remove", "--to", "near.test"));
        Assert.Equal((0, "1 changed\n"), await DoAsync("queue", "remove", id));
        Assert.Equal((0, ""), await DoAsync("queue", "list"));
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

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

    private async Task FileAsync(string destination)
    {
        await using var writer = _store.Blobs.Begin();
        await writer.WriteAsync("Subject: x\r\n\r\ny\r\n"u8.ToArray(), Ct);
        var now = TimeProvider.System.GetUtcNow();
        var filing = new Filing
        {
            DeliveryId = TraceId.Create(now, _random),
            Content = await writer.CompleteAsync(Ct),
            Structure = ReadOnlyMemory<byte>.Empty,
            Queue =
            [
                new NewQueueItem
                {
                    Destination = EmailAddress.Parse($"bob@{destination}").Domain,
                    Envelope = new QueueEnvelope { ReversePath = EmailAddress.Parse("ann@a.test") },
                    Recipients = [new QueueRecipient(EmailAddress.Parse($"bob@{destination}"))],
                    Created = now,
                    NextAttempt = now,
                },
            ],
        };
        Assert.Equal(FilingStatus.Filed, (await _store.Mail.FileAsync(filing, Ct)).Status);
    }
}
