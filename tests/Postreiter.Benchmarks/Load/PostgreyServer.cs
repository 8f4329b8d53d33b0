using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postreiter.Core;

namespace Postreiter.Benchmarks.Load;

/// <summary>Debian's postgrey on a port of loopback, and one client of it that speaks as Postfix does.</summary>
internal sealed class PostgreyServer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/postgrey";
    private readonly string _folder;
    private readonly Process _process;
    private TcpClient? _client;
    private StreamReader? _reader;
    private StreamWriter? _writer;

    private PostgreyServer(string folder, Process process) => (_folder, _process) = (folder, process);

    /// <summary>Whether it is here, and can be started.</summary>
    public static bool IsInstalled => File.Exists(Program) && Environment.IsPrivilegedProcess;

    /// <summary>Starts it with an empty database and a delay of a second.</summary>
    public static async Task<PostgreyServer> StartAsync(CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("postgrey-bench-").FullName;
        await Sites.Tool.RunAsync("chown", "", ct, "nobody:nogroup", folder);
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        string[] arguments =
        [
            $"--inet=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            $"--dbdir={folder}",
            "--user=nobody",
            "--group=nogroup",
            "--delay=1",
            "--auto-whitelist-clients=1000000",
        ];
        var start = new ProcessStartInfo(Program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var server = new PostgreyServer(folder, Process.Start(start)!);
        server._process.BeginErrorReadLine();
        server._process.BeginOutputReadLine();
        await server.ConnectAsync(port, ct);
        return server;
    }

    /// <summary>Asks about a triplet.</summary>
    /// <returns>Whether the mail may come.</returns>
    public async Task<bool> AskAsync(
        (IPAddress Client, EmailAddress Sender, EmailAddress Recipient) triplet,
        CancellationToken ct
    )
    {
        var (client, sender, recipient) = triplet;
        await _writer!.WriteAsync(
            $"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address={client}\n"
                + $"client_name=unknown\nhelo_name=x.example\nsender={sender}\nrecipient={recipient}\n\n"
        );
        await _writer.FlushAsync(ct);
        var action = await _reader!.ReadLineAsync(ct) ?? throw new IOException("postgrey has gone");
        await _reader.ReadLineAsync(ct);
        return !action.Contains("DEFER", StringComparison.OrdinalIgnoreCase);
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ConnectAsync(int port, CancellationToken ct)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                _client = new TcpClient { NoDelay = true };
                await _client.ConnectAsync(IPAddress.Loopback, port, ct);
                break;
            }
            catch (SocketException) when (tries < 100)
            {
                _client!.Dispose();
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, ct);
            }
        }

        _reader = new StreamReader(_client.GetStream());
        _writer = new StreamWriter(_client.GetStream());
    }
}
