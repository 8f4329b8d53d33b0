using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Blobs.Segments;

/// <summary>
/// Contents in a folder: small ones appended to segments (<c>NNNNNNNN.seg</c>), large ones in files of their own
/// (<c>SHA256.blob</c>), unfinished ones in <c>*.tmp</c>.
/// </summary>
/// <remarks>
/// Bytes of a segment that a commit has referred to never change, so a backup need not copy them twice. After a failed
/// write or sync a segment is left for good: what a second sync of the same file says is not to be believed.
/// </remarks>
public sealed partial class SegmentStore : IBlobStore
{
    private const string TemporarySuffix = ".tmp";
    private readonly IBlobFiles _files;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<int, IBlobFile> _open = new();
    private readonly ArrayBufferWriter<byte> _batch = new(64 * 1024);
    private long _lastTemporary;
    private int _segment;
    private long _end;
    private bool _isTrusted;
    private long _spaceChecked;
    private volatile bool _isFull;

    /// <summary>Uses a folder. Call <see cref="Start"/> before the first <see cref="Persist"/>.</summary>
    public SegmentStore(IBlobFiles files, TimeProvider time, SegmentOptions? options = null)
    {
        (_files, _time, Options) = (files, time, options ?? new SegmentOptions());
        Guard(() =>
        {
            foreach (var name in files.List().Where(n => n.EndsWith(TemporarySuffix, StringComparison.Ordinal)))
                files.Delete(name);
        });
        CheckSpace();
    }

    internal SegmentOptions Options { get; }

    /// <inheritdoc/>
    public void Start(int segment, long end)
    {
        var newest = SegmentNumbers().LastOrDefault();
        // A segment above the last known one holds only what was never committed, but its number is used up all the same:
        // it may be the one that could not be synced.
        _segment = Math.Max(segment, newest);
        _isTrusted = segment > 0 && segment == _segment;
        _end = end;
        if (!_isTrusted)
            return;
        Guard(() =>
        {
            var file = Segment(_segment);
            if (file.Length < end)
                throw new StoreException(StoreFault.DamagedContent, $"segment {segment} is shorter than its contents");
            // Records that were whole once are left, though nothing refers to them now: a backup may have copied them. Whatever
            // lies there may be what a sync or a write failed at, so what comes next goes into a new segment.
            _isTrusted = file.Length == end;
            _end = SegmentRecord.EndOfWhole(file, end);
            file.Truncate(_end);
        });
    }

    /// <inheritdoc/>
    public bool HasSpace
    {
        get
        {
            if (_time.GetElapsedTime(Interlocked.Read(ref _spaceChecked)) >= TimeSpan.FromSeconds(1))
                CheckSpace();
            return !_isFull;
        }
    }

    /// <inheritdoc/>
    public BlobWriter Begin()
    {
        if (!HasSpace)
            throw new StoreException(StoreFault.DiskFull, "too little space is free on the blob volume");
        return new SegmentWriter(this);
    }

    /// <inheritdoc/>
    public void Persist(IReadOnlyList<PendingBlob> blobs, Span<BlobLocation> locations)
    {
        if (!_isTrusted || _end >= Options.SegmentBytes)
            Roll();
        _batch.ResetWrittenCount();
        try
        {
            for (var i = 0; i < blobs.Count; i++)
            {
                var blob = (SegmentBlob)blobs[i];
                locations[i] = new BlobLocation(_segment, _end + _batch.WrittenCount + SegmentRecord.HeaderBytes);
                if (blob.Length < Options.OwnFileBytes)
                    Append(blob);
                else
                    locations[i] = GiveName(blob);
            }

            if (blobs.Any(b => ((SegmentBlob)b).Renamed))
                Guard(_files.SyncDirectory);
            WriteBatch();
        }
        catch (StoreException)
        {
            foreach (var blob in blobs)
                TakeName((SegmentBlob)blob);
            throw;
        }
    }

    private void WriteBatch()
    {
        if (_batch.WrittenCount == 0)
            return;
        _isTrusted = false;
        Guard(() =>
        {
            var file = Segment(_segment);
            file.Write(_end, _batch.WrittenSpan);
            file.Sync();
        });
        _end += _batch.WrittenCount;
        _isTrusted = true;
        if (_batch.Capacity > 8 * 1024 * 1024)
            _batch.Clear();
    }

    /// <inheritdoc/>
    public MessageContent Open(ReadOnlyMemory<byte> prefix, BlobId id, BlobLocation at, long length)
    {
        MessageContent? content = null;
        Guard(() => content = OpenUnguarded(prefix, id, at, length), StoreFault.DamagedContent);
        return content!;
    }

