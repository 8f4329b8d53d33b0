using System.Net;
using System.Net.Sockets;
using Postreiter.Interop.Tests.Postfix;

namespace Postreiter.Interop.Tests.Dns;

/// <summary>Postreiter that delivers by MX as an NSD tells it; every exchanger is a smtp-sink on loopback, or nobody.</summary>
public sealed class MxProcess : PostreiterProcess
{
    private const string Records = """
        two MX 20 here.zone.example.
        two MX 10 nobody.zone.example.
        nobody A 127.0.0.2
        here A 127.0.0.1
        alias MX 10 also-here.zone.example.
        also-here CNAME here.zone.example.
        plain A 127.0.0.1
        null MX 0 .
        own MX 10 mx.our.example.
        hollow MX 10 absent.zone.example.
        text TXT "only"
        """;

    private readonly TcpListener _held = new(IPAddress.Loopback, 0);

    public MxProcess()
    {
        _held.Start();
        SinkPort = ((IPEndPoint)_held.LocalEndpoint).Port;
        _held.Stop();
    }

    /// <summary>Why it cannot be; null when it can.</summary>
    public static string? Missing => NsdServer.Missing ?? SmtpSink.Missing;

    /// <summary>The port of every exchanger.</summary>
    public int SinkPort { get; }

    internal NsdServer Nsd { get; } = new();

    protected override IEnumerable<string> Settings =>
        [$"dns.servers=[\"{Nsd.Address}\"]", $"outbound.port={SinkPort}", "outbound.retry=[\"2s\"]"];

    public override async ValueTask InitializeAsync()
    {
        if (Missing is not null)
            return;
        await Nsd.StartAsync(Records);
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Nsd.DisposeAsync();
        _held.Dispose();
    }
}
