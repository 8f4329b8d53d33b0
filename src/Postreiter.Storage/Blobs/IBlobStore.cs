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

    /// <summary>Reads a content whole and compares its hash with its name.</summary>
    bool Verify(BlobId id, BlobLocation at, long length);

    /// <summary>Frees the place of a content that nothing refers to; in a segment, space comes back when the whole segment is dead.</summary>
    void Remove(BlobId id, BlobLocation at);

    /// <summary>Removes a segment that holds no known content any more; the one being written is left alone.</summary>
    void RemoveSegment(int segment);

    /// <summary>Numbers of the segments on disk, ascending.</summary>
    IReadOnlyList<int> ListSegments();
}

/// <summary>Where a content lies.</summary>
/// <param name="Segment">A segment's number, or 0 for a file of its own.</param>
/// <param name="Offset">Of the first byte of the content.</param>
public readonly record struct BlobLocation(int Segment, long Offset);
