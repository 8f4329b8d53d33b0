using Microsoft.Extensions.Logging;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>
/// Compaction: what is alive in a segment less than half alive goes, in slices, the way every delivery goes: appended, synced,
/// then its row changed in the commit. So deliveries wait for a slice at most, a crash leaves each content in one place or the
/// other, and readers find it by its row.
/// </summary>
internal sealed partial class BlobCollector
{
    private const int SliceRows = 256;
    private const long SliceBytes = 1024 * 1024;

    // Segments with a damaged content stay as they are; each is reported once.
    private readonly HashSet<int> _damaged = [];

    /// <summary>Collects, then copies every thin segment; the caller holds <see cref="SqliteStore.WalkAsync"/>.</summary>
    public async Task<CompactReport> CompactAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct)
    {
        _damaged.Clear();
        while (await CollectAsync(ct) == MostAtOnce)
            ct.ThrowIfCancellationRequested();
        return await CompactAsync(progress, gently: false, ct);
    }

    private async Task<CompactReport> CompactAsync(
        IProgress<(long Done, long Total)>? progress,
        bool gently,
        CancellationToken ct
    )
    {
        var thin = FindThin();
        var total = thin.Sum(t => t.Alive);
        var (copied, problems) = (0L, new List<string>());
        foreach (var (segment, alive, length) in thin)
        {
            logger.LogInformation("segment {Segment}: {Alive} of {Length} bytes are alive", segment, alive, length);
            for (var after = -1L; ; )
            {
                ct.ThrowIfCancellationRequested();
                var start = time.GetTimestamp();
                var slice = NextSlice(segment, after);
                if (slice.Count == 0)
                    break;
                copied += await MoveAsync(segment, slice, problems, ct);
                after = slice[^1].Offset;
                progress?.Report((Math.Min(copied, total), total));
                // At most half of the disk's time.
                if (gently)
                    await Task.Delay(time.GetElapsedTime(start), time, ct);
            }
        }

        var (segments, bytes) = await RemoveFilesAsync([], null, ct);
        return new CompactReport(segments, bytes - copied, copied, problems);
    }

    private List<(int Segment, long Alive, long Length)> FindThin()
    {
        var alive = store.Read(s =>
            s.List(
                    "SELECT segment, sum(length + $0) FROM blobs WHERE segment > 0 GROUP BY segment",
                    r => KeyValuePair.Create(r.GetInt32(0), r.GetInt64(1)),
                    blobs.OverheadBytes
                )
                .ToDictionary()
        );
        return
        [
            .. blobs
                .ListSegments()
                .Where(s => !_damaged.Contains(s))
                .Select(s => (Segment: s, Alive: alive.GetValueOrDefault(s), Length: blobs.LengthOf(s)))
                .Where(f => f.Alive > 0 && f.Alive < f.Length / 2),
        ];
    }

    private List<(BlobId Id, long Offset, long Length)> NextSlice(int segment, long after)
    {
        var bytes = 0L;
        var rows = store.Read(s =>
            s.List(
                "SELECT id, offset, length FROM blobs WHERE segment = $0 AND offset > $1 ORDER BY offset LIMIT $2",
                r => (Id: new BlobId(r.GetBytes(0)), Offset: r.GetInt64(1), Length: r.GetInt64(2)),
                segment,
                after,
                SliceRows
            )
        );
        return [.. rows.TakeWhile((row, i) => (bytes += row.Length) <= SliceBytes || i == 0)];
    }

    /// <summary>Copies a slice and changes its rows, in one unit of work.</summary>
    /// <returns>Bytes copied.</returns>
    private async Task<long> MoveAsync(
        int segment,
        List<(BlobId Id, long Offset, long Length)> slice,
        List<string> problems,
        CancellationToken ct
    )
    {
        var writers = new List<BlobWriter>();
        try
        {
            var contents = new List<PendingBlob>();
            foreach (var (id, offset, length) in slice)
            {
                var at = new BlobLocation(segment, offset);
                if (blobs.Verify(id, at, length))
                {
                    var writer = blobs.BeginMove();
                    writers.Add(writer);
                    contents.Add(await CopyAsync(writer, id, at, length, ct));
                    continue;
                }

                _damaged.Add(segment);
                problems.Add($"content {id}: its bytes are damaged; segment {segment} stays");
                logger.LogError("content {Content} in segment {Segment} is damaged and stays there", id, segment);
            }

            if (contents.Count == 0)
                return 0;
            await store.WriteAsync(
                scope =>
                {
                    foreach (var (id, offset, _) in slice)
                    {
                        // Not among them when a delivery of the same batch brought the same content: it stays for now.
                        if (scope.Places.TryGetValue(id, out var to))
                            scope.Session.Run(
                                "UPDATE blobs SET segment = $3, offset = $4 WHERE id = $0 AND segment = $1 AND offset = $2",
                                id.ToArray(),
                                segment,
                                offset,
                                to.Segment,
                                to.Offset
                            );
                    }

                    return true;
                },
                ct,
                contents,
                moves: true
            );
            return contents.Sum(c => c.Length + blobs.OverheadBytes);
        }
        finally
        {
            foreach (var writer in writers)
                await writer.DisposeAsync();
        }
    }

    private async Task<PendingBlob> CopyAsync(
        BlobWriter writer,
        BlobId id,
        BlobLocation at,
        long length,
        CancellationToken ct
    )
    {
        await using var content = blobs.Open(default, id, at, length);
        var buffer = new byte[Math.Min(length, 64 * 1024)];
        for (var done = 0L; done < length; )
        {
            var read = await content.ReadAsync(done, buffer, ct);
            await writer.WriteAsync(buffer.AsMemory(0, read), ct);
            done += read;
        }

        var pending = await writer.CompleteAsync(ct);
        return pending.Id == id
            ? pending
            : throw new StoreException(StoreFault.DamagedContent, $"content {id} changed while it was copied");
    }
}
