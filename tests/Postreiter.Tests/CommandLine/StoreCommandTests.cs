using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Postreiter.CommandLine;
using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Storage.Mail;

namespace Postreiter.Tests.CommandLine;

/// <summary>Over the real store, with the server running and without.</summary>
public sealed class StoreCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteStoreOpener _stores = new(TimeProvider.System);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task P16_what_only_this_data_folder_has_goes_along()
    {
        await StartAsync(messages: 1);
        string[] own =
        [
            "rules/site.cf",
            "preferences/ann@a.test",
            "known-clients",
            "rule-updates/x.7/10.cf",
            "rule-updates/x.cf",
            "update-keys/key.asc",
        ];
        foreach (var file in own)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[$"data/{file}"])!);
            await File.WriteAllTextAsync(_folder[$"data/{file}"], file, Ct);
        }

        File.CreateSymbolicLink(_folder["data/rules/link.cf"], _folder["data/login.key"]);
        var settings = _folder["data/postreiter.toml"];
        await File.AppendAllTextAsync(settings, "\n[greylist]\nallow_files = [\"known-clients\"]\n", Ct);
        var row = await JsonAsync(0, "store", "backup", _folder["copy"]);
        // The settings last: a folder that has them is whole.
        Assert.Equal(
            ["tls.crt", "tls.key", .. own, "login.key", "postreiter.toml"],
            row["files"]!.AsArray().Select(f => (string)f!)
        );
        var said = (await RunAsync("data", "store", "backup", _folder["copy"])).Output;
        Assert.Contains(
            "with tls.crt, tls.key, rules/, preferences/, known-clients, rule-updates/, update-keys/, login.key",
            said,
            StringComparison.Ordinal
        );
        Assert.Equal(0, (await RunAsync("new", "store", "restore", _folder["copy"])).ExitCode);
        foreach (var file in own)
            Assert.Equal(file, await File.ReadAllTextAsync(_folder[$"new/{file}"], Ct));
        Assert.False(File.Exists(_folder["new/rules/link.cf"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task P16_backup_and_restore(bool isServerRunning)
    {
        await StartAsync(messages: 3);
        await using var server = isServerRunning ? await ServeAsync() : null;
        var copy = _folder["copy"];
        var first = await JsonAsync(0, "store", "backup", copy);
        Assert.Equal((3, false), ((int)first["messages"]!, (bool)first["incremental"]!));
        Assert.Equal("""["tls.crt","tls.key","login.key","postreiter.toml"]""", first["files"]!.ToJsonString());
        Assert.Equal((long)first["bytes"]!, (long)first["copied"]!);
        await ImportAsync("one more");
        var second = await JsonAsync(0, "store", "backup", copy);
        Assert.Equal((4, true), ((int)second["messages"]!, (bool)second["incremental"]!));
        Assert.True((long)second["copied"]! < (long)second["bytes"]!);
        if (OperatingSystem.IsLinux())
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(copy)
            );

        var restored = await RunAsync("new", "store", "restore", copy, "--json");
        Assert.Equal((0, ""), (restored.ExitCode, restored.Error));
        Assert.Equal(4, (int)JsonNode.Parse(restored.Output)!["messages"]!);
        foreach (var file in new[] { "postreiter.toml", "tls.crt", "tls.key", "login.key" })
            Assert.Equal(
                await File.ReadAllBytesAsync(_folder[$"data/{file}"], Ct),
                await File.ReadAllBytesAsync(_folder[$"new/{file}"], Ct)
            );
        var check = await RunAsync("new", "store", "check");
        Assert.Equal("1 accounts, 6 mailboxes, 4 messages, 0 in the queue, 4 contents\n", check.Output);
        var export = await RunAsync(
            "new",
            "mail",
            "export",
            "--account",
            "ann@a.test",
            "--format",
            "eml",
            _folder["out"]
        );
        Assert.Equal("4 exported, 0 skipped\n", export.Output);
    }

    [Fact]
    public async Task Folders_in_use_are_left_alone()
    {
        await StartAsync(messages: 1);
        Assert.Equal(1, (await RunAsync("new", "store", "restore", _folder["data"])).ExitCode);
        Assert.Equal(3, (await RunAsync("data", "store", "backup", _folder["in"])).ExitCode);
        Assert.Equal(0, (await RunAsync("data", "store", "backup", _folder["copy"])).ExitCode);
        Assert.Equal(1, (await RunAsync("data", "store", "restore", _folder["copy"])).ExitCode);
        Assert.Equal(1, (await RunAsync("in", "store", "restore", _folder["copy"])).ExitCode);
        Assert.False(Directory.Exists(_folder["new"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Check_tells_what_is_wrong_and_repairs_it(bool isServerRunning)
    {
        await StartAsync(messages: 2);
        await using var server = isServerRunning ? await ServeAsync() : null;
        var orphan = new string('e', 64) + ".blob";
        await File.WriteAllTextAsync(_folder[$"data/blobs/{orphan}"], "left over", Ct);
        var check = await RunAsync("data", "store", "check");
        Assert.Equal((1, "1 problems\n"), (check.ExitCode, check.Error));
        Assert.StartsWith($"file {orphan}: nothing refers to it\n", check.Output, StringComparison.Ordinal);
        var repair = await RunAsync("data", "store", "check", "--repair");
        Assert.Equal((0, "the store is sound\n"), (repair.ExitCode, repair.Error));
        Assert.StartsWith($"repaired: file {orphan}: nothing", repair.Output, StringComparison.Ordinal);
        var sound = await JsonAsync(0, "store", "check");
        Assert.Equal((2, 0, 0), ((int)sound["messages"]!, (int)sound["problems"]!, (int)sound["repairs"]!));
        var compact = await JsonAsync(0, "store", "compact");
        Assert.Equal((0, 0), ((int)compact["segments"]!, (int)compact["copied"]!));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Undelete_brings_mail_back(bool isServerRunning)
    {
        await StartAsync(messages: 3);
        await RemoveAllAsync();
        await using var server = isServerRunning ? await ServeAsync() : null;
        string[] undelete = ["mail", "undelete", "--account", "ann@a.test"];
        var list = await RunAsync("data", [.. undelete, "--list", "--json"]);
        Assert.Equal(3, list.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal("INBOX", (string)JsonNode.Parse(list.Output.Split('\n')[0])!["mailbox"]!);
        var none = await RunAsync("data", [.. undelete, "--since", "2999-01-01"]);
        Assert.Equal((0, "0 restored\n"), (none.ExitCode, none.Output));
        Assert.Equal("0 restored\n", (await RunAsync("data", [.. undelete, "--mailbox", "Sent"])).Output);
        Assert.Equal(2, (await RunAsync("data", [.. undelete, "--since", "yesterday"])).ExitCode);
        Assert.Equal("3 restored\n", (await RunAsync("data", [.. undelete, "--since", "1h"])).Output);
        Assert.Equal("0 restored\n", (await RunAsync("data", undelete)).Output);
        var other = await RunAsync("data", "mail", "undelete", "--account", "bob@a.test");
        Assert.Equal((1, ""), (other.ExitCode, other.Output));
        var check = await RunAsync("data", "store", "check");
        Assert.Equal("1 accounts, 6 mailboxes, 3 messages, 0 in the queue, 3 contents\n", check.Output);
    }

    [Fact]
    public async Task Long_work_shows_how_far_it_is_where_somebody_watches()
    {
        var time = new FakeTimeProvider();
        foreach (var watched in new[] { true, false })
        {
            using var error = new StringWriter();
            var terminal = new Terminal
            {
                Input = TextReader.Null,
                Output = TextWriter.Null,
                Error = error,
                Environment = _ => null,
                ShowsProgress = watched,
            };
            var (work, drawn) = (new TaskCompletionSource<int>(), new TaskCompletionSource());
            var shown = new ProgressBar(terminal, time).ShowAsync(
                work.Task,
                _ =>
                {
                    drawn.TrySetResult();
                    return Task.FromResult((50L, 200L));
                },
                Ct
            );
            time.Advance(TimeSpan.FromSeconds(1));
            if (watched)
                await drawn.Task;
            work.SetResult(7);
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(7, await shown);
            Assert.Equal(watched, error.ToString().Contains("[#######.", StringComparison.Ordinal));
        }
    }

    private async Task StartAsync(int messages)
    {
        Assert.Equal(0, (await RunAsync("data", "init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        var add = await RunWithAsync("secret\n", "data", "account", "add", "ann@a.test", "--password-stdin");
        Assert.Equal(0, add.ExitCode);
        await ImportAsync([.. Enumerable.Range(0, messages).Select(i => $"message {i}")]);
    }

    private async Task ImportAsync(params string[] subjects)
    {
        Directory.CreateDirectory(_folder["in"]);
        foreach (var old in Directory.EnumerateFiles(_folder["in"]))
            File.Delete(old);
        foreach (var subject in subjects)
            await File.WriteAllTextAsync(_folder[$"in/{subject}.eml"], $"Subject: {subject}\r\n\r\n{subject}\r\n", Ct);
        var import = await RunAsync("data", "mail", "import", "--account", "ann@a.test", _folder["in"]);
        Assert.Equal($"{subjects.Length} imported, 0 skipped\n", import.Output);
    }

    private async Task RemoveAllAsync()
    {
        var folder = new DataFolder(_folder["data"]);
        var logger = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
        await using var store = await _stores.OpenAsync(folder, new ServerSettings(), logger, Ct);
        var account = await store.Directory.FindAccountAsync(EmailAddress.Parse("ann@a.test"), Ct);
        var box = await store.Mail.FindMailboxAsync(account!.Id, "INBOX", Ct);
        await store.Mail.RemoveAsync(box!.Id, [UidRange.All], Ct);
    }

    private Task<MailServer> ServeAsync()
    {
        var folder = new DataFolder(_folder["data"]);
        var environment = new ServerEnvironment(TimeProvider.System, new Random(1), _stores, KeptStore.Scanner);
        return MailServer.StartAsync(environment, folder, TestSettings.Loopback(folder), Ct);
    }

    private async Task<JsonNode> JsonAsync(int code, params string[] args)
    {
        var run = await RunAsync("data", [.. args, "--json"]);
        Assert.Equal(code, run.ExitCode);
        return JsonNode.Parse(run.Output)!;
    }

    private Task<CommandRun> RunAsync(string data, params string[] args) => RunWithAsync("", data, args);

    private Task<CommandRun> RunWithAsync(string input, string data, params string[] args) =>
        CommandRun.StartAsync(input, _stores, KeptStore.Scanner, [.. args, "--data", _folder[data]]);
}
