using System.Buffers;
using System.Security.Cryptography;
using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Blobs.Segments;

/// <summary>A content on its way in: memory first, a temporary file above the limit.</summary>
internal sealed class SegmentWriter(SegmentStore store) : BlobWriter
{
    // Most messages are small; those that are not grow by doubling.
    private const int FirstBytes = 8 * 1024;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _memory = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private long _length;
    private string? _name;
    private IBlobFile? _file;
    private SegmentBlob? _blob;

    public override long Length => _length;

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        _hash.AppendData(bytes.Span);
        if (_file is null && _length + bytes.Length <= store.Options.MemoryBytes)
        {
            var needed = (int)_length + bytes.Length;
            if (needed > _memory.Length)
                Grow(needed);
            bytes.Span.CopyTo(_memory.AsSpan((int)_length));
        }
        else
        {
            SegmentStore.Guard(() => Spill(bytes));
        }

        _length += bytes.Length;
        return ValueTask.CompletedTask;
    }

    private void Spill(ReadOnlyMemory<byte> bytes)
    {
        if (_file is null)
        {
            (_name, _file) = store.CreateTemporary();
            _file.Write(0, _memory.AsSpan(0, (int)_length));
            GiveBack();
        }

        _file.Write(_length, bytes.Span);
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _memory.Length * 2));
        _memory.AsSpan(0, (int)_length).CopyTo(larger);
        GiveBack();
        _memory = larger;
    }

    private void GiveBack()
    {
        if (_memory.Length > 0)
            ArrayPool<byte>.Shared.Return(_memory);
        _memory = [];
    }

    public override ValueTask<PendingBlob> CompleteAsync(CancellationToken ct)
    {
        // A file of its own is synced here, by the session that brought it: the one writer of the store does not wait.
        if (_length >= store.Options.OwnFileBytes)
            SegmentStore.Guard(() =>
            {
                if (_file is null)
                    Spill(default);
                _file!.Sync();
            });
        _blob = new SegmentBlob(new BlobId(_hash.GetHashAndReset()), _length, _file, _name) { Memory = _memory };
        return new(_blob);
    }

    public override ValueTask DisposeAsync()
    {
        _hash.Dispose();
        _file?.Dispose();
        // Who reads on after this gets an error, never another message's bytes.
        if (_blob is not null)
            _blob.Memory = [];
        GiveBack();
        if (_name is not null && _blob is not { Renamed: true })
            store.DeleteTemporary(_name);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A whole content that is not yet durable: in memory, or in a temporary file while its writer lives.</summary>
internal sealed record SegmentBlob(BlobId Id, long Length, IBlobFile? File, string? TemporaryName)
    : PendingBlob(Id, Length)
{
    /// <summary>The bytes, where no file has them; empty once the writer is disposed.</summary>
    public required byte[] Memory { get; set; }

    /// <summary>The temporary file has its final name.</summary>
    public bool Renamed { get; set; }

    /// <summary>There was a file of that name before.</summary>
    public bool Replaces { get; set; }

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct) =>
        new(Read(offset, buffer.Span));

    /// <summary>Reads from the beginning; an error of its file is a <see cref="StoreException"/>.</summary>
    public int ReadGuarded(Span<byte> buffer)
    {
        try
        {
            return Read(0, buffer);
        }
        catch (IOException e)
        {
            throw new StoreException(StoreFault.Internal, "a temporary file: " + e.Message, e);
        }
    }

    public int Read(long offset, Span<byte> buffer)
    {
        if (offset >= Length)
            return 0;
        var part = buffer[..(int)Math.Min(buffer.Length, Length - offset)];
        if (File is not null)
            return File.Read(offset, part);
        Memory.AsSpan((int)offset, part.Length).CopyTo(part);
        return part.Length;
    }
}

/// <summary>A prefix and a stored content, read as one.</summary>
internal sealed class SegmentContent(
    ReadOnlyMemory<byte> prefix,
    IBlobFile file,
    long start,
    long length,
    bool ownsFile
) : MessageContent
{
    public override long Length => prefix.Length + length;

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct)
    {
        var done = 0;
        if (offset < prefix.Length)
        {
            done = (int)Math.Min(buffer.Length, prefix.Length - offset);
            prefix.Slice((int)offset, done).CopyTo(buffer);
        }

        var at = offset + done - prefix.Length;
        var wanted = (int)Math.Min(buffer.Length - done, Math.Max(0, length - at));
        if (wanted > 0)
        {
            SegmentStore.Guard(
                () =>
                {
                    // F5: a record cut short is damage, not the end of a message.
                    if (file.Read(start + at, buffer.Span.Slice(done, wanted)) < wanted)
                        throw new StoreException(
                            StoreFault.DamagedContent,
                            "a content is shorter than its record says"
                        );
                },
                StoreFault.DamagedContent
            );
            done += wanted;
        }

        return new(done);
    }

    public override ValueTask DisposeAsync()
    {
        if (ownsFile)
            file.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>A prefix and a stored content that was read at once.</summary>
internal sealed class WholeContent(ReadOnlyMemory<byte> prefix, byte[] content, int length) : MessageContent
{
    private byte[]? _content = content;

    public override long Length => prefix.Length + length;

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct)
    {
        var bytes = _content;
        ObjectDisposedException.ThrowIf(bytes is null, this);
        var done = Copy(prefix.Span, offset, buffer.Span);
        done += Copy(bytes.AsSpan(0, length), offset + done - prefix.Length, buffer.Span[done..]);
        return new(done);
    }

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _content, null) is { } bytes)
            ArrayPool<byte>.Shared.Return(bytes);
        return ValueTask.CompletedTask;
    }

    private static int Copy(ReadOnlySpan<byte> from, long offset, Span<byte> to)
    {
        if (offset < 0 || offset >= from.Length)
            return 0;
        var part = from[(int)offset..];
        part = part[..Math.Min(part.Length, to.Length)];
        part.CopyTo(to);
        return part.Length;
    }
}
