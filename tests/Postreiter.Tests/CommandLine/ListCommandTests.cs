using System.Text.Json.Nodes;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Storage.Lists;

namespace Postreiter.Tests.CommandLine;

/// <summary>postreiter list, with and without a running server.</summary>
public sealed class ListCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly KeptStore _store = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_administrator_adds_removes_and_shows_entries(bool isServerRunning)
    {
        await InitAsync();
        await using var server = isServerRunning ? await ServeAsync() : null;
        var blocked = async () =>
            server is null
                ? "far.test"
                : (await server.Parts.Rooms.Gate.Gate.Stored!.FindAsync("", Ct)).Block.FindSender(
                    EmailAddress.Parse("x@sub.far.test")
                );
        if (server is not null)
            Assert.Null(await blocked());
        var added = await DoAsync("list", "add", "block", "Far.test", "IP:192.0.2.7");
        Assert.Equal((0, ""), (added.ExitCode, added.Error));
        Assert.Matches("^block  far.test  by command 20..-..-..T..:..:..Z\nblock  ip:192.0.2.7/32  by ", added.Output);
        // The running server knows at once.
        Assert.Equal("far.test", await blocked());
        Assert.Equal(
            (1, "far.test is on the block list already\n"),
            await WordsAsync("list", "add", "block", "far.test", "*@more.test")
        );
        Assert.Equal((0, ""), await WordsAsync("list", "add", "allow", "ip:192.0.2.7"));
        Assert.Equal((0, ""), await WordsAsync("list", "add", "allow", "boss@far.test", "--account", "Ann@a.test"));
        Assert.Equal((0, ""), await WordsAsync("list", "add", "block", "far.test", "--domain", "A.test"));
        Assert.Equal(
            [" block *@more.test command", " block far.test command", " allow ip:192.0.2.7/32 command"],
            await RowsAsync("list", "show")
        );
        Assert.Equal([" allow ip:192.0.2.7/32 command"], await RowsAsync("list", "show", "allow"));
        Assert.Equal(
            ["ann@a.test allow boss@far.test command"],
            await RowsAsync("list", "show", "--account", "ann@A.test")
        );
        Assert.Equal(["a.test block far.test command"], await RowsAsync("list", "show", "--domain", "a.test"));
        Assert.Equal(5, (await RowsAsync("list", "show", "--all")).Count);
        Assert.Equal(
            (1, "nobody.test is not on the block list of this server\n"),
            await WordsAsync("list", "remove", "block", "far.test", "nobody.test")
        );
        Assert.Equal(
            (1, "boss@far.test is not on the block list of ann@a.test\n"),
            await WordsAsync("list", "remove", "block", "boss@far.test", "--account", "ann@a.test")
        );
        Assert.Equal((0, ""), await WordsAsync("list", "remove", "allow", "boss@far.test", "--account", "ann@a.test"));
        Assert.Empty(await RowsAsync("list", "show", "--account", "ann@a.test"));
        if (server is not null)
            Assert.Null(await blocked());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_administrator_sets_thresholds(bool isServerRunning)
    {
        await InitAsync();
        await using var server = isServerRunning ? await ServeAsync() : null;
        Assert.Equal(
            (1, "ann@a.test has no threshold of its own\n"),
            await WordsAsync("list", "threshold", "--account", "ann@a.test")
        );
        Assert.Equal((0, "threshold  3.5  for ann@a.test\n"), await LineAsync("3.5", "--account", "ann@a.test"));
        Assert.Equal((0, "threshold  8  for a.test\n"), await LineAsync("8", "--domain", "a.test"));
        Assert.Equal((0, "threshold  -2  for a.test\n"), await LineAsync("-2", "--domain", "a.test"));
        var shown = await DoAsync("list", "threshold", "--account", "ann@a.test", "--json");
        Assert.Equal("{\"scope\":\"ann@a.test\",\"threshold\":3.5}\n", shown.Output);
        if (server is not null)
            Assert.Equal(3.5, (await server.Parts.Rooms.Gate.Gate.Stored!.FindAsync("ann@a.test", Ct)).Threshold);
        Assert.Contains("threshold  3.5", (await DoAsync("list", "show", "--all")).Output, StringComparison.Ordinal);
        Assert.Equal((0, ""), await LineAsync("default", "--account", "ann@a.test"));
        Assert.Equal(1, (await DoAsync("list", "threshold", "--account", "ann@a.test")).ExitCode);
    }

    [Theory]
    [InlineData(2, "allow or block|'allow'", "list", "add", "white", "far.test")]
    [InlineData(2, "no sender", "list", "add", "block", "far test")]
    [InlineData(2, "nearly every", "list", "add", "block", "good.test", "*@*")]
    [InlineData(2, "too large a network", "list", "add", "allow", "ip:0.0.0.0/0")]
    [InlineData(2, "'ann' is not an address", "list", "add", "block", "far.test", "--account", "ann")]
    [InlineData(2, "not both", "list", "add", "block", "far.test", "--account", "ann@a.test", "--domain", "a.test")]
    [InlineData(2, "not both", "list", "show", "--all", "--domain", "a.test")]
    [InlineData(1, "bob@a.test is not an account here", "list", "add", "block", "far.test", "--account", "bob@a.test")]
    [InlineData(1, "bob@a.test is not an account here", "list", "show", "--account", "bob@a.test")]
    [InlineData(1, "far.test is not a domain of this server", "list", "show", "--domain", "far.test")]
    [InlineData(1, "far.test is not a domain of this server", "list", "threshold", "3", "--domain", "far.test")]
    [InlineData(2, "spam.threshold", "list", "threshold", "3")]
    [InlineData(2, "no number of points", "list", "threshold", "much", "--account", "ann@a.test")]
    [InlineData(2, "no number of points", "list", "threshold", "NaN", "--account", "ann@a.test")]
    [InlineData(2, "no number of points", "list", "threshold", "1001", "--account", "ann@a.test")]
    [InlineData(2, "ENTRY|Required argument", "list", "remove", "block")]
    public async Task What_is_wrong_is_told_and_nothing_is_changed(int exitCode, string words, params string[] args)
    {
        await InitAsync();
        var run = await DoAsync(args);
        Assert.Equal((exitCode, ""), (run.ExitCode, run.Output));
        Assert.Contains(words.Split('|'), w => run.Error.Contains(w, StringComparison.Ordinal));
        Assert.Empty(await _store.Lists.ListScopesAsync(Ct));
    }

    [Fact]
    public async Task Entries_of_the_settings_are_shown_with_the_others()
    {
        await InitAsync();
        await File.AppendAllTextAsync(
            Path.Combine(_folder["data"], "postreiter.toml"),
            "\n[lists]\nallow = [\"far.test for Ann@a.test\"]\nblock = [\"ip:192.0.2.0/24\", \"x.test for a.test\"]\n",
            Ct
        );
        await DoAsync("list", "add", "block", "far.test");
        Assert.Equal([" block ip:192.0.2.0/24 settings", " block far.test command"], await RowsAsync("list", "show"));
        Assert.Equal(["a.test block x.test settings"], await RowsAsync("list", "show", "--domain", "a.test"));
        Assert.Equal(
            ["ann@a.test allow far.test settings"],
            await RowsAsync("list", "show", "allow", "--account", "ann@a.test")
        );
        Assert.Equal(4, (await RowsAsync("list", "show", "--all")).Count);
    }

    [Fact]
    public async Task Lists_have_bounds()
    {
        await InitAsync();
        string[] many = [.. Enumerable.Range(0, IListStore.MostOfAccount).Select(i => $"n{i}.test")];
        Assert.Equal(0, (await DoAsync(["list", "add", "block", .. many, "--account", "ann@a.test"])).ExitCode);
        var over = await DoAsync("list", "add", "allow", "far.test", "--account", "ann@a.test");
        Assert.Equal(1, over.ExitCode);
        Assert.Contains("ann@a.test has 1000 entries", over.Error, StringComparison.Ordinal);
        string[] patterns = [.. Enumerable.Range(0, 200).Select(i => $"*n{i}.test")];
        Assert.Equal(0, (await DoAsync(["list", "add", "block", .. patterns])).ExitCode);
        Assert.Equal(1, (await DoAsync("list", "add", "block", "*more.test")).ExitCode);
        Assert.Equal(0, (await DoAsync("list", "add", "allow", "*n7.test", "more.test")).ExitCode);
    }

    private async Task InitAsync()
    {
        Assert.Equal(0, (await DoAsync("init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        Assert.Equal(0, (await RunAsync("secret\n", "account", "add", "ann@a.test", "--password-stdin")).ExitCode);
    }

    private Task<CommandRun> DoAsync(params string[] args) => RunAsync("", args);

    private Task<CommandRun> RunAsync(string input, params string[] args) =>
        CommandRun.StartAsync(input, _store, KeptStore.Scanner, [.. args, "--data", _folder["data"]]);

    private Task<MailServer> ServeAsync()
    {
        var folder = new DataFolder(_folder["data"]);
        var environment = new ServerEnvironment(TimeProvider.System, new Random(1), _store, KeptStore.Scanner);
        return MailServer.StartAsync(environment, folder, TestSettings.Loopback(folder), Ct);
    }

    private async Task<(int ExitCode, string Error)> WordsAsync(params string[] args)
    {
        var run = await DoAsync(args);
        return (run.ExitCode, run.Error);
    }

    private async Task<(int ExitCode, string Output)> LineAsync(params string[] args)
    {
        var run = await DoAsync(["list", "threshold", .. args]);
        return (run.ExitCode, run.Output);
    }

    private async Task<List<string>> RowsAsync(params string[] args)
    {
        var run = await DoAsync([.. args, "--json"]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        return
        [
            .. run
                .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static l => JsonNode.Parse(l)!)
                .Select(static r => $"{r["scope"]} {r["list"]} {r["entry"]} {r["by"]}"),
        ];
    }
}
