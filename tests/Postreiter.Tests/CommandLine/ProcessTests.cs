using System.Diagnostics;

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

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<CommandRun> RunAsync(params string[] args) => RunWithInputAsync("", args);

    private async Task<CommandRun> RunWithInputAsync(string input, params string[] args)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "postreiter");
        var start = new ProcessStartInfo(program, args)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["POSTREITER_DATA"] = _folder.Root;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(Ct);
        var error = process.StandardError.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return new CommandRun(process.ExitCode, await output, await error);
    }
}
