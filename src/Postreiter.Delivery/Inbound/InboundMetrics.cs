using System.Diagnostics.Metrics;

namespace Postreiter.Delivery.Inbound;

/// <summary>What reception counts.</summary>
internal static class InboundMetrics
{
    private static readonly Meter Meter = new("Postreiter.Delivery");
    private static readonly Counter<long> Limits = Meter.CreateCounter<long>("postreiter.inbound.limits");

    /// <summary>Counts a limit that was met, by its number.</summary>
    public static void Limit(string number) => Limits.Add(1, new KeyValuePair<string, object?>("limit", number));
}
