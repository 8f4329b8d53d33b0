namespace Postreiter.Storage.Blobs;

/// <summary>Takes contents in while they arrive: memory up to 256 KiB, a temporary file above (P9).</summary>
public interface IBlobIntake
{
    /// <summary>Whether there is room for more (F1); what is refused for it now need not be brought. Cheap to ask.</summary>
    bool HasSpace { get; }

    /// <summary>Starts one content. Writing to it makes nothing durable and nothing visible.</summary>
    BlobWriter Begin();
}

/// <summary>
/// One content on its way in. Write, then <see cref="CompleteAsync"/>, then hand the result to a unit of work
/// (<see cref="Mail.Filing"/>), and keep the writer until that is done: a large content lies in its temporary file until
/// then. Disposing it at any time is safe; what no unit of work took is thrown away.
/// </summary>
public abstract class BlobWriter : IAsyncDisposable
{
    /// <summary>Bytes written so far.</summary>
    public abstract long Length { get; }

    /// <summary>Appends bytes; the memory may be used again when the task completes.</summary>
    /// <exception cref="StoreException"><see cref="StoreFault.DiskFull"/> and others; the writer is then unusable.</exception>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct);

    /// <summary>Closes the content and names it. Call once.</summary>
    public abstract ValueTask<PendingBlob> CompleteAsync(CancellationToken ct);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

/// <summary>A whole content that a unit of work can make durable. The engine derives its own form from it.</summary>
/// <param name="Id">The name.</param>
/// <param name="Length">Bytes.</param>
public abstract record PendingBlob(BlobId Id, long Length)
{
    /// <summary>Reads what was written, before or after it is durable; false at the end, less than asked only there.</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    public abstract ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct);
}
