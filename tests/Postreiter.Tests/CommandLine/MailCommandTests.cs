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

        var first = await RunAsync("import", "--mailbox", "Lists/Dev", _folder["in"]);
        Assert.Equal((0, "2 imported, 0 skipped\n"), (first.ExitCode, first.Output));
        var export = await RunAsync("export", "--mailbox", "Lists/Dev", "--format", format, _folder["out"]);
        Assert.Equal((0, "2 exported, 0 skipped\n"), (export.ExitCode, export.Output));
        var second = await RunAsync("import", "--mailbox", "Copy", _folder["out"]);
        Assert.Equal((0, "2 imported, 0 skipped\n"), (second.ExitCode, second.Output));

        Assert.Equal([One, Two], await ReadAsync("Lists/Dev"));
        var status = format == "mbox" ? "Status: O\r\n" : "";
        Assert.Equal([status + One, status + Two], await ReadAsync("Copy"));
    }

    [Fact]
    public async Task What_cannot_be_read_is_named_and_the_rest_goes_on()
    {
        await StartAsync();
        Directory.CreateDirectory(_folder["in"]);
        await File.WriteAllTextAsync(_folder["in/1.eml"], "", Ct);
        await File.WriteAllTextAsync(_folder["in/2.eml"], Two, Ct);
        var run = await RunAsync("import", _folder["in"]);
        Assert.Equal((0, "1 imported, 1 skipped\n"), (run.ExitCode, run.Output));
        Assert.Contains("skipped: 1.eml: it is empty", run.Error, StringComparison.Ordinal);
        Assert.Equal([Two], await ReadAsync("INBOX"));
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
