using Postreiter.Hosting;
using Postreiter.Settings;

namespace Postreiter.Tests.CommandLine;

/// <summary>The same commands with a running server, over its socket, and without one.</summary>
public sealed class DirectoryCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly KeptStore _store = new();

    [Theory, InlineData(false), InlineData(true)]
    public async Task Domains_accounts_and_aliases(bool isServerRunning)
    {
        await InitAsync();
        await using var server = isServerRunning ? await StartAsync() : null;

        await ExpectAsync(0, "a.test\n", "", "domain", "list");
        await ExpectAsync(1, "", "", "domain", "add", "A.test.");
        await ExpectAsync(0, "b.test\n", "", "domain", "add", "b.test");
        await ExpectAsync(2, "", "", "domain", "add", "b..test");

        await ExpectAsync(
            0,
            "ann@a.test  0B of 1GiB\n",
            "secret\n",
            "account",
            "add",
            "ann@a.test",
            "--password-stdin",
            "--quota",
            "1GiB"
        );
        await ExpectAsync(1, "", "secret\n", "account", "add", "Ann@A.test", "--password-stdin");
        await ExpectAsync(1, "", "secret\n", "account", "add", "ann@c.test", "--password-stdin");
        await ExpectAsync(2, "", "\n", "account", "add", "bob@a.test", "--password-stdin");
        await ExpectAsync(2, "", "", "account", "add", "bob@a.test");
        await ExpectAsync(2, "", "secret\n", "account", "add", "bob@a.test", "--password-stdin", "--quota", "1GB");
        await ExpectAsync(0, "ann@a.test  0B of 2GiB\n", "", "account", "quota", "ann@a.test", "2GiB");
        string[] quota = ["account", "quota", "ann@a.test"];
        await ExpectAsync(0, "ann@a.test  0B of 2GiB, 0 of 10 messages\n", "", [.. quota, "--messages", "10"]);
        await ExpectAsync(0, "ann@a.test  0B of 2GiB\n", "", [.. quota, "2GiB", "--messages", "0"]);
        await ExpectAsync(2, "", "", [.. quota, "--messages", "many"]);
        await ExpectAsync(2, "", "", quota);
        await ExpectAsync(
            0,
            "ann@a.test  0B of 2GiB\n",
            "new\n",
            "account",
            "password",
            "ann@a.test",
            "--password-stdin"
        );
        await ExpectAsync(1, "", "new\n", "account", "password", "bob@a.test", "--password-stdin");
        await ExpectAsync(1, "", "", "domain", "remove", "a.test");

        await ExpectAsync(
            0,
            "info@a.test: ann@a.test x@far.test\n",
            "",
            "alias",
            "add",
            "Info@a.test",
            "ann@a.test",
            "x@far.test"
        );
        await ExpectAsync(0, "@b.test: ann@a.test\n", "", "alias", "add", "@b.test", "ann@a.test");
        await ExpectAsync(1, "", "", "alias", "add", "ann@a.test", "x@far.test");
        await ExpectAsync(1, "", "", "alias", "add", "info@far.test", "ann@a.test");
        await ExpectAsync(2, "", "", "alias", "add", "info@a.test");
        await ExpectAsync(2, "", "", "alias", "add", "info@a.test", "nobody");
        await ExpectAsync(0, "@b.test: ann@a.test\ninfo@a.test: ann@a.test x@far.test\n", "", "alias", "list");
        await ExpectAsync(0, "info@a.test: ann@a.test x@far.test\n", "", "alias", "remove", "info@a.test");
        await ExpectAsync(1, "", "", "alias", "remove", "info@a.test");

        await ExpectAsync(0, "1 accounts, 6 mailboxes, 0 messages, 0 in the queue, 0 contents\n", "", "store", "check");
        await ExpectAsync(0, "ann@a.test  0B of 2GiB\n", "", "account", "remove", "ann@a.test");
        await ExpectAsync(1, "", "", "account", "remove", "ann@a.test");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Data_as_json_is_one_object_a_line(bool isServerRunning)
    {
        await InitAsync();
        await using var server = isServerRunning ? await StartAsync() : null;
        await ExpectAsync(0, "{\"domain\":\"a.test\"}\n", "", "domain", "list", "--json");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_fault_of_the_store_is_3(bool isServerRunning)
    {
        await InitAsync();
        await using var server = isServerRunning ? await StartAsync() : null;
        _store.IsDown = true;
        var run = await RunAsync("", "queue", "list");
        Assert.Equal((3, ""), (run.ExitCode, run.Output));
        Assert.Contains("the store is down", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_closes_the_store_and_gives_the_folder_back()
    {
        await InitAsync();
        await ExpectAsync(0, "a.test\n", "", "domain", "list");
        Assert.Equal(0, _store.Open);
        await using var server = await StartAsync();
        Assert.Equal(1, _store.Open);
    }

    [Fact]
    public async Task Init_makes_a_folder_that_checks_and_refuses_a_used_one()
    {
        await InitAsync();
        var data = new DataFolder(_folder["data"]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(data.Resolve("tls.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(data.SettingsFile));
        await ExpectAsync(0, "", "", "config", "check");
        var before = await File.ReadAllTextAsync(data.SettingsFile, TestContext.Current.CancellationToken);
        var again = await RunAsync("", "init", "--hostname", "other.a.test");
        Assert.Equal(1, again.ExitCode);
        Assert.Equal(before, await File.ReadAllTextAsync(data.SettingsFile, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(2, "init")]
    [InlineData(2, "init", "--hostname", "nodots")]
    [InlineData(2, "init", "--hostname", "mx.a.test", "--domain", "a..b")]
    [InlineData(2, "domain", "list")]
    [InlineData(2, "serve")]
    [InlineData(2, "queue", "retry")]
    [InlineData(2, "queue", "hold", "1", "--all")]
    [InlineData(2, "queue", "show", "x")]
    public async Task Wrong_usage_is_2(int code, params string[] args) =>
        Assert.Equal(code, (await RunAsync("", args)).ExitCode);

    public void Dispose() => _folder.Dispose();

    private async Task InitAsync() =>
        Assert.Equal(0, (await RunAsync("", "init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);

    private async Task<MailServer> StartAsync()
    {
        var folder = new DataFolder(_folder["data"]);
        var settings = TestSettings.Loopback(folder);
        var environment = new ServerEnvironment(TimeProvider.System, new Random(1), _store, KeptStore.Scanner);
        return await MailServer.StartAsync(environment, folder, settings, TestContext.Current.CancellationToken);
    }

    private Task<CommandRun> RunAsync(string input, params string[] args) =>
        CommandRun.StartAsync(input, _store, KeptStore.Scanner, [.. args, "--data", _folder["data"]]);

    private async Task ExpectAsync(int code, string output, string input, params string[] args)
    {
        var run = await RunAsync(input, args);
        Assert.True(code == run.ExitCode && output == run.Output, $"{string.Join(' ', args)}: {run}");
    }
}