    // F5: a record is compared with its checksum before a byte of it is given out. A small one is read just once, and kept
    // while it is open; of a file of its own the length is compared, its hash is for the check.
    private MessageContent OpenUnguarded(ReadOnlyMemory<byte> prefix, BlobId id, BlobLocation at, long length)
    {
        if (at.Segment == 0)
        {
            var own = _files.Open(OwnName(id), create: false);
            if (own.Length >= length)
                return new SegmentContent(prefix, own, 0, length, ownsFile: true);
            own.Dispose();
            throw new StoreException(StoreFault.DamagedContent, $"content {id} is shorter than it was");
        }

        var file = Segment(at.Segment);
        var whole = length <= Options.MemoryBytes ? ArrayPool<byte>.Shared.Rent((int)length) : null;
        if (SegmentRecord.IsIntact(file, at.Offset, length, whole))
            return whole is null
                ? new SegmentContent(prefix, file, at.Offset, length, ownsFile: false)
                : new WholeContent(prefix, whole, (int)length);
        if (whole is not null)
            ArrayPool<byte>.Shared.Return(whole);
        throw new StoreException(StoreFault.DamagedContent, $"content {id} in segment {at.Segment} is damaged");
    }

    /// <inheritdoc/>
    public void Remove(BlobId id, BlobLocation at)
    {
        if (at.Segment == 0)
            Guard(() => _files.Delete(OwnName(id)));
    }

    /// <inheritdoc/>
    public void RemoveSegment(int segment)
    {
        if (segment == _segment)
            return;
        // The handle is left to its readers; the last one that forgets it closes it.
        _open.TryRemove(segment, out _);
        Guard(() => _files.Delete(SegmentName(segment)));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (var file in _open.Values)
            file.Dispose();
        return ValueTask.CompletedTask;
    }

    internal (string Name, IBlobFile File) CreateTemporary()
    {
        var name =
            Interlocked.Increment(ref _lastTemporary).ToString("x", CultureInfo.InvariantCulture) + TemporarySuffix;
        return (name, _files.Open(name, create: true));
    }

    internal void DeleteTemporary(string name)
    {
        try
        {
            _files.Delete(name);
        }
        catch (IOException)
        {
            // Its message may be filed by now, and that is what the caller must hear. The next start finds the file.
        }
    }

    /// <summary>Runs a file operation; its error becomes a <see cref="StoreException"/>.</summary>
    internal static void Guard(Action act, StoreFault fault = StoreFault.Internal)
    {
        const int noSpace = 28; // ENOSPC
        const int overQuota = 122; // EDQUOT
        const int diskFull = 112; // the low word of ERROR_DISK_FULL's HResult
        try
        {
            act();
        }
        catch (IOException e)
        {
            var isFull = (e.HResult & 0xFFFF) is noSpace or overQuota or diskFull;
            throw new StoreException(isFull ? StoreFault.DiskFull : fault, "a blob file: " + e.Message, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(fault, "a blob file: " + e.Message, e);
        }
    }

    private BlobLocation GiveName(SegmentBlob blob)
    {
        Guard(() =>
        {
            blob.Replaces = Exists(OwnName(blob.Id));
            _files.Rename(blob.TemporaryName!, OwnName(blob.Id));
        });
        blob.Renamed = true;
        return new BlobLocation(0, 0);
    }

    private bool Exists(string name)
    {
        try
        {
            _files.Open(name, create: false).Dispose();
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    // Order of writes 5: a name that a failed sync may have lost is taken back, and goes with its writer or is given anew. One
    // that was there before stays: rows refer to it, and either file under it is the content.
    private void TakeName(SegmentBlob blob)
    {
        if (!blob.Renamed || blob.Replaces)
            return;
        try
        {
            _files.Rename(OwnName(blob.Id), blob.TemporaryName!);
            blob.Renamed = false;
        }
        catch (IOException)
        {
            // It stays as a file without a row, which the collector finds.
        }
    }

    private void Append(SegmentBlob blob)
    {
        var length = (int)blob.Length;
        var record = _batch.GetSpan(SegmentRecord.HeaderBytes + length)[..(SegmentRecord.HeaderBytes + length)];
        if (blob.ReadGuarded(record[SegmentRecord.HeaderBytes..]) != length)
            throw new StoreException(StoreFault.Internal, "a pending content is shorter than it says");
        SegmentRecord.Seal(record, blob.Id);
        _batch.Advance(record.Length);
    }

    private void Roll()
    {
        // Order of writes 5: a number is used once, for the name may be lost that a failed sync should have made durable.
        (_segment, _end, _isTrusted) = (_segment + 1, 0, false);
        Guard(() =>
        {
            _open[_segment] = _files.Open(SegmentName(_segment), create: true);
            // Its name must outlive a power loss before a record in it is promised.
            _files.SyncDirectory();
        });
        _isTrusted = true;
    }

    private IBlobFile Segment(int number)
    {
        while (true)
        {
            if (_open.TryGetValue(number, out var file))
                return file;
            file = _files.Open(SegmentName(number), create: false);
            if (_open.TryAdd(number, file))
                return file;
            file.Dispose();
        }
    }

    private void CheckSpace()
    {
        var (free, total) = (0L, 0L);
        Guard(() => (free, total) = _files.Space());
        _isFull = free < Options.MinFreeBytes || free < total * Options.MinFreeShare;
        Interlocked.Exchange(ref _spaceChecked, _time.GetTimestamp());
    }
}
