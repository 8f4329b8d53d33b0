using System.Diagnostics.Metrics;
using Postreiter.Storage;
using Postreiter.Storage.Queue;

namespace Postreiter.Hosting;

/// <summary><c>postreiter.queue.items</c>: messages in the queue by state (waiting, leased, held), read when metrics are collected.</summary>
internal sealed class QueueGauge : IDisposable
{
    // A store that hangs must not hold up the other numbers.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private readonly Meter _meter = new("Postreiter.Queue");

    public QueueGauge(IQueueStore queue, TimeProvider time) =>
        _meter.CreateObservableGauge(
            "postreiter.queue.items",
            () => Read(queue, time),
            description: "Messages in the queue, by state"
        );

    public void Dispose() => _meter.Dispose();

    private static Measurement<long>[] Read(IQueueStore queue, TimeProvider time)
    {
        try
        {
            using var timeout = new CancellationTokenSource(Longest, time);
            var counts = queue.CountAsync(timeout.Token).AsTask().GetAwaiter().GetResult();
            return [Of("waiting", counts.Waiting), Of("leased", counts.Leased), Of("held", counts.Held)];
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            // /healthz says it; a number that is not known is not told.
            return [];
        }
    }

    private static Measurement<long> Of(string state, long count) =>
        new(count, new KeyValuePair<string, object?>("state", state));
}
