using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>Opens stores on simulated disks, with sizes so small that a few messages meet every limit.</summary>
internal static class SimulatedSite
{
    /// <summary>A content of this size is in memory, above it in a temporary file.</summary>
    public const int MemoryBytes = 512;

    /// <summary>A content of this size has a file of its own.</summary>
    public const int OwnFileBytes = 3000;

    private static readonly SegmentOptions Segments = new()
    {
        MemoryBytes = MemoryBytes,
        OwnFileBytes = OwnFileBytes,
        SegmentBytes = 8 * 1024,
        MinFreeBytes = 0,
        MinFreeShare = 0,
    };

    static SimulatedSite() => SimulatedVfs.Register();

    public static ValueTask<SqliteStore> OpenAsync(
        SimulatedDisk disk,
        TimeProvider time,
        CancellationToken ct,
        TimeSpan undelete = default,
        int checkpointPages = 40
    ) =>
        SqliteStore.OpenAsync(
            disk.Folder,
            new SegmentStore(new SimulatedBlobFiles(disk), time, Segments),
            time,
            NullLogger.Instance,
            new StoreOptions { Undelete = undelete },
            ct,
            new SqliteOptions
            {
                Vfs = SimulatedVfs.Name,

                CheckpointPages = checkpointPages,
            }
        );

    /// <summary>
    /// The check finds nothing but files that a crash left without a row, and after a turn of the collector not even those.
    /// </summary>
    public static async Task AssertWholeAsync(SqliteStore store, CancellationToken ct)
    {
        var problems = (await store.CheckAsync(null, ct)).Problems;
        Assert.DoesNotContain(problems, p => !p.StartsWith("file ", StringComparison.Ordinal));
        await store.WalkAsync(store.Collector.TurnAsync, ct);
        Assert.Empty((await store.CheckAsync(null, ct)).Problems);
    }
}

/// <summary>A clock that a test moves. Its timers never fire: what runs by itself would not run in the same order twice.</summary>
internal sealed class StillTime : TimeProvider
{
    private DateTimeOffset _now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan by) => _now += by;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new NoTimer();

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
            // Nothing runs.
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
