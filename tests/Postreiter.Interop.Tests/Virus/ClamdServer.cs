using System.Diagnostics;
using System.Text;

namespace Postreiter.Interop.Tests.Virus;

/// <summary>A real clamd on a unix socket, with two signatures: EICAR's test file and a pattern of our own.</summary>
internal sealed class ClamdServer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/clamd";

    /// <summary>The second signature finds this.</summary>
    public const string SecondPattern = "POSTREITER-SECOND-PATTERN";

    // Put together here, so that no scanner takes this file for what it looks for.
    public static readonly string Eicar = @"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

    private readonly TemporaryFolder _folder = new();
    private readonly StringBuilder _log = new();
    private Process? _process;

    /// <summary>Why there is none; null when there is.</summary>
    public static string? Missing => File.Exists(Program) ? null : "clamd is not installed: run tests/setup as root";

    /// <summary>Its socket.</summary>
    public string Socket => Path.Combine(_folder.Root, "clamd.sock");

    /// <summary>Its folder of signatures.</summary>
    public string Signatures => Path.Combine(_folder.Root, "db");

    /// <summary>Starts it and waits until it answers.</summary>
    public async Task StartAsync()
    {
        Directory.CreateDirectory(Signatures);
        await File.WriteAllTextAsync(
            Path.Combine(Signatures, "test.ndb"),
            $"Eicar-Test-Signature:0:*:{Hex(Eicar)}\nPostreiter.Second:0:*:{Hex(SecondPattern)}\n"
        );
        var configuration = Path.Combine(_folder.Root, "clamd.conf");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            Foreground yes
            LocalSocket {Socket}
            DatabaseDirectory {Signatures}
            TemporaryDirectory {_folder.Root}
            StreamMaxLength 2M
            MaxThreads 12

            """
        );
        File.Delete(Socket);
        _process = Process.Start(
            new ProcessStartInfo(Program, ["-c", configuration])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        _process.OutputDataReceived += (_, e) => _log.AppendLine(e.Data);
        _process.ErrorDataReceived += (_, e) => _log.AppendLine(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Waiting.UntilAsync(
            () =>
            {
                Assert.False(_process.HasExited, _log.ToString());
                return Task.FromResult(File.Exists(Socket));
            },
            TestContext.Current.CancellationToken
        );
    }

    /// <summary>Ends it at once, in the middle of whatever it does.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await KillAsync();
        _folder.Dispose();
    }

    private static string Hex(string text) => Convert.ToHexStringLower(Encoding.ASCII.GetBytes(text));
}
