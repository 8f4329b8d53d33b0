using System.Formats.Tar;
using System.IO.Compression;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Testing;
using Postreiter.Tests.Hosting;

namespace Postreiter.Tests.CommandLine;

/// <summary><c>postreiter spam update</c> from a file, and what a running server makes of it.</summary>
public sealed class SpamUpdateCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_update_from_a_file_is_installed_once_and_read_by_the_other_commands()
    {
        var file = Pack(7, "body ONE /one/\n");
        var run = await RunAsync("--from", file, "--no-signature");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains(
            "updates.spamassassin.org 7: 1 rules, signature not looked at; in force when the server starts",
            run.Output,
            StringComparison.Ordinal
        );
        Assert.Equal(
            0,
            (
                await CommandRun.StartAsync("spam", "explain", "ONE", "--data", _folder.Root, "--set", "spam.rules=[]")
            ).ExitCode
        );
        run = await RunAsync("--from", file, "--no-signature");
        Assert.Contains("is up to date at 7", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_may_read_what_another_user_installed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "modes of files");
        Pack(7, "body ONE /one/\n");
        // The program itself, for its umask is the process's.
        var run = await ProcessTests.RunAsync(
            _folder,
            ["spam", "update", "--from", _folder["mirror"], "--no-signature"]
        );
        Assert.True(run.ExitCode == 0, run.Error);
        var root = _folder["rule-updates"];
        string[] found = [root, .. Directory.GetFileSystemEntries(root, "*", SearchOption.AllDirectories)];
        found = [.. found.Where(static path => Path.GetFileName(path) != "lock")];
        Assert.Equal(4, found.Length);
        Assert.All(
            found,
            path =>
                Assert.Equal(
                    Convert.ToInt32(Directory.Exists(path) ? "755" : "644", 8),
                    (int)File.GetUnixFileMode(path)
                )
        );
    }

    [Fact]
    public async Task The_newest_of_a_folder_is_taken()
    {
        Pack(7, "body ONE /one/\n");
        Pack(12, "body TWO /two/\n");
        var run = await RunAsync("--from", _folder["mirror"], "--no-signature", "--json");
        Assert.Equal("""{"channel":"updates.spamassassin.org","serial":12,"state":"installed"}""", run.Output.Trim());
    }

    [Fact]
    public async Task Check_asks_the_dns_alone()
    {
        var dns = new FakeDns().Txt("1.0.4.rules.example", "9");
        var run = await CommandRun.StartAsync(
            "",
            null,
            null,
            dns,
            "spam",
            "update",
            "rules.example",
            "--check",
            "--data",
            _folder.Root
        );
        Assert.Equal((0, "rules.example has 9; installed is nothing\n"), (run.ExitCode, run.Output));
        Assert.Equal(["TXT 1.0.4.rules.example"], dns.Questions);
    }

    [Fact]
    public async Task Without_a_signature_nothing_is_installed()
    {
        var key = _folder["key.asc"];
        Assert.SkipUnless(
            File.Exists("/usr/share/spamassassin/sa-update-pubkey.txt"),
            "the package spamassassin is missing"
        );
        File.Copy("/usr/share/spamassassin/sa-update-pubkey.txt", key);
        var run = await RunAsync("--from", Pack(7, "body ONE /one/\n"), "--key", key);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains(
            "is not updated, what is in force stays (no update): 7.tar.gz.asc, the signature, is not there",
            run.Error,
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(_folder["rule-updates"]));
    }

    [Fact]
    public async Task Mistakes_are_named()
    {
        Assert.Contains("is no name of a channel", (await RunAsync("a/b")).Error, StringComparison.Ordinal);
        Assert.Contains(
            "is not named SERIAL.tar.gz",
            (await RunAsync("--from", _folder["rules.tgz"], "--no-signature")).Error,
            StringComparison.Ordinal
        );
        Assert.Equal(2, (await RunAsync("--key", _folder["nowhere"])).ExitCode);
    }

    [Fact]
    public async Task A_running_server_reads_them_at_once()
    {
        await using var server = await RunningServer.StartAsync("spam.rules=[]");
        await server.Server.Parts.Rooms.Spam.Loading;
        Assert.False(server.Server.Parts.Rooms.Spam.Scanner.HasEngine);
        var run = await CommandRun.StartAsync(
            "spam",
            "update",
            "--from",
            Pack(7, "body ONE /one/\n"),
            "--no-signature",
            "--data",
            server.Folder.Root
        );
        Assert.Contains("the running server was told", run.Output, StringComparison.Ordinal);
        await server.Server.Parts.Rooms.Spam.Loading;
        Assert.True(server.Server.Parts.Rooms.Spam.Scanner.HasEngine);
    }

    [Fact]
    public async Task A_server_that_cannot_be_told_does_not_undo_what_is_installed()
    {
        var socket = _folder["control.sock"];
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(socket));
        server.Listen();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var hangingUp = HangUpAsync();
        var run = await RunAsync("--from", Pack(7, "body ONE /one/\n"), "--no-signature");
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hangingUp);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains(
            "7: 1 rules, signature not looked at; the running server was not told: ",
            run.Output,
            StringComparison.Ordinal
        );

        async Task HangUpAsync()
        {
            while (true)
                (await server.AcceptAsync(end.Token)).Dispose();
        }
    }

    public void Dispose() => _folder.Dispose();

    private string Pack(int serial, string rules)
    {
        Directory.CreateDirectory(_folder["mirror"]);
        using var octets = new MemoryStream();
        using (var packed = new GZipStream(octets, CompressionMode.Compress, leaveOpen: true))
        using (var writer = new TarWriter(packed))
        {
            writer.WriteEntry(
                new PaxTarEntry(TarEntryType.RegularFile, "10.cf")
                {
                    DataStream = new MemoryStream(Encoding.ASCII.GetBytes(rules)),
                }
            );
        }

        var file = _folder[$"mirror/{serial}.tar.gz"];
        File.WriteAllBytes(file, octets.ToArray());
        File.WriteAllText(file + ".sha256", Convert.ToHexStringLower(SHA256.HashData(octets.ToArray())) + "\n");
        return file;
    }

    private Task<CommandRun> RunAsync(params string[] args) =>
        CommandRun.StartAsync(["spam", "update", .. args, "--data", _folder.Root]);
}
