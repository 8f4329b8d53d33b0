using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.Control;
using Postreiter.Hosting;
using Postreiter.Settings;

namespace Postreiter.Tests.CommandLine;

/// <summary><c>postreiter spam learn</c> and <c>spam bayes</c>, with the server and without.</summary>
public sealed class SpamLearnCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly KeptStore _store = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_mail_counts_once_moves_and_is_forgotten(bool isServerRunning)
    {
        await StartAsync();
        await using var server = isServerRunning ? await ServeAsync() : null;
        Write("in/1.eml", Mail(1));
        Write("in/deep/2.eml", Mail(2));
        Assert.Equal(
            (0, "Learned tokens from 2 message(s) (2 message(s) examined)\n"),
            await LearnAsync("--spam", _folder["in"])
        );
        Assert.Equal(
            (0, "Learned tokens from 0 message(s) (2 message(s) examined)\n"),
            await LearnAsync("--spam", _folder["in"])
        );
        Assert.Equal((2, 0), await MailsAsync());
        Assert.Equal(
            (0, "Learned tokens from 1 message(s) (1 message(s) examined)\n"),
            await LearnAsync("--ham", _folder["in/1.eml"])
        );
        Assert.Equal((1, 1), await MailsAsync());
        Assert.Equal(
            (0, "Forgot tokens from 2 message(s) (2 message(s) examined)\n"),
            await LearnAsync("--forget", _folder["in"])
        );
        Assert.Equal((0, 0), await MailsAsync());
        Assert.Equal(
            (0, "Forgot tokens from 0 message(s) (2 message(s) examined)\n"),
            await LearnAsync("--forget", _folder["in"])
        );
    }

    [Fact]
    public async Task The_same_mail_is_one_in_a_file_an_mbox_a_Maildir_and_with_other_line_ends()
    {
        await StartAsync();
        Write("1.eml", Mail(1));
        Write("2.eml", Mail(1).Replace("\n", "\r\n", StringComparison.Ordinal));
        Write("3.eml", "X-Spam-Status: Yes, score=9\n" + Mail(1));
        Write("box", $"From a Mon Feb  2 12:00:00 2026\n{Mail(1)}\nFrom b Mon Feb  2 12:00:00 2026\n{Mail(2)}");
        Write("dir/cur/1.a:2,S", Mail(2));
        Write("dir/new/2.b", Mail(3));
        Write("dir/tmp/x", "");
        var paths = new[] { "1.eml", "2.eml", "3.eml", "box" }.Select(name => _folder[name]);
        Assert.Equal(
            (0, "Learned tokens from 2 message(s) (5 message(s) examined)\n"),
            await LearnAsync(["--spam", .. paths])
        );
        Assert.Equal(
            (0, "Learned tokens from 1 message(s) (2 message(s) examined)\n"),
            await LearnAsync("--spam", _folder["dir"])
        );
    }

    [Fact]
    public async Task An_account_learns_by_itself()
    {
        await StartAsync();
        Write("1.eml", Mail(1));
        Assert.Equal(0, (await RunAsync("learn", "--ham", "--account", "ann@a.test", _folder["1.eml"])).ExitCode);
        Assert.Equal((0, 0), await MailsAsync());
        Assert.Equal((0, 1), await MailsAsync("--account", "ann@a.test"));
        var unknown = await RunAsync("learn", "--ham", "--account", "eve@a.test", _folder["1.eml"]);
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("eve@a.test is not an account here", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_learned_is_named_and_the_rest_is_learned()
    {
        await StartAsync();
        var random = new byte[4000];
        new Random(5).NextBytes(random);
        File.WriteAllBytes(_folder["in.bin"], random);
        Write("empty.eml", "");
        Write("nuls.eml", "Subject: a\0b\n\nwith\0\0NULs\n");
        // Cut in the middle of its second mail.
        Write("cut", $"From a Mon Feb  2 12:00:00 2026\n{Mail(1)}\nFrom b Mon Feb  2 12:00:00 2026\n{Mail(2)[..^20]}");
        Write("good.eml", Mail(4));
        string[] names = ["in.bin", "empty.eml", "nuls.eml", "cut", "good.eml"];
        var run = await RunAsync(["learn", "--spam", .. names.Select(n => _folder[n])]);
        Assert.Equal((1, "Learned tokens from 4 message(s) (4 message(s) examined)\n"), (run.ExitCode, run.Output));
        Assert.Contains("skipped: in.bin: it is no mail: it has no header", run.Error, StringComparison.Ordinal);
        Assert.Contains("skipped: empty.eml: it is empty", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exactly_one_of_spam_ham_and_forget_is_said()
    {
        await StartAsync();
        Assert.Equal(2, (await RunAsync("learn", _folder["x"])).ExitCode);
        Assert.Equal(2, (await RunAsync("learn", "--spam", "--ham", _folder["x"])).ExitCode);
        Assert.Equal(2, (await RunAsync("learn", "--spam", _folder["x"])).ExitCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_learned_goes_out_and_in(bool isServerRunning)
    {
        await StartAsync();
        await using var server = isServerRunning ? await ServeAsync() : null;
        for (var i = 0; i < 5; i++)
            Write($"spam/{i}.eml", Mail(i));
        Write("ham.eml", Mail(9));
        await LearnAsync("--spam", _folder["spam"]);
        await LearnAsync("--ham", _folder["ham.eml"]);
        Assert.Equal(0, (await RunAsync("bayes", "backup", _folder["backup"])).ExitCode);
        var text = await File.ReadAllTextAsync(_folder["backup"], Ct);
        Assert.StartsWith("v\t3\tdb_version", text, StringComparison.Ordinal);
        Assert.Equal(text, (await RunAsync("bayes", "backup", "-")).Output);
        Assert.Equal(1, (await RunAsync("bayes", "backup", _folder["backup"])).ExitCode);
        Assert.False(File.Exists(_folder["backup.part"]));
        // Where the other file is in the way nothing has the backup's name, and what is somebody's stays.
        Write("other.part", "mine");
        Assert.NotEqual(0, (await RunAsync("bayes", "backup", _folder["other"])).ExitCode);
        Assert.False(File.Exists(_folder["other"]));
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder["other.part"], Ct));
        var dump = (await RunAsync("bayes", "dump", "--tokens")).Output;

        Assert.Equal(0, (await RunAsync("bayes", "clear")).ExitCode);
        Assert.Equal((0, 0), await MailsAsync());
        var restored = await RunAsync("bayes", "restore", _folder["backup"]);
        Assert.Equal(0, restored.ExitCode);
        Assert.Contains(
            "of 5 spam and 1 ham mails, 6 names of mails; 0 lines passed over",
            restored.Output,
            StringComparison.Ordinal
        );
        Assert.Equal(text, (await RunAsync("bayes", "backup", "-")).Output);
        Assert.Equal(dump, (await RunAsync("bayes", "dump", "--tokens")).Output);
        // The names came along: nothing counts twice.
        Assert.Equal(
            (0, "Learned tokens from 0 message(s) (5 message(s) examined)\n"),
            await LearnAsync("--spam", _folder["spam"])
        );

        Write("broken", "t\t1\t1\t1\t0000000000\n");
        var broken = await RunAsync("bayes", "restore", _folder["broken"]);
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("nothing was changed", broken.Error, StringComparison.Ordinal);
        Assert.Equal((5, 1), await MailsAsync());
        Assert.StartsWith(_folder["broken"] + ": ", broken.Error, StringComparison.Ordinal);
        Assert.Contains("0 tokens forgotten", (await RunAsync("bayes", "expire")).Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder["data"], "*.tmp"));
    }

    [Fact]
    public async Task Command_and_server_exchange_files_in_the_data_folder_alone()
    {
        await StartAsync();
        Write("data/exchange-of-a-command-that-was-killed.tmp", "");
        await using var server = await ServeAsync();
        Assert.Empty(Directory.GetFiles(_folder["data"], "*.tmp"));
        await using var control = await ControlOpener.ConnectAsync(new DataFolder(_folder["data"]), Ct);
        // A service may have another /tmp than its caller, and must write nowhere else.
        foreach (
            var name in new[]
            {
                _folder["exchange-x"],
                "/tmp/exchange-x",
                "../exchange-x",
                "exchange-/../x",
                "postreiter.toml",
            }
        )
        {
            foreach (var verb in new[] { ControlVerbs.SpamBackup, ControlVerbs.SpamRestore })
                Assert.Equal(2, (await control!.CallAsync(verb, new JsonObject { ["file"] = name }, Ct)).ExitCode);
        }

        Write("backup", "v\t3\tdb_version # this must be the first line!!!\n");
        using var file = new DataFolder(_folder["data"]).Exchange.NewFile();
        await using (var source = File.OpenRead(_folder["backup"]))
            await file.FillAsync(source, Ct);
        Assert.Equal(_folder["data"], Path.GetDirectoryName(file.FullPath));
        Assert.True(File.GetUnixFileMode(file.FullPath).HasFlag(UnixFileMode.OtherRead));
        Assert.True(
            (await control!.CallAsync(ControlVerbs.SpamRestore, new JsonObject { ["file"] = file.Name }, Ct)).ExitCode
                is 0
                    or 1
        );
    }

    [Fact]
    public async Task Of_a_Maildir_only_mail_is_learned_and_no_link_is_followed()
    {
        await StartAsync();
        Write("dir/cur/1.a:2,S", Mail(1));
        Write("dir/new/2.b", Mail(2));
        Write("dir/tmp/3.c", Mail(3));
        Write("dir/dovecot-uidlist", "3 V1 N3\n1 :1.a\n");
        Write("dir/subscriptions", "Lists\n");
        Write("dir/.Lists/cur/4.d:2,", Mail(4));
        Write("dir/.Lists/new/5.e", Mail(5));
        Write("dir/.Lists/dovecot-keywords", "0 $Junk\n");
        Write("elsewhere/6.eml", Mail(6));
        Directory.CreateSymbolicLink(_folder["dir/cur/up"], _folder["dir"]);
        Directory.CreateSymbolicLink(_folder["dir/other"], _folder["elsewhere"]);
        File.CreateSymbolicLink(_folder["dir/new/6.f"], _folder["elsewhere/6.eml"]);
        Assert.Equal(
            (0, "Learned tokens from 4 message(s) (4 message(s) examined)\n"),
            await LearnAsync("--ham", _folder["dir"])
        );
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_named_and_the_rest_is_read()
    {
        Write("1.eml", Mail(1));
        var files = Postreiter.Transfer.MailPaths.Find(["-", _folder["1.eml"]]);
        var sources = new Postreiter.Transfer.MailSources(files, () => new BrokenStream(), 1000);
        var found = new List<string>();
        await foreach (var mail in sources.ReadAsync(Ct))
            found.Add($"{mail.Source} {mail.Skipped}");
        Assert.Equal(["- the disk is broken", "1.eml "], found);
    }

    [Fact]
    public async Task A_Maildir_may_change_while_it_is_read()
    {
        Write("dir/new/1.a", Mail(1));
        Write("dir/new/2.b", Mail(2));
        Write("dir/cur/3.c:2,", Mail(3));
        Write("dir/cur/4.d:2,", Mail(4));
        var files = Postreiter.Transfer.MailPaths.Find([_folder["dir"]]);
        // Seen by a mail program, marked, and thrown away, since the names were read.
        File.Move(_folder["dir/new/1.a"], _folder["dir/cur/1.a:2,S"]);
        File.Move(_folder["dir/cur/3.c:2,"], _folder["dir/cur/3.c:2,FS"]);
        File.Delete(_folder["dir/cur/4.d:2,"]);
        var sources = new Postreiter.Transfer.MailSources(files, () => Stream.Null, 1000);
        var found = new List<string>();
        await foreach (var mail in sources.ReadAsync(Ct))
            found.Add(mail.Skipped ?? Encoding.ASCII.GetString(mail.Bytes!).Split('\n')[0]);
        Assert.Equal(["Subject: offer 3", "it is gone", "Subject: offer 1", "Subject: offer 2"], found);
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Mail(int number) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Subject: offer {number}\nFrom: bob@far.example\nTo: ann@a.test\nMessage-ID: <{number}@far.example>\nDate: Mon, 2 Feb 2026 12:00:{number:d2} +0000\n\nBuy number {number} and nothing else.\n"
        );

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("the disk is broken");
    }

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], text);
    }

    private async Task<(int Spam, int Ham)> MailsAsync(params string[] options)
    {
        var run = await RunAsync(["bayes", "dump", "--json", .. options]);
        var row = JsonNode.Parse(run.Output)!;
        return ((int)row["spam"]!, (int)row["ham"]!);
    }

    private async Task<(int, string)> LearnAsync(params string[] args)
    {
        var run = await RunAsync(["learn", .. args]);
        return (run.ExitCode, run.Output);
    }

    private Task<CommandRun> RunAsync(params string[] args) =>
        RunRawAsync("", ["spam", .. args, "--set", "spam.rules=[]"]);

    private Task<CommandRun> RunRawAsync(string input, params string[] args) =>
        CommandRun.StartAsync(input, _store, KeptStore.Scanner, [.. args, "--data", _folder["data"]]);

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
}
