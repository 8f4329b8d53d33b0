using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Removes contents that nothing has referred to for an hour, and delivery ids that can come no more.</summary>
internal sealed class BlobCollector(SqliteStore store, IBlobStore blobs, TimeProvider time, ILogger logger)
{
    private const int MostAtOnce = 500;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Unused = TimeSpan.FromHours(1);

    // Far above the life of a queue entry (P5: 5 days), after which no delivery is tried again.
    private static readonly TimeSpan DeliveryMemory = TimeSpan.FromDays(30);

    /// <summary>Collects now and then until it is stopped.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
                await TryCollectAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            logger.LogDebug("the collector of contents stops");
        }
    }

    private async Task TryCollectAsync(CancellationToken ct)
    {
        try
        {
            while (await CollectAsync(ct) == MostAtOnce)
                ct.ThrowIfCancellationRequested();
        }
        catch (StoreException e)
        {
            // Garbage waits; the next turn tries again.
            logger.LogWarning(e, "contents that nothing refers to could not be removed");
        }
    }

    /// <summary>One turn: rows first, then the bytes.</summary>
    /// <returns>Contents removed.</returns>
    internal async Task<int> CollectAsync(CancellationToken ct) =>
        await store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                var now = scope.Time.GetUtcNow();
                KeptRows.DropOld(scope, MostAtOnce);
                var dead = s.List(
                    "SELECT id, segment, offset FROM blobs WHERE unused_since < $0 LIMIT $1",
                    r => (Id: new BlobId(r.GetBytes(0)), At: new BlobLocation(r.GetInt32(1), r.GetInt64(2))),
                    (now - Unused).UtcTicks,
                    MostAtOnce
                );
                foreach (var (id, _) in dead)
                    s.Run("DELETE FROM blobs WHERE id = $0 AND refs = 0", id.ToArray());
                // A name's first half is its time; the noise behind it does not matter here.
                var oldest = TraceId.Create(now - DeliveryMemory, new Random(0)).ToString();
                s.Run("DELETE FROM deliveries WHERE delivery < $0", oldest);
                scope.AfterCommit(() => RemoveBytes(dead, s));
                return dead.Count;
            },
            ct,
            alone: true
        );

    // Runs on the writer, after the commit: nothing can bring one of these contents back meanwhile.
    private void RemoveBytes(List<(BlobId Id, BlobLocation At)> dead, SqlSession session)
    {
        foreach (var (id, at) in dead)
            blobs.Remove(id, at);
        foreach (var segment in blobs.ListSegments())
        {
            if (session.Scalar("SELECT 1 FROM blobs WHERE segment = $0 LIMIT 1", (long)segment) is null)
                blobs.RemoveSegment(segment);
        }
    }
}
