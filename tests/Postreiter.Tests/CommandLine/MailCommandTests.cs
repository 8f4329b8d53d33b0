using Postreiter.Core;
using Postreiter.Hosting;
using Postreiter.Settings;
using Postreiter.Storage.Mail;

namespace Postreiter.Tests.CommandLine;

public sealed class MailCommandTests : IDisposable
{
    private const string One = "Subject: one\r\n\r\nFrom the first\r\n";
    private const string Two = "Subject: two\r\n\r\nthe second, in UTF-8: żółw\r\n";

    private readonly TemporaryFolder _folder = new();
    private readonly KeptStore _store = new();

    [Theory]
    [InlineData("mbox", false)]
    [InlineData("mbox", true)]
    [InlineData("maildir", false)]
    [InlineData("maildir", true)]
    [InlineData("eml", false)]
    [InlineData("eml", true)]
    public async Task What_goes_in_comes_out(string format, bool isServerRunning)
    {
        await StartAsync();
        await using var server = isServerRunning ? await ServeAsync() : null;
        Directory.CreateDirectory(_folder["in"]);
        await File.WriteAllTextAsync(_folder["in/1.eml"], One, Ct);
        await File.WriteAllTextAsync(_folder["in/2.eml"], Two, Ct);
        File.SetLastWriteTimeUtc(_folder["in/1.eml"], new DateTime(2020, 2, 29, 12, 0, 1, DateTimeKind.Utc));

        var first = await RunAsync("import", "--mailbox", "Lists/Dev", _folder["in"]);
        Assert.Equal((0, "2 imported, 0 skipped\n"), (first.ExitCode, first.Output));
        var export = await RunAsync("export", "--mailbox", "Lists/Dev", "--format", format, _folder["out"]);
        Assert.Equal((0, "2 exported, 0 skipped\n"), (export.ExitCode, export.Output));
        var second = await RunAsync("import", "--mailbox", "Copy", _folder["out"]);
        Assert.Equal((0, "2 imported, 0 skipped\n"), (second.ExitCode, second.Output));

        Assert.Equal([One, Two], await ReadAsync("Lists/Dev"));
        Assert.Equal([One, Two], await ReadAsync("Copy"));
        Assert.Equal(await DatesAsync("Lists/Dev"), await DatesAsync("Copy"));
    }

    [Fact]
    public async Task What_cannot_be_read_is_named_and_the_rest_goes_on()
    {
        await StartAsync();
        Directory.CreateDirectory(_folder["in"]);
        await File.WriteAllTextAsync(_folder["in/1.eml"], "", Ct);
        await File.WriteAllTextAsync(_folder["in/2.eml"], Two, Ct);
        var run = await RunAsync("import", _folder["in"]);
        Assert.Equal((1, "1 imported, 1 skipped\n"), (run.ExitCode, run.Output));
        Assert.Contains("skipped: 1.eml: it is empty", run.Error, StringComparison.Ordinal);
        Assert.Equal([Two], await ReadAsync("INBOX"));
    }

    [Theory]
    [InlineData("mbox")]
    [InlineData("maildir")]
    public async Task Flags_go_out_and_in(string format)
    {
        await StartAsync();
        MakeMaildir("in", ("cur/1.a:2,FRS", One), ("cur/2.b:2,DT", Two));
        Assert.Equal(0, (await RunAsync("import", _folder["in"])).ExitCode);
        Assert.Equal(0, (await RunAsync("export", "--format", format, _folder["out"])).ExitCode);
        Assert.Equal(0, (await RunAsync("import", "--mailbox", "Copy", _folder["out"])).ExitCode);
        Assert.Equal(
            [SystemFlags.Flagged | SystemFlags.Answered | SystemFlags.Seen, SystemFlags.Draft | SystemFlags.Deleted],
            await FlagsAsync("Copy")
        );
        Assert.Equal([One, Two], await ReadAsync("Copy"));
    }

    [Fact]
    public async Task L32_what_the_quota_has_no_room_for_is_named_and_the_rest_goes_on()
    {
        await StartAsync();
        await RunRawAsync("", "account", "quota", "ann@a.test", "1KiB");
        MakeMaildir("in", ("cur/1", One), ("cur/2", "Subject: big\n\n" + new string('x', 2000)), ("cur/3", Two));
        var run = await RunAsync("import", _folder["in"]);
        Assert.Equal((1, "2 imported, 1 skipped\n"), (run.ExitCode, run.Output));
        Assert.Contains("skipped: 2: the quota of ann@a.test is met", run.Error, StringComparison.Ordinal);
        Assert.Equal([One, Two], await ReadAsync("INBOX"));
    }

    [Fact]
    public async Task L32_names_of_folders_are_never_paths()
    {
        await StartAsync();
        MakeMaildir("in", ("cur/1", One));
        MakeMaildir("in/...", ("cur/2", One));
        MakeMaildir("in/...etc.passwd", ("cur/3", One));
        MakeMaildir("in/.Entw&APw-rfe", ("cur/4", Two));
        Directory.CreateSymbolicLink(_folder["in/.Link"], _folder["in"]);
        var run = await RunAsync("import", _folder["in"]);
        Assert.Equal((1, "2 imported, 2 skipped\n"), (run.ExitCode, run.Output));
        Assert.Equal([Two], await ReadAsync("Entw\u00FCrfe"));
    }

