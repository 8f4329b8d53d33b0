using System.Diagnostics;
using System.Text;

namespace Postreiter.Interop.Tests;

/// <summary>Programs that are not ours. A test that needs one that is not there is skipped with its name.</summary>
internal static class ForeignProgram
{
    // Above every program's own time limits: one that hangs fails its test, not the whole run.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Runs a program to its end, with a folder of its own as home, working and temporary folder.</summary>
    /// <returns>Its exit code and what it printed, both streams.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string name,
        string folder,
        string input,
        params string[] arguments
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        await using var linked = patience.Token.Register(limit.Cancel);
        var ct = limit.Token;
        var path = Find(name);
        Assert.SkipWhen(path is null, $"{name} is not installed: run tests/setup as root");
        var start = new ProcessStartInfo(path!, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        (start.Environment["HOME"], start.Environment["TMPDIR"], start.Environment["LC_ALL"]) = (folder, folder, "C");
        using var process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), ct);
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync(ct);
            var output = new StringBuilder(await process.StandardOutput.ReadToEndAsync(ct));
            output.Append(await error);
            await process.WaitForExitAsync(ct);
            return (process.ExitCode, output.ToString());
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static string? Find(string name) =>
        new[] { "/usr/bin", "/usr/sbin", "/usr/local/bin" }
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
}
