using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Postreiter.Tests.CommandLine;

/// <summary>The program as a process: what only a process has.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Data_goes_to_standard_output_and_messages_to_standard_error()
    {
        var version = await RunAsync("version");
        Assert.Equal((0, ""), (version.ExitCode, version.Error));
        Assert.StartsWith("postreiter ", version.Output, StringComparison.Ordinal);
        var check = await RunAsync("config", "check", "--set", "colour=1");
        Assert.Equal((2, ""), (check.ExitCode, check.Output));
        Assert.Contains("colour", check.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_data_folder_may_come_from_the_environment()
    {
        await File.WriteAllTextAsync(_folder["postreiter.toml"], "hostname = \"env.a.test\"\n", Ct);
        var show = await RunAsync("config", "show");
        Assert.Equal(0, show.ExitCode);
        Assert.Contains("hostname = \"env.a.test\"", show.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_one_process_puts_into_the_store_the_next_one_finds()
    {
        Assert.Equal(0, (await RunAsync("init", "--hostname", "mx.a.test", "--domain", "a.test")).ExitCode);
        var add = await RunWithInputAsync("secret\n", "account", "add", "ann@a.test", "--password-stdin");
        Assert.True(add.ExitCode == 0, add.Error);
        var list = await RunAsync("account", "list");
        Assert.Equal("ann@a.test  0B of any\n", list.Output);
        var check = await RunAsync("store", "check");
        Assert.Equal(0, check.ExitCode);
        Assert.StartsWith("1 accounts, 6 mailboxes, ", check.Output, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("init", "--hostname", "mx.a.test")).ExitCode);
    }

    [Fact]
    public async Task The_service_manager_is_told_of_start_reload_stop_and_that_we_live()
    {
        Assert.Equal(0, (await RunAsync("init", "--hostname", "mx.a.test")).ExitCode);
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(_folder["notify"]));
        string[] names = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "http"];
        string[] arguments = ["serve", .. names.SelectMany(n => new[] { "--set", $"listen.{n}=[\"127.0.0.1:0\"]" })];
        var start = Start(arguments);
        // Under nohup SIGHUP comes in ignored, and a process that ignores it stays so; a service manager starts us without.
        start.ArgumentList.Clear();
        foreach (var argument in (string[])["--default-signal=HUP", start.FileName, .. arguments])
            start.ArgumentList.Add(argument);
        start.FileName = "env";
        start.Environment["NOTIFY_SOCKET"] = _folder["notify"];
        start.Environment["WATCHDOG_USEC"] = "200000";
        using var process = Process.Start(start)!;
        try
        {
            Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(Ct));
            Assert.Equal("READY=1", await NextAsync());
            Assert.Equal("WATCHDOG=1", await ReceiveAsync());
            // Mail is private, whatever the shell's umask is.
            foreach (var file in Directory.EnumerateFiles(_folder.Root).Where(f => Path.GetFileName(f) != "notify"))
                Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(file) & (UnixFileMode)0b111_111);

            Signal(process, "HUP");
            Assert.StartsWith("RELOADING=1\nMONOTONIC_USEC=", await NextAsync(), StringComparison.Ordinal);
            Assert.Equal("READY=1", await NextAsync());
            await File.AppendAllTextAsync(_folder["postreiter.toml"], "colour = 1\n", Ct);
            Signal(process, "HUP");
            Assert.StartsWith("RELOADING=1", await NextAsync(), StringComparison.Ordinal);
            Assert.Equal("READY=1", await NextAsync());

            Signal(process, "TERM");
            Assert.Equal("STOPPING=1", await NextAsync());
            var error = process.StandardError.ReadToEndAsync(Ct);
            await process.WaitForExitAsync(Ct);
            Assert.Equal(0, process.ExitCode);
            Assert.Contains("colour = 1: is not a known key", await error, StringComparison.Ordinal);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        async Task<string> NextAsync()
        {
            string text;
            do text = await ReceiveAsync();
            while (text == "WATCHDOG=1");
            return text;
        }

        async Task<string> ReceiveAsync()
        {
            var buffer = new byte[1000];
            return Encoding.ASCII.GetString(buffer, 0, await manager.ReceiveAsync(buffer, Ct));
        }
    }

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<CommandRun> RunAsync(params string[] args) => RunWithInputAsync("", args);

    private static void Signal(Process process, string name)
    {
        using var kill = Process.Start("kill", ["-" + name, $"{process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Runs the program with this data folder.</summary>
    internal static Task<CommandRun> RunAsync(TemporaryFolder folder, params string[] args) =>
        EndAsync(Start(folder, args), "");

    private ProcessStartInfo Start(string[] args) => Start(_folder, args);

    private static ProcessStartInfo Start(TemporaryFolder folder, string[] args)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "postreiter"), args)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["POSTREITER_DATA"] = folder.Root;
        return start;
    }

    private Task<CommandRun> RunWithInputAsync(string input, params string[] args) => EndAsync(Start(args), input);

    private static async Task<CommandRun> EndAsync(ProcessStartInfo start, string input)
    {
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(Ct);
        var error = process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return new CommandRun(process.ExitCode, await output, await error);
    }
}
