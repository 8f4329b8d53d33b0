using Postreiter.Messages;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Filtering;

/// <summary>A message with another header: the only case in which one message has a second content.</summary>
internal sealed class TaggedContent : IAsyncDisposable
{
    private const int PieceBytes = 64 * 1024;
    private readonly BlobWriter _writer;

    private TaggedContent(BlobWriter writer, PendingBlob content, ReadOnlyMemory<byte> structure) =>
        (_writer, Content, Structure) = (writer, content, structure);

    /// <summary>The new content; good until this is disposed.</summary>
    public PendingBlob Content { get; }

    /// <summary>Its structure.</summary>
    public ReadOnlyMemory<byte> Structure { get; }

    /// <summary>Writes it.</summary>
    /// <param name="blobs">Where to.</param>
    /// <param name="scanner">Reads its structure.</param>
    /// <param name="original">The message as it came.</param>
    /// <param name="header">The header that takes the place of its own.</param>
    /// <param name="ct">Stops it.</param>
    /// <exception cref="Storage.StoreException">It cannot be written.</exception>
    public static async ValueTask<TaggedContent> WriteAsync(
        IBlobIntake blobs,
        IMessageScanner scanner,
        PendingBlob original,
        TaggedHeader header,
        CancellationToken ct
    )
    {
        var writer = blobs.Begin();
        try
        {
            await AppendAsync(header.Bytes);
            var piece = new byte[PieceBytes];
            for (long at = header.Replaced; at < original.Length; )
            {
                var read = await original.ReadAsync(at, piece, ct);
                if (read == 0)
                    break;
                await AppendAsync(piece.AsMemory(0, read));
                at += read;
            }

            return new TaggedContent(writer, await writer.CompleteAsync(ct), scanner.Complete().Structure);
        }
        catch
        {
            await writer.DisposeAsync();
            throw;
        }

        async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes)
        {
            await writer.WriteAsync(bytes, ct);
            scanner.Append(bytes.Span);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