    [Fact]
    public async Task An_account_that_is_not_here_is_told_before_anything_is_read()
    {
        await StartAsync();
        MakeMaildir("in", ("cur/1", One));
        var run = await RunRawAsync("", "mail", "import", "--account", "bob@a.test", _folder["in"]);
        Assert.Equal((1, "", "bob@a.test is not an account here\n"), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task Export_writes_nothing_over()
    {
        await StartAsync();
        await File.WriteAllTextAsync(_folder["kept.mbox"], "mine", Ct);
        Assert.Equal(1, (await RunAsync("export", _folder["kept.mbox"])).ExitCode);
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder["kept.mbox"], Ct));
    }

    [Theory]
    [InlineData(2, "import", "/nowhere/at/all")]
    [InlineData(1, "export", "--mailbox", "None", "/nowhere/at/all")]
    [InlineData(2, "export", "--format", "pst", "/nowhere/at/all")]
    public async Task Exit_codes(int code, params string[] args)
    {
        await StartAsync();
        Assert.Equal(code, (await RunAsync(args)).ExitCode);
    }

    [Fact]
    public async Task P12_a_mailbox_name_is_no_path()
    {
        await StartAsync();
        Directory.CreateDirectory(_folder["in"]);
        await File.WriteAllTextAsync(_folder["in/1.eml"], One, Ct);
        Assert.Equal(1, (await RunAsync("import", "--mailbox", "a//b", _folder["in"])).ExitCode);
        Assert.Equal(1, (await RunAsync("import", "--mailbox", "a\nb", _folder["in"])).ExitCode);
        Assert.Equal(0, (await RunAsync("import", "--mailbox", "../up", _folder["in"])).ExitCode);
        Assert.Equal([One], await ReadAsync("../up"));
        Assert.False(Directory.Exists(_folder["up"]));
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task StartAsync()
    {
        Assert.Equal(0, (await RunRawAsync("", "init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        var add = await RunRawAsync("secret\n", "account", "add", "ann@a.test", "--password-stdin");
        Assert.Equal(0, add.ExitCode);
    }

    private Task<MailServer> ServeAsync()
    {
        var folder = new DataFolder(_folder["data"]);
        var environment = new ServerEnvironment(TimeProvider.System, new Random(1), _store, KeptStore.Scanner);
        return MailServer.StartAsync(environment, folder, TestSettings.Loopback(folder), Ct);
    }

    private Task<CommandRun> RunAsync(params string[] args) =>
        RunRawAsync("", ["mail", args[0], "--account", "ann@a.test", .. args[1..]]);

    private Task<CommandRun> RunRawAsync(string input, params string[] args) =>
        CommandRun.StartAsync(input, _store, KeptStore.Scanner, [.. args, "--data", _folder["data"]]);

    private void MakeMaildir(string folder, params (string Name, string Text)[] messages)
    {
        Postreiter.Transfer.MailFolder.CreateMaildir(_folder[folder]);
        foreach (var (name, text) in messages)
            File.WriteAllText(Path.Combine(_folder[folder], name), text);
    }

    private async Task<List<SystemFlags>> FlagsAsync(string mailbox) =>
        [.. (await EntriesAsync(mailbox)).Select(m => m.Flags.System)];

    private async Task<List<DateTimeOffset>> DatesAsync(string mailbox) =>
        [.. (await EntriesAsync(mailbox)).Select(m => m.InternalDate).Select(Whole)];

    // Neither an mbox nor a Maildir keeps parts of a second.
    private static DateTimeOffset Whole(DateTimeOffset date) =>
        DateTimeOffset.FromUnixTimeSeconds(date.ToUnixTimeSeconds());

    private async Task<List<StoredMessage>> EntriesAsync(string mailbox)
    {
        var account = await _store.Directory.FindAccountAsync(EmailAddress.Parse("ann@a.test"), Ct);
        var box = await _store.Mail.FindMailboxAsync(account!.Id, mailbox, Ct);
        return await _store.Mail.ReadMessagesAsync(box!.Id, [UidRange.All], Ct).ToListAsync(Ct);
    }

    private async Task<List<string>> ReadAsync(string mailbox)
    {
        var account = await _store.Directory.FindAccountAsync(EmailAddress.Parse("ann@a.test"), Ct);
        var box = await _store.Mail.FindMailboxAsync(account!.Id, mailbox, Ct);
        var texts = new List<string>();
        await foreach (var message in _store.Mail.ReadMessagesAsync(box!.Id, [UidRange.All], Ct))
        {
            await using var content = await _store.Mail.OpenAsync(message, Ct);
            var bytes = new byte[content.Length];
            Assert.Equal(bytes.Length, await content.ReadAsync(0, bytes, Ct));
            texts.Add(System.Text.Encoding.UTF8.GetString(bytes));
        }

        return texts;
    }
}
