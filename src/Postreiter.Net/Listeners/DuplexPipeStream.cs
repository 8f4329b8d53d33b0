using System.Buffers;
using System.IO.Pipelines;

namespace Postreiter.Net.Listeners;

/// <summary>A pair of pipes as the stream that <see cref="System.Net.Security.SslStream"/> wants.</summary>
internal sealed class DuplexPipeStream(IDuplexPipe pipe) : Stream
{
    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException("A connection has no length");

    public override long Position
    {
        get => throw new NotSupportedException("A connection has no position");
        set => throw new NotSupportedException("A connection has no position");
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var result = await pipe.Input.ReadAsync(cancellationToken);
            if (!result.Buffer.IsEmpty)
            {
                // A read of zero bytes waits for data and takes none.
                var part = result.Buffer.Slice(0, Math.Min(buffer.Length, result.Buffer.Length));
                // Counted now: after AdvanceTo the segments belong to the pipe again, and the sequence no longer knows.
                var count = (int)part.Length;
                part.CopyTo(buffer.Span);
                pipe.Input.AdvanceTo(part.End);
                return count;
            }

            pipe.Input.AdvanceTo(result.Buffer.Start);
            if (result.IsCompleted)
                return 0;
        }
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default
    )
    {
        var result = await pipe.Output.WriteAsync(buffer, cancellationToken);
        if (result.IsCompleted)
            throw new IOException("the peer has closed the connection");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("Read asynchronously");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("Write asynchronously");

    public override long Seek(long offset, SeekOrigin origin) =>
        throw new NotSupportedException("A connection cannot seek");

    public override void SetLength(long value) => throw new NotSupportedException("A connection has no length");
}
