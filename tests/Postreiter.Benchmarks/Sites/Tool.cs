using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Benchmarks.Sites;

/// <summary>Programs that run to their end, and free ports for those that do not.</summary>
internal static class Tool
{
    /// <summary>Runs a program that must end well; what it printed is the exception's message otherwise.</summary>
    public static async Task RunAsync(string program, string input, CancellationToken ct, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        // A daemon that stays behind keeps the streams open: they are read aside, the exit is what counts.
        var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        await process.StandardInput.WriteAsync(input.AsMemory(), ct);
        process.StandardInput.Close();
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)}: {await output}{await error}"
            );
    }

    /// <summary>Ports nobody listens on at this moment.</summary>
    public static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(static _ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(static l => l.Start());
        var ports = listeners.Select(static l => ((IPEndPoint)l.LocalEndpoint).Port).ToArray();
        listeners.ForEach(static l => l.Dispose());
        return ports;
    }

    /// <summary>Waits until somebody takes connections there, at most 30 s.</summary>
    public static async Task WaitForAsync(int port, CancellationToken ct)
    {
        var time = TimeProvider.System;
        for (var start = time.GetTimestamp(); ; )
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port, ct);
                return;
            }
            catch (SocketException) when (time.GetElapsedTime(start) < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, ct);
            }
        }
    }
}
