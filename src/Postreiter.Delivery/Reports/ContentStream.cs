using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Reports;

/// <summary>A content for readers that want a stream.</summary>
/// <param name="length">Its octets.</param>
/// <param name="read">Reads at an offset.</param>
internal sealed class ContentStream(long length, Func<long, Memory<byte>, CancellationToken, ValueTask<int>> read)
    : Stream
{
    /// <summary>A content on its way in.</summary>
    public ContentStream(PendingBlob content)
        : this(content.Length, content.ReadAsync) { }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position { get; set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await read(Position, buffer, cancellationToken);
        Position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read it async");

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => Length + offset,
        };

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
