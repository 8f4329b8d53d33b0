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

    /// <summary>
    /// For how long a destination that could not be spoken to is not tried again: mail for it that falls due is deferred with the
    /// same reason. Then one attempt at a time probes it. Default 1 min, never more than the first step of the schedule.
    /// </summary>
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
    private static readonly TimeSpan MaxNap = TimeSpan.FromHours(1);
    private readonly Destinations _destinations = new(options);

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
                wake =
                    running.Count < options.MaxAttempts
                        ? await store.Queue.NextDueAsync(_destinations.Full(), ct)
                        : null;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                // Whatever it is, the queue must not stand still for good.
                LogStoreFault(e);
                wake = time.GetUtcNow() + AfterFault;
            }

            using var nap = CancellationTokenSource.CreateLinkedTokenSource(ct);
            await Task.WhenAny([change, Nap(wake, nap.Token), .. running]);
            await nap.CancelAsync();
            running.RemoveWhere(t => t.IsCompleted);
            if (change.IsCompletedSuccessfully)
                change = changes.WaitAsync(ct).AsTask();
        }

        stop.CancelAfter(options.StopWithin);
        await Task.WhenAll(running);
    }

    /// <summary>An administrator wants it tried: destinations that were found down are probed again at once.</summary>
    public void ProbeAll() => _destinations.EndBlocks(time.GetUtcNow());

    /// <summary>A wait that ends when the next item is due.</summary>
    private Task Nap(DateTimeOffset? wake, CancellationToken ct)
    {
        if (wake is not { } due)
            return Task.Delay(Timeout.InfiniteTimeSpan, time, ct);
        var span = due - time.GetUtcNow();
        if (span <= TimeSpan.Zero)
            return Task.CompletedTask;
        // F11: at most an hour, so that a clock set back or forth delays nothing for longer.
        return Task.Delay(span < MaxNap ? span : MaxNap, time, ct);
    }

    /// <summary>
    /// What a killed process had leased is due at once: nobody else works on this store. F11: so is what waits for longer than the
    /// schedule ever lets it; the clock was wrong when that was written.
    /// </summary>
    private async Task ReleaseLeasesAsync(CancellationToken ct)
    {
        long after = 0;
        var latest = time.GetUtcNow() + (2 * options.Schedule.Steps.Max());
        while (await store.Queue.ListAsync(after, 500, ct) is { Count: > 0 } page)
        {
            foreach (var item in page.Where(i => i.State == QueueState.Leased))
                await store.Queue.CompleteAsync(QueueAttempt.Postpone(item, time.GetUtcNow()), ct);
            foreach (var item in page.Where(i => i.State == QueueState.Waiting && i.NextAttempt > latest))
                await store.Queue.ActAsync(QueueAction.Retry, new QueueSelection(item.Id), time.GetUtcNow(), ct);
            after = page[^1].Id;
        }
    }

    private async Task StartDueAsync(HashSet<Task> running, CancellationToken stop, CancellationToken ct)
    {
        while (running.Count < options.MaxAttempts)
        {
            var now = time.GetUtcNow();
            // One at a time: the next one of the same destination must know of this one.
            if (await store.Queue.LeaseAsync(now, now + options.Lease, 1, _destinations.Full(), ct) is not [var item])
                return;
            running.Add(AttemptAsync(item, _destinations.Enter(item.Destination, now), stop));
        }
    }

    private async Task AttemptAsync(QueueItem item, SmtpReply? down, CancellationToken stop)
    {
        await Task.Yield();
        try
        {
            if (down is not null)
            {
                await attempt.DeferAsync(item, down, stop);
                return;
            }

            SmtpReply? failure = null;
            try
            {
                failure = await attempt.RunAsync(item, stop);
            }
            finally
            {
                _destinations.Leave(item.Destination, failure, time.GetUtcNow());
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            LogStopped(item.DeliveryId);
        }
        catch (Exception e)
        {
            LogStoreFault(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "the queue's store failed; trying again")]
    private partial void LogStoreFault(Exception e);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Id} goes back to the queue: the server stops")]
    private partial void LogStopped(TraceId id);
}
