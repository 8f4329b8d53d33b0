using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Postreiter.Interop.Tests.Postfix;

/// <summary>Postfix's smtp-sink: takes mail, or refuses it in a way of choice, and keeps each message in a file.</summary>
internal sealed class SmtpSink : IAsyncDisposable
{
    private const string Program = "/usr/sbin/smtp-sink";
    private readonly Process _process;
    private readonly string _folder;

    private SmtpSink(Process process, string folder) => (_process, _folder) = (process, folder);

    /// <summary>Why there is none; null when there is.</summary>
    public static string? Missing =>
        File.Exists(Program) ? null : "smtp-sink is not installed: run tests/setup as root";

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="port">Its port on loopback.</param>
    /// <param name="folder">Where the messages go; made here.</param>
    /// <param name="options">As smtp-sink(1) has them; <c>-f</c> refuses, <c>-r</c> defers, <c>-q</c> and <c>-Q</c> hang up.</param>
    /// <param name="ct">Stops waiting.</param>
    public static async Task<SmtpSink> StartAsync(int port, string folder, string options, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        List<string> arguments = [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        if (Environment.IsPrivilegedProcess)
        {
            // It gives its rights up, and still has to write here.
            for (var parent = folder; parent.Length > "/tmp".Length; parent = Path.GetDirectoryName(parent)!)
                File.SetUnixFileMode(parent, (UnixFileMode)(parent == folder ? 0b111_111_111 : 0b111_101_101));
            arguments.AddRange(["-u", "nobody"]);
        }

        var address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        var start = new ProcessStartInfo(Program, [.. arguments, "-d", Path.Combine(folder, "m."), address, "500"])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
        };
        var sink = new SmtpSink(Process.Start(start)!, folder);
        try
        {
            await Waiting.UntilAsync(() => AnswersAsync(port, ct), ct);
            return sink;
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }
    }

    /// <summary>Every message that is whole by now.</summary>
    public IReadOnlyList<string> Read() =>
        [
            .. Directory
                .EnumerateFiles(_folder)
                .Select(File.ReadAllText)
                .Where(m => m.Contains("\n\n", StringComparison.Ordinal)),
        ];

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<bool> AnswersAsync(int port, CancellationToken ct)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, ct);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
