using System.Diagnostics.Metrics;

namespace Postreiter.Net.Listeners;

/// <summary>What the listeners count.</summary>
internal static class NetMetrics
{
    private static readonly Meter Meter = new("Postreiter.Net");
    private static readonly Counter<long> Limits = Meter.CreateCounter<long>("postreiter.net.limits");

    /// <summary>Counts a limit that was met, by its number and the listener's name.</summary>
    public static void Limit(string number, string listener) =>
        Limits.Add(
            1,
            new KeyValuePair<string, object?>("limit", number),
            new KeyValuePair<string, object?>("listener", listener)
        );
}
