using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Storage;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Queue;

/// <summary>How the queue is worked off.</summary>
public sealed record QueueOptions
{
    /// <summary>When to try again. Default as <see cref="RetrySchedule"/>.</summary>
    public RetrySchedule Schedule { get; init; } = new();

    /// <summary>Attempts under way at once, 1 or more. Default 50.</summary>
    public int MaxAttempts { get; init; } = 50;

    /// <summary>Attempts under way at once for one destination, 1 or more. Default 5.</summary>
    public int MaxPerDestination { get; init; } = 5;

    /// <summary>How long other mail for a destination waits after an attempt there failed. Default 1 min.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an attempt may take before another may have its item. Default 2 h.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long attempts may go on once the server stops. Default 8 s.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(8);
}

/// <summary>Leases what is due, has it delivered, and writes down what became of it. One runner per store (single node).</summary>
/// <param name="store">Whose queue.</param>
/// <param name="attempt">Makes one attempt.</param>
/// <param name="options">How.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of our own faults.</param>
public sealed partial class QueueRunner(
    IStore store,
    QueueAttempt attempt,
    QueueOptions options,
    TimeProvider time,
    ILogger<QueueRunner> log
)
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(5);
    private readonly Dictionary<DomainName, Destination> _destinations = [];
    private readonly Lock _lock = new();

    /// <summary>Works until stopped; attempts under way get <see cref="QueueOptions.StopWithin"/> to end, then go back to the queue.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var changes = store.Changes.SubscribeToQueue();
        using var stop = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        var running = new HashSet<Task>();
        var change = changes.WaitAsync(ct).AsTask();
        var isReleased = false;
        while (!ct.IsCancellationRequested)
        {
            DateTimeOffset? wake;
            try
            {
                if (!isReleased)
                    await ReleaseLeasesAsync(ct);
                isReleased = true;
                await StartDueAsync(running, stop.Token, ct);
                wake = running.Count < options.MaxAttempts ? await store.Queue.NextDueAsync(ct) : null;
            }
            catch (StoreException e)
            {
                LogStoreFault(e);
                wake = time.GetUtcNow() + AfterFault;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                break;
            }

            using var nap = CancellationTokenSource.CreateLinkedTokenSource(ct);
            await Task.WhenAny([change, Nap(wake, running.Count > 0, nap.Token), .. running]);
            await nap.CancelAsync();
            running.RemoveWhere(t => t.IsCompleted);
            if (change.IsCompletedSuccessfully)
                change = changes.WaitAsync(ct).AsTask();
        }

        stop.CancelAfter(options.StopWithin);
        await Task.WhenAll(running);
    }

    /// <summary>A wait that ends when the next item is due. What is due now but was not leased waits for an attempt to end.</summary>
    private Task Nap(DateTimeOffset? wake, bool isBusy, CancellationToken ct)
    {
        if (wake is not { } due)
            return Task.Delay(Timeout.InfiniteTimeSpan, time, ct);
        var span = due - time.GetUtcNow();
        if (span <= TimeSpan.Zero)
            return isBusy ? Task.Delay(Timeout.InfiniteTimeSpan, time, ct) : Task.CompletedTask;
        return Task.Delay(span < TimeSpan.FromHours(1) ? span : TimeSpan.FromHours(1), time, ct);
    }

    /// <summary>What a killed process had leased is due at once: nobody else works on this store.</summary>
    private async Task ReleaseLeasesAsync(CancellationToken ct)
    {
        long after = 0;
        while (await store.Queue.ListAsync(after, 500, ct) is { Count: > 0 } page)
        {
            foreach (var item in page.Where(i => i.State == QueueState.Leased))
                await store.Queue.CompleteAsync(QueueAttempt.Postpone(item, time.GetUtcNow()), ct);
            after = page[^1].Id;
        }
    }

    private async Task StartDueAsync(HashSet<Task> running, CancellationToken stop, CancellationToken ct)
    {
        while (running.Count < options.MaxAttempts)
        {
            var now = time.GetUtcNow();
            List<DomainName> full;
            lock (_lock)
                full = [.. _destinations.Where(d => d.Value.IsFull(options)).Select(d => d.Key)];
            // One at a time: the next one of the same destination must know of this one.
            if (await store.Queue.LeaseAsync(now, now + options.Lease, 1, full, ct) is not [var item])
                return;
            if (IsBlocked(item, now, out var until))
            {
                await store.Queue.CompleteAsync(QueueAttempt.Postpone(item, until), CancellationToken.None);
                continue;
            }

            running.Add(AttemptAsync(item, stop));
        }
    }

    private bool IsBlocked(QueueItem item, DateTimeOffset now, out DateTimeOffset until)
    {
        lock (_lock)
        {
            if (!_destinations.TryGetValue(item.Destination, out var destination))
                _destinations.Add(item.Destination, destination = new Destination());
            until = destination.BlockedUntil;
            // The item that met the failure is its own probe: its time, or an administrator, decides.
            if (until > now && destination.FailedItem != item.Id)
                return true;
            destination.Running++;
            return false;
        }
    }

    private async Task AttemptAsync(QueueItem item, CancellationToken stop)
    {
        await Task.Yield();
        bool? reached = null;
        try
        {
            reached = await attempt.RunAsync(item, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            LogStopped(item.DeliveryId);
        }
        catch (StoreException e)
        {
            LogStoreFault(e);
        }

        lock (_lock)
        {
            var destination = _destinations[item.Destination];
            destination.Running--;
            if (reached == false)
            {
                destination.FailedItem = item.Id;
                destination.BlockedUntil = time.GetUtcNow() + options.ProbeInterval;
            }
            else if (reached == true)
                destination.FailedItem = 0;
            if (destination is { Running: 0, FailedItem: 0 })
                _destinations.Remove(item.Destination);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the queue's store failed; trying again")]
    private partial void LogStoreFault(StoreException e);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Id} goes back to the queue: the server stops")]
    private partial void LogStopped(TraceId id);

    private sealed class Destination
    {
        public int Running { get; set; }

        /// <summary>The item whose attempt failed last; 0 while the destination answers.</summary>
        public long FailedItem { get; set; }

        public DateTimeOffset BlockedUntil { get; set; }

        public bool IsFull(QueueOptions options) => Running >= (FailedItem != 0 ? 1 : options.MaxPerDestination);
    }
}
