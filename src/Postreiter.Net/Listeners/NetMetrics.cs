using System.Diagnostics.Metrics;

namespace Postreiter.Net.Listeners;

/// <summary>What the listeners count, by their names in section <c>listen</c> of the settings.</summary>
internal static class NetMetrics
{
    private static readonly Meter Meter = new("Postreiter.Net");

    private static readonly UpDownCounter<long> Connections = Meter.CreateUpDownCounter<long>(
        "postreiter.net.connections"
    );

    private static readonly Counter<long> Limits = Meter.CreateCounter<long>("postreiter.net.limits");

    private static readonly Counter<long> FailedHandshakes = Meter.CreateCounter<long>(
        "postreiter.net.failed_handshakes"
    );

    /// <summary>Connections open now: one more (1) or one less (-1).</summary>
    public static void Connection(string listener, int change) => Connections.Add(change, Listener(listener));

    /// <summary>Counts a limit that was met.</summary>
    public static void Limit(string number, string listener) =>
        Limits.Add(1, new KeyValuePair<string, object?>("limit", number), Listener(listener));

    /// <summary>Counts a TLS handshake that came to nothing on a listener under TLS from the first byte.</summary>
    public static void FailedHandshake(string listener) => FailedHandshakes.Add(1, Listener(listener));

    private static KeyValuePair<string, object?> Listener(string name) => new("listener", name);
}
