using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Storage.Gate;

namespace Postreiter.Tests.CommandLine;

/// <summary>postreiter greylist and postreiter trace, with and without a running server.</summary>
public sealed class GateCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly KeptStore _store = new();

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_administrator_lists_adds_and_removes_whom_greylisting_knows(bool isServerRunning)
    {
        Assert.Equal(0, (await RunAsync("init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        await using var server = isServerRunning ? await ServeAsync() : null;
        Assert.Equal((0, ""), await DoAsync("greylist", "list"));
        Assert.StartsWith(
            "always  192.0.2.0/24  since ",
            (await DoAsync("greylist", "add", "192.0.2.7")).Output,
            StringComparison.Ordinal
        );
        Assert.Equal(0, (await DoAsync("greylist", "add", "far.test")).ExitCode);
        Assert.Equal(
            0,
            (await DoAsync("greylist", "add", "2001:db8::/64", "SRS0=a=b=x.test=y@far.test", "Ann@a.test")).ExitCode
        );
        Assert.Equal(0, (await DoAsync("greylist", "add", "198.51.100.0/24", "<>", "ann@a.test")).ExitCode);
        var rows = (await DoAsync("greylist", "list", "--json"))
            .Output.TrimEnd()
            .Split('\n')
            .Select(l => JsonNode.Parse(l)!)
            .ToList();
        Assert.Equal(
            [
                "always 192.0.2.0/24  ",
                "always far.test  ",
                "always 2001:db8::/64 srs0=x.test=y@far.test ann@a.test",
                "always 198.51.100.0/24  ann@a.test",
            ],
            rows.Select(r => $"{r["state"]} {r["client"]} {r["sender"]} {r["recipient"]}")
        );
        // A running server knows at once.
        if (server is not null)
        {
            var row = GreylistRow("192.0.2.200");
            Assert.True(server.Parts.Rooms.Gate.Gate.Greylist.Count >= 4);
            Assert.NotNull(await _store.Gate.FindGreylistAsync(row.State.Key, Ct));
        }

        Assert.Equal((0, ""), await DoAsync("greylist", "remove", "192.0.2.0/24"));
        Assert.Equal((1, ""), await DoAsync("greylist", "remove", "192.0.2.0/24"));
        Assert.Equal((0, ""), await DoAsync("greylist", "remove", "198.51.100.9", "<>", "ann@a.test"));
        Assert.Equal(2, (await DoAsync("greylist", "list")).Output.TrimEnd().Split('\n').Length);
        Assert.Equal(2, (await DoAsync("greylist", "add", "192.0.2.0/16")).ExitCode);
        Assert.Equal(2, (await DoAsync("greylist", "add", "192.0.2.7", "ann@far.test")).ExitCode);
        Assert.Equal(2, (await DoAsync("greylist", "add", "192.0.2.7", "nobody", "ann@a.test")).ExitCode);
        Assert.Equal(2, (await DoAsync("greylist", "add", "192.0.2.7", "x@far.test", "nobody")).ExitCode);
    }

    [Fact]
    public async Task A_list_of_several_pages_is_printed_whole()
    {
        Assert.Equal(0, (await RunAsync("init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        await _store.Gate.SaveGreylistAsync(
            [
                .. Enumerable
                    .Range(1, 1_234)
                    .Select(i => new GreylistRow(
                        new GreylistState(i, 5, 9, i % 2),
                        "192.0.2.0/24",
                        "x@far.test",
                        "ann@a.test"
                    )),
            ],
            Ct
        );
        var lines = (await DoAsync("greylist", "list")).Output.TrimEnd().Split('\n');
        Assert.Equal(
            (1_234, 617),
            (
                lines.Length,
                lines.Count(l =>
                    l.StartsWith("waiting  192.0.2.0/24  <x@far.test> to <ann@a.test>", StringComparison.Ordinal)
                )
            )
        );
    }

    [Fact]
    public async Task A_trace_is_printed_in_words_and_as_json_by_id_and_by_address()
    {
        Assert.Equal(0, (await RunAsync("init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        var id = TraceId.Create(DateTimeOffset.UnixEpoch.AddYears(56), new Random(1));
        var verdict = new Verdict
        {
            Id = id.ToString(),
            Began = id.Time,
            Connection = "c1",
            Door = "mx",
            Client = "192.0.2.7",
            Helo = "evil\u001b[2Jname",
            Sender = "x@far.test",
            Checks = [new CheckRecord("helo", "syntax", 1.5, 12, "it is none")],
            Points = 1.5,
            Recipients = [new RecipientVerdict("ann@a.test", VerdictAction.Refuse, 1.5, "550 5.7.1 no")],
            Dialogue = ["C: EHLO x"],
        };
        await _store.Gate.SaveTracesAsync(
            [new TraceRecord(id, [EmailAddress.Parse("ann@a.test")], verdict.ToJson())],
            Ct
        );
        var words = (await DoAsync("trace", id.ToString())).Output;
        Assert.Equal((0, words), await DoAsync("trace", "ANN@a.test"));
        Assert.Contains(
            "recipient <ann@a.test>: refused (+1.5 points)\n    550 5.7.1 no\n",
            words,
            StringComparison.Ordinal
        );
        Assert.Contains("    helo=syntax +1.5: it is none [12 ms]\n", words, StringComparison.Ordinal);
        // A stranger's words do nothing to a terminal.
        Assert.DoesNotContain('\u001b', words);
        var json = JsonNode.Parse((await DoAsync("trace", id.ToString(), "--json")).Output)!;
        Assert.Equal((id.ToString(), "Refuse"), ((string?)json["id"], (string?)json["recipients"]![0]!["action"]));
        Assert.Equal((1, ""), await DoAsync("trace", "bob@a.test"));
        Assert.Equal(
            (1, ""),
            await DoAsync("trace", TraceId.Create(DateTimeOffset.UnixEpoch.AddYears(56), new Random(2)).ToString())
        );
        Assert.Equal((2, ""), await DoAsync("trace", "what"));
    }

    private static GreylistRow GreylistRow(string client)
    {
        Assert.True(
            Postreiter.Delivery.Gate.Greylisting.GreylistRows.TryMake(
                client,
                null,
                null,
                DateTimeOffset.UnixEpoch.AddYears(50),
                out var row,
                out _
            )
        );
        return row;
    }

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
}
