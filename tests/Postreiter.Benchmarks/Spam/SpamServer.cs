using System.Diagnostics;
using Postreiter.Benchmarks.Sites;

namespace Postreiter.Benchmarks.Spam;

/// <summary>The process of a server: bound to the first processor.</summary>
internal abstract class SpamServer : ISpamSite
{
    private Process? _process;

    public abstract string Name { get; }

    public abstract int Mails { get; }

    public ProcessTree Processes => new(_process!.Id);

    protected string Folder { get; } = Directory.CreateTempSubdirectory("postreiter-bench-").FullName;

    protected int Port { get; } = Tool.FreePorts(1)[0];

    /// <summary>The program and its arguments.</summary>
    protected abstract (string Program, string[] Arguments) Command { get; }

    /// <summary>More for its environment.</summary>
    protected virtual IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>();

    public abstract Task PrepareAsync(CancellationToken ct);

    public abstract Task<bool?> CheckAsync(ReadOnlyMemory<byte> mail, CancellationToken ct);

    public void Start()
    {
        var (program, arguments) = Command;
        // The client has the other processor, see ./bench.
        var start = new ProcessStartInfo("taskset", ["-c", "0", program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        // What it prints is read and thrown away, so that it never waits for a reader.
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public async Task StopAsync()
    {
        if (_process is { HasExited: false })
        {
            using var kill = Process.Start(
                "kill",
                [_process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]
            );
            await kill.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15), TimeProvider.System);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process?.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
