namespace Postreiter.Interop.Tests;

/// <summary>Waits for what another process does without telling.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks again and again until it is so.</summary>
    /// <exception cref="TimeoutException">It did not become so within three minutes.</exception>
    public static async Task UntilAsync(Func<Task<bool>> isSo, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        while (!await isSo())
        {
            if (limit.IsCancellationRequested)
                throw new TimeoutException("it did not happen");
            await Task.Delay(Pause, TimeProvider.System, ct);
        }
    }
}
