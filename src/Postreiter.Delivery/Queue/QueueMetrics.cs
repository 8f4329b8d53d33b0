using System.Diagnostics.Metrics;

namespace Postreiter.Delivery.Queue;

/// <summary>What the queue counts.</summary>
internal static class QueueMetrics
{
    private static readonly Meter Meter = new("Postreiter.Queue");
    private static readonly Counter<long> Results = Meter.CreateCounter<long>("postreiter.queue.results");

    /// <summary>Counts what an attempt did for one recipient.</summary>
    public static void Result(DeliveryAction action) =>
        Results.Add(1, new KeyValuePair<string, object?>("action", action.ToString()));
}
