using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Postreiter.Core;
using Postreiter.Dns;

namespace Postreiter.Interop.Tests.Dns;

/// <summary>NSD on loopback with one zone, <c>zone.example</c>, or with others.</summary>
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
    /// <param name="others">Further zones: their names, and the lines behind their SOA and NS.</param>
    public Task StartAsync(string records, params (string Name, string Records)[] others)
    {
        var zones = new Dictionary<string, string> { ["zone.example"] = "@ NS ns\nns A 127.0.0.1\n" + records };
        foreach (var (name, lines) in others)
            zones[name] = "@ NS ns.zone.example.\n" + lines;
        return StartAsync(zones);
    }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="zones">Lines of each zone's file after its SOA; "." is the zone of everything else.</param>
    public async Task StartAsync(IReadOnlyDictionary<string, string> zones)
    {
        var sections = new StringBuilder();
        foreach (var (name, records) in zones)
        {
            var file = name == "." ? "root" : name;
            var origin = name == "." ? "." : name + ".";
            await File.WriteAllTextAsync(
                Path.Combine(_folder.Root, file),
                $"$ORIGIN {origin}\n$TTL 300\n@ SOA ns admin 1 2 3 4 60\n{records}\n"
            );
            sections.Append(CultureInfo.InvariantCulture, $"zone:\n  name: \"{name}\"\n  zonefile: \"{file}\"\n");
        }

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
            {sections}
            """
        );
        var start = new ProcessStartInfo(Program, ["-d", "-c", configuration])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        var errors = _process.StandardError.ReadToEndAsync();
        var first = zones.Keys.First() is var zone && zone == "." ? "ns" : "ns." + zone;
        var ns = DomainName.Parse(first);
        await Waiting.UntilAsync(
            async () =>
            {
                Assert.False(_process.HasExited, _process.HasExited ? await errors : "");
                return (await Resolver().ResolveAAsync(ns, default)).Status != DnsStatus.TemporaryFailure;
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
