using System.Buffers;
using System.Globalization;

namespace Postreiter.Storage.Blobs.Segments;

/// <summary>What checks, compaction and backups need of the files.</summary>
public sealed partial class SegmentStore
{
    private const string SegmentSuffix = ".seg";
    private const string OwnSuffix = ".blob";
    private const int CopyBytes = 256 * 1024;

    /// <inheritdoc/>
    public int OverheadBytes => SegmentRecord.HeaderBytes;

    /// <inheritdoc/>
    public BlobWriter BeginMove() => new SegmentWriter(this);

    /// <inheritdoc/>
    public bool Verify(BlobId id, BlobLocation at, long length)
    {
        try
        {
            if (at.Segment != 0)
                return SegmentRecord.IsWhole(Segment(at.Segment), at.Offset, length, id);
            using var own = _files.Open(OwnName(id), create: false);
            return SegmentRecord.IsWhole(own, length, id);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<int> ListSegments()
    {
        // The one being written, and what will follow it, are nobody's to remove or to copy.
        var writing = Volatile.Read(ref _segment);
        return [.. SegmentNumbers().Where(number => number < writing)];
    }

    /// <inheritdoc/>
    public long LengthOf(int segment) => Segment(segment).Length;

    /// <inheritdoc/>
    public IReadOnlyList<BlobId> ListOwnFiles() => [.. _files.List().Select(OwnId).OfType<BlobId>()];

    /// <inheritdoc/>
    public IReadOnlyList<string> ListStrangers() =>
        [
            .. _files
                .List()
                .Where(n =>
                    OwnId(n) is null && NumberOf(n) == 0 && !n.EndsWith(TemporarySuffix, StringComparison.Ordinal)
                )
                .Order(StringComparer.Ordinal),
        ];

    /// <inheritdoc/>
    public void CopyTo(
        string folder,
        IReadOnlyList<BlobExtent> extents,
        IProgress<long>? copied,
        CancellationToken ct
    ) =>
        Guard(() =>
        {
            var target = new DiskBlobFiles(folder);
            var there = target.List().ToHashSet(StringComparer.Ordinal);
            foreach (var extent in extents)
            {
                if (extent.Segment != 0)
                    CopySegment(target, extent, copied, ct);
                else if (!there.Contains(OwnName(extent.Id)))
                    CopyOwn(target, extent, copied, ct);
            }

            target.SyncDirectory();
        });

    private void CopySegment(IBlobFiles target, BlobExtent extent, IProgress<long>? copied, CancellationToken ct)
    {
        using var to = target.Open(SegmentName(extent.Segment), create: true);
        // Never cut: what an earlier backup needs stays whole until this one is valid.
        Copy(Segment(extent.Segment), to, Math.Min(extent.From, to.Length), extent.To, copied, ct);
        to.Sync();
    }

    // Under its name it is whole: so the next backup need not look into it.
    private void CopyOwn(IBlobFiles target, BlobExtent extent, IProgress<long>? copied, CancellationToken ct)
    {
        var name = OwnName(extent.Id);
        using (var from = _files.Open(name, create: false))
        using (var to = target.Open(name + TemporarySuffix, create: true))
        {
            to.Truncate(0);
            Copy(from, to, 0, extent.To, copied, ct);
            to.Sync();
        }

        target.Rename(name + TemporarySuffix, name);
    }

    private static void Copy(
        IBlobFile from,
        IBlobFile to,
        long start,
        long end,
        IProgress<long>? copied,
        CancellationToken ct
    )
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            for (var at = start; at < end; )
            {
                ct.ThrowIfCancellationRequested();
                var read = from.Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)));
                if (read == 0)
                    throw new StoreException(StoreFault.DamagedContent, "a blob file is shorter than its contents");
                to.Write(at, buffer.AsSpan(0, read));
                at += read;
                copied?.Report(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void PruneCopy(string folder, IReadOnlyList<BlobExtent> needed)
    {
        var keep = needed
            .Select(e => e.Segment == 0 ? OwnName(e.Id) : SegmentName(e.Segment))
            .ToHashSet(StringComparer.Ordinal);
        Guard(() =>
        {
            var target = new DiskBlobFiles(folder);
            foreach (var name in target.List().Where(n => !keep.Contains(n)))
                target.Delete(name);
            target.SyncDirectory();
        });
    }

    private IEnumerable<int> SegmentNumbers() => _files.List().Select(NumberOf).Where(n => n > 0).Order();

    private static int NumberOf(string name) =>
        name.EndsWith(SegmentSuffix, StringComparison.Ordinal)
        && int.TryParse(
            name.AsSpan(0, name.Length - SegmentSuffix.Length),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var number
        )
            ? number
            : 0;

    private static BlobId? OwnId(string name) =>
        name.EndsWith(OwnSuffix, StringComparison.Ordinal)
        && name.Length == 2 * BlobId.Size + OwnSuffix.Length
        && name.AsSpan(0, 2 * BlobId.Size).IndexOfAnyExcept(SearchValues.Create("0123456789abcdef")) < 0
            ? new BlobId(Convert.FromHexString(name.AsSpan(0, 2 * BlobId.Size)))
            : null;

    private static string SegmentName(int number) =>
        number.ToString("d8", CultureInfo.InvariantCulture) + SegmentSuffix;

    private static string OwnName(BlobId id) => id + OwnSuffix;
}
