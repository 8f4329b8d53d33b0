using System.Buffers;
using Postreiter.Messages;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Fetching;

/// <summary>A piece of a stored message: prefix and content counted as one.</summary>
internal readonly record struct ByteRange(long Offset, long Length)
{
    public long End => Offset + Length;
}

/// <summary>
/// A message under way to the client. What is asked for is read before the first byte is sent, as long as it fits into
/// 256 KiB: damage then shows while there is still an answer for it (F5).
/// </summary>
internal sealed class MessageBytes(MessageContent content) : IAsyncDisposable
{
    /// <summary>Most that is held.</summary>
    public const int MaxHeld = 256 * 1024;

    private const int ChunkBytes = 32 * 1024;
    private byte[]? _held;
    private ByteRange _window;

    /// <summary>Bytes in all.</summary>
    public long Length => content.Length;

    /// <summary>Reads a piece ahead, if it is not too long.</summary>
    public async ValueTask HoldAsync(ByteRange range, CancellationToken ct)
    {
        if (range.Length is 0 or > MaxHeld)
            return;
        if (_held is not null && _held.Length < range.Length)
        {
            ArrayPool<byte>.Shared.Return(_held);
            _held = null;
        }

        _held ??= ArrayPool<byte>.Shared.Rent((int)range.Length);
        _window = default;
        var read = await content.ReadAsync(range.Offset, _held.AsMemory(0, (int)range.Length), ct);
        _window = range with { Length = read };
    }

    /// <summary>Reads at an offset: as many bytes as asked for, less only at the end.</summary>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct)
    {
        if (_held is null || offset < _window.Offset || offset + buffer.Length > _window.End)
            return content.ReadAsync(offset, buffer, ct);
        _held.AsMemory((int)(offset - _window.Offset), buffer.Length).CopyTo(buffer);
        return new ValueTask<int>(buffer.Length);
    }

    /// <summary>Hands out the bytes of ranges, one after the other, in pieces.</summary>
    /// <exception cref="InvalidDataException">The message is shorter than its row says.</exception>
    public async ValueTask PassAsync(
        IEnumerable<ByteRange> ranges,
        Func<ReadOnlyMemory<byte>, ValueTask> take,
        CancellationToken ct
    )
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            foreach (var range in ranges)
            {
                for (var at = range.Offset; at < range.End; )
                {
                    var want = (int)Math.Min(ChunkBytes, range.End - at);
                    var read = await ReadAsync(at, buffer.AsMemory(0, want), ct);
                    if (read == 0)
                        throw new InvalidDataException("a stored message is shorter than it should be");
                    await take(buffer.AsMemory(0, read));
                    at += read;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The part tree of a message whose row has none: the content is read once.</summary>
    public async ValueTask<MimePart> ScanAsync(IMessageScanner scanner, int prefixLength, CancellationToken ct)
    {
        await PassAsync(
            [new ByteRange(prefixLength, Math.Max(0, Length - prefixLength))],
            bytes =>
            {
                scanner.Append(bytes.Span);
                return ValueTask.CompletedTask;
            },
            ct
        );
        return scanner.Complete().Root;
    }

    public ValueTask DisposeAsync()
    {
        if (_held is not null)
            ArrayPool<byte>.Shared.Return(_held);
        _held = null;
        return content.DisposeAsync();
    }
}
