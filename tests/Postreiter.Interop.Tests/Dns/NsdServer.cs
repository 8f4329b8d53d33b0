using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Interop.Tests.Dns;

/// <summary>NSD on loopback with one zone, <c>zone.example</c>.</summary>
internal sealed class NsdServer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/nsd";
    private readonly TemporaryFolder _folder = new();
    private Process? _process;

    /// <summary>Why there is none; null when there is.</summary>
    public static string? Missing => File.Exists(Program) ? null : "nsd is not installed: run tests/setup as root";

    /// <summary>Where it answers.</summary>
    public IPEndPoint Address { get; } = new(IPAddress.Loopback, FreePort());

    /// <summary>A resolver that asks it.</summary>
    public DnsResolver Resolver() => new([Address], TimeProvider.System);

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="records">Lines of the zone file after its SOA and NS.</param>
    /// <param name="zones">Further zones: their names, and the lines behind their SOA and NS.</param>
    public async Task StartAsync(string records, params (string Name, string Records)[] zones)
    {
        foreach (var (name, lines) in zones)
            await File.WriteAllTextAsync(
                Path.Combine(_folder.Root, name),
                $"$ORIGIN {name}.\n$TTL 300\n@ SOA ns.zone.example. admin 1 2 3 4 60\n@ NS ns.zone.example.\n{lines}\n"
            );
        await File.WriteAllTextAsync(
            Path.Combine(_folder.Root, "zone"),
            $"$ORIGIN zone.example.\n$TTL 300\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 127.0.0.1\n{records}\n"
        );
        var configuration = Path.Combine(_folder.Root, "nsd.conf");
        var port = Address.Port.ToString(CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(
            configuration,
            $"""
            server:
              ip-address: 127.0.0.1@{port}
              username: ""
              chroot: ""
              server-count: 1
              zonesdir: "{_folder.Root}"
              zonelistfile: "{_folder.Root}/zone.list"
              xfrdfile: "{_folder.Root}/xfrd.state"
              xfrdir: "{_folder.Root}"
              pidfile: ""
              database: ""
              cookie-secret-file: "{_folder.Root}/cookies"
            remote-control:
              control-enable: no
            zone:
              name: "zone.example"
              zonefile: "zone"
            {string.Concat(
                zones.Select(z => $"zone:\n  name: \"{z.Name}\"\n  zonefile: \"{z.Name}\"\n")
            )}
            """
        );
        var start = new ProcessStartInfo(Program, ["-d", "-c", configuration])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        var errors = _process.StandardError.ReadToEndAsync();
        var ns = DomainName.Parse("ns.zone.example");
        await Waiting.UntilAsync(
            async () =>
            {
                Assert.False(_process.HasExited, _process.HasExited ? await errors : "");
                return (await Resolver().ResolveAAsync(ns, default)).Status == DnsStatus.Success;
            },
            default
        );
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
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
