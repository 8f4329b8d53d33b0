using System.Security.Cryptography;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;

namespace Postreiter.Testing.Memory;

internal sealed class MemoryBlobs : IBlobIntake
{
    public bool HasSpace => true;

    public BlobWriter Begin() => new Writer();

    private sealed class Writer : BlobWriter
    {
        private readonly MemoryStream _bytes = new();

        public override long Length => _bytes.Length;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
        {
            _bytes.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }

        public override ValueTask<PendingBlob> CompleteAsync(CancellationToken ct) =>
            new(new MemoryBlob(_bytes.ToArray()));

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

internal sealed record MemoryBlob(byte[] Bytes) : PendingBlob(new BlobId(SHA256.HashData(Bytes)), Bytes.Length)
{
    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct) =>
        new(MemoryContent.Read(Bytes, offset, buffer.Span));
}

internal sealed class MemoryContent(ReadOnlyMemory<byte> prefix, byte[] content) : MessageContent
{
    private readonly byte[] _bytes = [.. prefix.Span, .. content];

    public override long Length => _bytes.Length;

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct) =>
        new(Read(_bytes, offset, buffer.Span));

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal static int Read(byte[] bytes, long offset, Span<byte> buffer)
    {
        if (offset >= bytes.Length)
            return 0;
        var part = bytes.AsSpan((int)offset);
        part = part[..Math.Min(part.Length, buffer.Length)];
        part.CopyTo(buffer);
        return part.Length;
    }
}
