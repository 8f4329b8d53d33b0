using System.Diagnostics;
using System.Globalization;
using System.Text;
using Postreiter.Benchmarks.Sites;

namespace Postreiter.Benchmarks.Load;

/// <summary>Debian's clamd on a unix socket with one signature of our own, and its milter on a port of loopback.</summary>
internal sealed class ClamAv : IAsyncDisposable
{
    private const string Daemon = "/usr/sbin/clamd";
    private const string Milter = "/usr/sbin/clamav-milter";
    private readonly string _folder = Directory.CreateTempSubdirectory("clamav-bench-").FullName;
    private readonly List<Process> _processes = [];

    /// <summary>Whether both are here, and can be started.</summary>
    public static bool IsInstalled => File.Exists(Daemon) && File.Exists(Milter) && Environment.IsPrivilegedProcess;

    /// <summary>The daemon's socket.</summary>
    public string Socket => Path.Combine(_folder, "clamd.sock");

    /// <summary>The milter's port.</summary>
    public int MilterPort { get; } = Tool.FreePorts(1)[0];

    /// <summary>Starts both.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        var signatures = Path.Combine(_folder, "db");
        Directory.CreateDirectory(signatures);
        var pattern = Convert.ToHexStringLower(Encoding.ASCII.GetBytes("POSTREITER-BENCH-PATTERN"));
        await File.WriteAllTextAsync(Path.Combine(signatures, "bench.ndb"), $"Postreiter.Bench:0:*:{pattern}\n", ct);
        await StartAsync(
            Daemon,
            $"""
            Foreground yes
            LocalSocket {Socket}
            DatabaseDirectory {signatures}
            TemporaryDirectory {_folder}
            StreamMaxLength 100M
            MaxScanSize 200M
            MaxFileSize 100M
            MaxThreads 12

            """,
            ct
        );
        while (!File.Exists(Socket))
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, ct);
        await StartAsync(
            Milter,
            $"""
            Foreground yes
            MilterSocket inet:{MilterPort.ToString(CultureInfo.InvariantCulture)}@127.0.0.1
            ClamdSocket unix:{Socket}
            TemporaryDirectory {_folder}
            OnInfected Reject
            AddHeader Replace
            MaxFileSize 100M

            """,
            ct
        );
        await Tool.WaitForAsync(MilterPort, ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in Enumerable.Reverse(_processes))
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartAsync(string program, string settings, CancellationToken ct)
    {
        var file = Path.Combine(_folder, Path.GetFileName(program) + ".conf");
        await File.WriteAllTextAsync(file, settings, ct);
        var process = Process.Start(
            new ProcessStartInfo(program, ["-c", file])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
    }
}
