using System.Buffers;
using Postreiter.Core;
using Postreiter.Messages;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Inbound;

/// <summary>One message on its way in: its bytes go at once to the blob writer and to the scanner.</summary>
internal sealed class IncomingMessage(
    MessageIntake intake,
    IMessageScanner scanner,
    SmtpPeer peer,
    SmtpEnvelope envelope
) : IIncomingMessage
{
    private static readonly SmtpReply TooBig = new(552, "5.3.4", "Message too big");

    private readonly DateTimeOffset _now = intake.Time.GetUtcNow();
    private readonly BlobWriter _blob = intake.Store.Blobs.Begin();
    private ArrayBufferWriter<byte> _passed = new(512);
    private readonly HeaderPass _header = new(
        intake.HostName,
        intake.MaxHops,
        peer.Role == ListenerRole.Submission ? new HeaderAdditions(intake.Time.GetUtcNow(), envelope.Id) : null
    );
    private long _received;

    /// <inheritdoc/>
    public SmtpReply? EarlyRefusal { get; private set; }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(ReadOnlySequence<byte> bytes, CancellationToken ct)
    {
        _received += bytes.Length;
        if (_received > intake.MaxMessageBytes)
            EarlyRefusal ??= TooBig;
        foreach (var part in bytes)
        {
            if (EarlyRefusal is not null)
                return;
            await WritePartAsync(part, ct);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SmtpReply>> CompleteAsync(CancellationToken ct)
    {
        if (EarlyRefusal is null)
            await PassHeaderAsync(h => h.Complete(_passed), ct);
        if (EarlyRefusal is { } refusal)
            return Replies(refusal);
        // Room for the verdict of filters: it is known here, before anything is durable.
        try
        {
            var content = await _blob.CompleteAsync(ct);
            var facts = scanner.Complete();
            var outcome = new IncomingFiling(
                intake,
                peer,
                envelope,
                content,
                facts.Structure,
                _header.DeliveredTo,
                peer.ReverseName is { } asked ? await asked : null,
                _now
            );
            return await outcome.FileAsync(ct);
        }
        catch (StoreException e)
        {
            return Replies(intake.ReplyTo(e, peer, envelope));
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _blob.DisposeAsync();

    private async ValueTask WritePartAsync(ReadOnlyMemory<byte> part, CancellationToken ct)
    {
        if (!_header.IsInBody)
        {
            var taken = 0;
            await PassHeaderAsync(h => taken = h.Append(part.Span, _passed), ct);
            part = part[taken..];
        }

        if (!part.IsEmpty && EarlyRefusal is null)
            await KeepAsync(part, ct);
    }

    private async ValueTask PassHeaderAsync(Action<HeaderPass> step, CancellationToken ct)
    {
        step(_header);
        EarlyRefusal ??= _header.Refusal;
        if (_passed.WrittenCount > 0 && EarlyRefusal is null)
            await KeepAsync(_passed.WrittenMemory, ct);
        _passed.ResetWrittenCount();
        // What a header needed is not held while the body comes (L30).
        if (_header.IsInBody)
            _passed = new ArrayBufferWriter<byte>();
    }

    private async ValueTask KeepAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        try
        {
            await _blob.WriteAsync(bytes, ct);
            scanner.Append(bytes.Span);
        }
        catch (StoreException e)
        {
            EarlyRefusal = intake.ReplyTo(e, peer, envelope);
        }
    }

    private SmtpReply[] Replies(SmtpReply reply) =>
        peer.Role == ListenerRole.Lmtp ? [.. Enumerable.Repeat(reply, envelope.Recipients.Count)] : [reply];
}
