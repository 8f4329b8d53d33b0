namespace Postreiter.Hosting;

/// <summary>
/// Gives memory back to the system when a server has nothing to do: the collector itself runs only when something is
/// allocated, so what the last burst left (a password's hash alone takes 19 MiB) would stay for hours.
/// </summary>
internal sealed class IdleMemory
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(15);

    /// <summary>Allocations within one pause below which the server counts as idle.</summary>
    private const long QuietBytes = 512 * 1024;

    /// <summary>Below this there is nothing to win.</summary>
    private const long WorthwhileBytes = 8L * 1024 * 1024;

    /// <summary>Above this a collection would take long enough to be felt, should work come in that moment.</summary>
    private const long MostBytes = 256L * 1024 * 1024;

    private long _allocated;
    private bool _isDone;

    /// <summary>Looks after the memory of the process until the result is disposed.</summary>
    public static ITimer Watch(TimeProvider time)
    {
        var memory = new IdleMemory();
        return time.CreateTimer(_ => memory.LookAfter(), null, Pause, Pause);
    }

    /// <summary>Whether to collect now; once for each quiet time.</summary>
    /// <param name="allocated">Bytes that the process has ever allocated.</param>
    /// <param name="committed">Bytes that the heap has from the system.</param>
    internal bool IsDue(long allocated, long committed)
    {
        var isQuiet = allocated - _allocated < QuietBytes;
        _allocated = allocated;
        if (!isQuiet)
            _isDone = false;
        if (!isQuiet || _isDone)
            return false;
        _isDone = true;
        return committed is >= WorthwhileBytes and <= MostBytes;
    }

    private void LookAfter()
    {
        if (IsDue(GC.GetTotalAllocatedBytes(), GC.GetGCMemoryInfo().TotalCommittedBytes))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
