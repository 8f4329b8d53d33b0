using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Blobs;

/// <summary>
/// Keeps contents for an engine that keeps the references elsewhere. <see cref="Start"/>, <see cref="Persist"/> and
/// <see cref="Remove"/> are called by one thread at a time; the rest by any.
/// </summary>
public interface IBlobStore : IBlobIntake, IAsyncDisposable
{
    /// <summary>Begins work after the engine has opened. What lies behind the last known content is a torn tail and is cut off.</summary>
    /// <param name="segment">The newest segment with a known content; 0 when there is none.</param>
    /// <param name="end">Where its last known content ends.</param>
    void Start(int segment, long end);

    /// <summary>Makes contents durable, all with one sync; comes before the commit of the rows that name them.</summary>
    /// <param name="blobs">Contents of this store's <see cref="IBlobIntake.Begin"/>.</param>
    /// <param name="locations">Filled with their places, in the same order.</param>
    /// <exception cref="StoreException">None of them may be taken as durable.</exception>
    void Persist(IReadOnlyList<PendingBlob> blobs, Span<BlobLocation> locations);

    /// <summary>Opens a prefix and a content as one.</summary>
    /// <exception cref="StoreException"><see cref="StoreFault.DamagedContent"/> when it is not there.</exception>
    MessageContent Open(ReadOnlyMemory<byte> prefix, BlobId id, BlobLocation at, long length);

    /// <summary>Reads a content whole and compares its checksum, and its hash with its name.</summary>
    bool Verify(BlobId id, BlobLocation at, long length);

    /// <summary>Frees the place of a content that nothing refers to; in a segment, space comes back when the whole segment is dead.</summary>
    void Remove(BlobId id, BlobLocation at);

    /// <summary>Removes a segment that holds no known content any more; the one being written is left alone.</summary>
    void RemoveSegment(int segment);

    /// <summary>Numbers of the segments on disk that are written to no more, ascending.</summary>
    IReadOnlyList<int> ListSegments();

    /// <summary>Bytes in a segment.</summary>
    long LengthOf(int segment);

    /// <summary>Contents that are files of their own, any order.</summary>
    IReadOnlyList<BlobId> ListOwnFiles();

    /// <summary>Names of files that are none of this store's.</summary>
    IReadOnlyList<string> ListStrangers();

    /// <summary>Bytes that a content in a segment needs besides its own.</summary>
    int OverheadBytes { get; }

    /// <summary>As <see cref="IBlobIntake.Begin"/>, on a full disk too: for what frees space in the end.</summary>
    BlobWriter BeginMove();

    /// <summary>
    /// Copies contents into a folder elsewhere and makes them durable there. A segment's bytes are copied from
    /// <see cref="BlobExtent.From"/> on; a file of its own that is there already is left. Nothing may be removed meanwhile.
    /// </summary>
    /// <param name="folder">Where to; made when it is not there.</param>
    /// <param name="extents">What to copy.</param>
    /// <param name="copied">Told of bytes as they are copied.</param>
    /// <param name="ct">Stops it; what is there stays as it was or grows.</param>
    void CopyTo(string folder, IReadOnlyList<BlobExtent> extents, IProgress<long>? copied, CancellationToken ct);

    /// <summary>Removes from a copy what it does not need any more.</summary>
    void PruneCopy(string folder, IReadOnlyList<BlobExtent> needed);
}

/// <summary>A part of what is stored.</summary>
/// <param name="Segment">A segment, or 0 for a file of its own.</param>
/// <param name="Id">The content, for a file of its own.</param>
/// <param name="From">First byte.</param>
/// <param name="To">The byte behind the last one.</param>
public readonly record struct BlobExtent(int Segment, BlobId Id, long From, long To);

/// <summary>Where a content lies.</summary>
/// <param name="Segment">A segment's number, or 0 for a file of its own.</param>
/// <param name="Offset">Of the first byte of the content.</param>
public readonly record struct BlobLocation(int Segment, long Offset);
