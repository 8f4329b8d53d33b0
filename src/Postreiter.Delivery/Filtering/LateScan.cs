using Postreiter.Spam.Scanning;

namespace Postreiter.Delivery.Filtering;

/// <summary>A scan that may go on when nobody in the session waits for it any more (F7).</summary>
/// <param name="time">The clock.</param>
/// <param name="budget">Longest time it takes.</param>
internal sealed class LateScan(TimeProvider time, TimeSpan budget) : IDisposable
{
    private readonly CancellationTokenSource _patience = new(budget, time);

    /// <summary>What it finds.</summary>
    public Task<ScannedMail?> Task { get; private set; } = System.Threading.Tasks.Task.FromResult<ScannedMail?>(null);

    /// <summary>Whether it has begun.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Begins.</summary>
    public void Start(Func<CancellationToken, ValueTask<ScannedMail?>> scan)
    {
        IsStarted = true;
        Task = scan(_patience.Token).AsTask();
    }

    /// <summary>Ends it, wherever it is.</summary>
    public void Dispose()
    {
        _patience.Cancel();
        _patience.Dispose();
        // Nobody waits for what becomes of it.
        _ = Task.ContinueWith(
            static ended => ended.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default
        );
    }
}
