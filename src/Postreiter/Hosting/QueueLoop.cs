using Microsoft.Extensions.Logging;
using Postreiter.Delivery.Queue;

namespace Postreiter.Hosting;

/// <summary>Keeps the queue running: again after a fault, and anew with other settings.</summary>
/// <param name="create">Makes a runner by the settings of the moment.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told of faults.</param>
internal sealed class QueueLoop(Func<QueueRunner> create, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private CancellationTokenSource? _round;

    /// <summary>Runs until <see cref="Stop"/>.</summary>
    public async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using var round = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            lock (_lock)
                _round = round;
            try
            {
                await create().RunAsync(round.Token);
            }
            catch (Exception e) when (!round.IsCancellationRequested)
            {
                // What waits is safe in the store: a fault here must not take the listeners down.
                logger.LogError(e, "The queue stopped; it starts again in {Pause}", Pause);
                await Task.Delay(Pause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            lock (_lock)
                _round = null;
        }
    }

    /// <summary>Begins anew; attempts under way end first, or go back to the queue.</summary>
    public void Restart()
    {
        lock (_lock)
            _round?.Cancel();
    }

    /// <summary>Ends it; attempts under way have some seconds to end.</summary>
    public void Stop() => _stop.Cancel();

    public void Dispose() => _stop.Dispose();
}
