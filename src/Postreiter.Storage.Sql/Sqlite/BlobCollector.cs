using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>
/// Removes what has been kept long enough: expunged mail, contents that nothing has referred to for an hour, delivery ids that
/// can come no more; and copies thin segments together.
/// </summary>
internal sealed partial class BlobCollector(SqliteStore store, IBlobStore blobs, TimeProvider time, ILogger logger)
{
    private const int MostAtOnce = 500;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    // What a crash left behind goes soon, but not while the first clients come back.
    private static readonly TimeSpan AfterStart = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Unused = TimeSpan.FromHours(1);

    // Far above the life of a queue entry (P5: 5 days), after which no delivery is tried again.
    private static readonly TimeSpan DeliveryMemory = TimeSpan.FromDays(30);

    // What a crash left behind is looked for at the first turn, and again when files could not be removed; thin segments after
    // contents went.
    private bool _mayHaveOrphans = true;
    private bool _mayBeThin = true;

    /// <summary>Collects now and then until it is stopped.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(AfterStart, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
            {
                timer.Period = Every;
                await TryTurnAsync(ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            logger.LogDebug("the collector of contents stops");
        }
    }

    private async Task TryTurnAsync(CancellationToken ct)
    {
        try
        {
            await store.WalkAsync(TurnAsync, ct);
        }
        catch (StoreException e)
        {
            // Garbage waits; the next turn tries again.
            logger.LogWarning(e, "contents that nothing refers to could not be removed");
        }
    }

    /// <summary>One turn; the caller holds <see cref="SqliteStore.WalkAsync"/>.</summary>
    /// <returns>Segments removed.</returns>
    internal async Task<int> TurnAsync(CancellationToken ct)
    {
        if (_mayHaveOrphans)
            await RemoveOrphansAsync(await FindOrphansAsync(ct), ct);
        _mayHaveOrphans = false;
        while (await CollectAsync(ct) == MostAtOnce)
            ct.ThrowIfCancellationRequested();
        if (!_mayBeThin)
            return 0;
        var report = await CompactAsync(null, gently: true, ct);
        _mayBeThin = false;
        return report.Segments;
    }

    /// <summary>One step: rows first, then the bytes.</summary>
    /// <returns>Contents or messages let go, the larger number; less than 500 when none is left.</returns>
    internal async Task<int> CollectAsync(CancellationToken ct)
    {
        var (dropped, dead) = await store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                var now = scope.Time.GetUtcNow();
                var dropped = KeptRows.DropOld(scope, MostAtOnce);
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
                return (dropped, dead);
            },
            ct,
            alone: true
        );
        if (dead.Count > 0)
        {
            _mayBeThin = true;
            var mayHaveOrphans = _mayHaveOrphans;
            _mayHaveOrphans = true;
            await RemoveFilesAsync(dead, dead.Select(d => d.At.Segment).ToHashSet(), ct);
            _mayHaveOrphans = mayHaveOrphans;
        }

        return Math.Max(dropped, dead.Count);
    }

    /// <summary>Contents that are files of their own and have no row.</summary>
    internal async Task<List<BlobId>> FindOrphansAsync(CancellationToken ct)
    {
        var files = blobs.ListOwnFiles();
        var without = store.Read(s => files.Where(id => !WriteScope.HasBlob(s, id)).ToList());
        // Alone on the writer: what has no row then is not about to get one.
        return without.Count == 0
            ? without
            : await store.WriteAsync(
                scope => without.Where(id => !WriteScope.HasBlob(scope.Session, id)).ToList(),
                ct,
                alone: true
            );
    }

    /// <summary>Removes them, unless one has got its row since.</summary>
    internal async Task RemoveOrphansAsync(List<BlobId> orphans, CancellationToken ct)
    {
        foreach (var some in orphans.Chunk(MostAtOnce))
            await RemoveFilesAsync([.. some.Select(id => (id, default(BlobLocation)))], new HashSet<int>(), ct);
    }

    /// <summary>Removes the bytes of contents that have no row any more, and segments without any.</summary>
    /// <param name="dead">The contents.</param>
    /// <param name="among">Which segments are looked at; null for all.</param>
    /// <param name="ct">Stops before it is under way.</param>
    internal ValueTask<(int Segments, long Bytes)> RemoveFilesAsync(
        IReadOnlyList<(BlobId Id, BlobLocation At)> dead,
        IReadOnlySet<int>? among,
        CancellationToken ct
    ) =>
        store.WriteAsync(
            scope =>
            {
                foreach (var (id, at) in dead)
                {
                    if (!WriteScope.HasBlob(scope.Session, id))
                        blobs.Remove(id, at);
                }

                var (segments, bytes) = (0, 0L);
                foreach (var segment in blobs.ListSegments().Where(s => among?.Contains(s) ?? true))
                {
                    if (scope.Session.Scalar("SELECT 1 FROM blobs WHERE segment = $0 LIMIT 1", segment) is not null)
                        continue;
                    (segments, bytes) = (segments + 1, bytes + blobs.LengthOf(segment));
                    blobs.RemoveSegment(segment);
                }

                return (segments, bytes);
            },
            ct,
            alone: true
        );
}
