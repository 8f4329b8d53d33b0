using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Postreiter.Storage;
using Postreiter.Storage.Gate;

namespace Postreiter.Delivery.Gate.Tracing;

/// <summary>
/// Keeps traces of attempts that ended without a filing, in batches beside the sessions, and forgets those that are too old. Nobody waits for it:
/// in a flood traces are dropped, and counted; and strangers fill no disk with them.
/// </summary>
/// <param name="store">Where they go.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of faults.</param>
public sealed partial class TraceWriter(IStore store, TimeProvider time, ILogger log)
{
    private const int Batch = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PruneEvery = TimeSpan.FromHours(1);

    private readonly Channel<TraceRecord> _waiting = Channel.CreateBounded<TraceRecord>(
        new BoundedChannelOptions(5_000) { FullMode = BoundedChannelFullMode.DropWrite },
        static _ => GateMetrics.Dropped(1)
    );

    private readonly Lock _lock = new();
    private long _hour;
    private long _octets;
    private bool _isDown;

    /// <summary>Octets of traces that are taken in an hour; may change at any time. Default 16 MiB: ten thousand attempts.</summary>
    public long MaxOctetsPerHour { get; set; } = 16 * 1024 * 1024;

    /// <summary>How long traces are kept; may change at any time. Default 30 days.</summary>
    public TimeSpan Keep { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Takes a trace; it is in the store a second later.</summary>
    public void Add(TraceRecord trace)
    {
        if (HasRoom(trace.Verdict.Length))
            _waiting.Writer.TryWrite(trace);
        else
            GateMetrics.Dropped(1);
    }

    /// <summary>Writes until it is stopped; what waits then is written once more.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        // Once at the start: a server that runs for minutes at a time forgets too.
        var pruned = (long?)null;
        try
        {
            while (true)
            {
                await Task.Delay(Pause, time, ct);
                await TryAsync(FlushAsync);
                if (pruned is { } last && time.GetElapsedTime(last) < PruneEvery)
                    continue;
                pruned = time.GetTimestamp();
                await TryAsync(PruneAsync);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await TryAsync(FlushAsync);
        }
    }

    /// <summary>Writes what waits.</summary>
    /// <exception cref="StoreException">The store did not take it; it is lost.</exception>
    public async Task FlushAsync()
    {
        while (_waiting.Reader.TryPeek(out _))
        {
            var batch = new List<TraceRecord>();
            while (batch.Count < Batch && _waiting.Reader.TryRead(out var trace))
                batch.Add(trace);
            try
            {
                await store.Gate.SaveTracesAsync(batch, CancellationToken.None);
            }
            catch (StoreException)
            {
                GateMetrics.Dropped(batch.Count);
                throw;
            }
        }
    }

    /// <summary>Forgets what is too old.</summary>
    /// <exception cref="StoreException">The store cannot.</exception>
    public async Task PruneAsync()
    {
        while (
            await store.Gate.PruneTracesAsync(time.GetUtcNow() - Keep, CancellationToken.None) == IGateStore.PruneStep
        ) { }
    }

    private bool HasRoom(int octets)
    {
        var hour = time.GetUtcNow().ToUnixTimeSeconds() / 3600;
        lock (_lock)
        {
            // F11: an hour is another one, whatever the clock did.
            if (hour != _hour)
                (_hour, _octets) = (hour, 0);
            if (_octets + octets > MaxOctetsPerHour)
                return false;
            _octets += octets;
            return true;
        }
    }

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            _isDown = false;
        }
        catch (StoreException e)
        {
            if (!_isDown)
                LogDown(e);
            _isDown = true;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Traces of attempts cannot be saved")]
    private partial void LogDown(StoreException e);
}
