using System.Threading.Channels;

namespace Postreiter.Delivery.Learning;

/// <summary>
/// What users' moves of mail ask for, done behind their backs: one worker, in order. So much can wait that a user may move whole mailboxes; what
/// comes above that is forgotten, which costs no mail.
/// </summary>
/// <typeparam name="T">What is to be done.</typeparam>
/// <param name="work">Does one; stopped by its token.</param>
/// <param name="fault">Told of one that failed; the next is none the worse for it.</param>
/// <param name="time">The clock of the stop.</param>
internal sealed class Backlog<T>(Func<T, CancellationToken, Task> work, Action<T, Exception> fault, TimeProvider time)
    : IAsyncDisposable
{
    private const int MaxWaiting = 10_000;

    // What was answered OK is finished at a stop, as sessions are.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Channel<T> _waiting = Channel.CreateBounded<T>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite }
    );

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task? _worker;

    /// <summary>Has one done.</summary>
    public void Add(T one)
    {
        // The worker is there from the first on.
        lock (_lock)
            _worker ??= Task.Run(WorkAsync);
        _waiting.Writer.TryWrite(one);
    }

    /// <summary>Takes no more, and does what waits.</summary>
    public async Task CompleteAsync()
    {
        _waiting.Writer.TryComplete();
        if (_worker is { } worker)
            await worker;
    }

    /// <summary>Takes no more, and does what can be done of it within 5 s.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await CompleteAsync().WaitAsync(Grace, time);
        }
        catch (TimeoutException)
        {
            // What waits is not done any more.
            await _stop.CancelAsync();
            await CompleteAsync();
        }

        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        try
        {
            await foreach (var one in _waiting.Reader.ReadAllAsync(_stop.Token))
                await TryAsync(one);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The stop has taken too long.
        }
    }

    private async Task TryAsync(T one)
    {
        try
        {
            await work(one, _stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            fault(one, e);
        }
    }
}
