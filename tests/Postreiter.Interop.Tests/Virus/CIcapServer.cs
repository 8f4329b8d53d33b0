using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Postreiter.Interop.Tests.Virus;

/// <summary>A real c-icap with its echo service, and its virus service on a clamd.</summary>
internal sealed class CIcapServer : IAsyncDisposable
{
    private const string Program = "/usr/bin/c-icap";
    private const string Modules = "/usr/lib/x86_64-linux-gnu/c_icap";
    private readonly TemporaryFolder _folder = new();
    private Process? _process;

    /// <summary>Why there is none; null when there is.</summary>
    public static string? Missing =>
        File.Exists(Program) && File.Exists(Path.Combine(Modules, "virus_scan.so"))
            ? null
            : "c-icap or libc-icap-mod-virus-scan is not installed: run tests/setup as root";

    /// <summary>Its port.</summary>
    public int Port { get; } = FreePort();

    /// <summary>Starts it and waits until it takes connections.</summary>
    /// <param name="clamd">The socket of clamd.</param>
    public async Task StartAsync(string clamd)
    {
        var configuration = Path.Combine(_folder.Root, "c-icap.conf");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            PidFile {_folder.Root}/pid
            CommandsSocket {_folder.Root}/ctl
            Port 127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}
            User {Environment.UserName}
            StartServers 1
            MaxServers 2
            ThreadsPerChild 8
            TmpDir {_folder.Root}
            ServerLog {_folder.Root}/server.log
            AccessLog {_folder.Root}/access.log
            ModulesDir {Modules}
            ServicesDir {Modules}
            TemplateDir /usr/share/c_icap/templates/
            TemplateDefaultLanguage en
            LoadMagicFile /etc/c-icap/c-icap.magic
            Service echo srv_echo.so
            Service antivirus_module virus_scan.so
            ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple
            virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GIF JPEG MSOFFICE
            virus_scan.SendPercentData 5
            virus_scan.StartSendPercentDataAfter 2M
            virus_scan.MaxObjectSize 5M
            virus_scan.DefaultEngine clamd
            Module common clamd_mod.so
            clamd_mod.ClamdSocket {clamd}

            """
        );
        _process = Process.Start(
            new ProcessStartInfo(Program, ["-N", "-D", "-f", configuration]) { UseShellExecute = false }
        )!;
        await Waiting.UntilAsync(
            async () =>
            {
                using var probe = new TcpClient();
                try
                {
                    await probe.ConnectAsync(IPAddress.Loopback, Port);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            },
            TestContext.Current.CancellationToken
        );
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        _folder.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
