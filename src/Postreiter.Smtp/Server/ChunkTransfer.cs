using System.Buffers;
using Postreiter.Core;

namespace Postreiter.Smtp.Server;

/// <summary>The bytes of one BDAT.</summary>
/// <param name="session">The session.</param>
/// <param name="size">How many.</param>
/// <param name="isLast">Whether the message ends with them.</param>
/// <param name="refusal">Set when the chunk is only read to be thrown away.</param>
/// <remarks>RFC 3030 §2.</remarks>
internal sealed class ChunkTransfer(SmtpSession session, long size, bool isLast, SmtpReply? refusal) : IMessageTransfer
{
    private readonly DataPace _pace = new(session);

    public async ValueTask<IReadOnlyList<SmtpReply>> RunAsync()
    {
        var denied = refusal;
        for (var left = size; left > 0; )
        {
            var (bytes, fault) = await _pace.ReadAsync();
            if (fault is not null)
                return [fault];
            var part = bytes.Length > left ? bytes.Slice(0, left) : bytes;
            left -= part.Length;
            if (denied is null)
                denied = await KeepAsync(part);
            session.Connection.Input.AdvanceTo(part.End);
        }

        if (refusal is not null)
            return [refusal];
        denied ??= session.Message!.EarlyRefusal;
        if (denied is null && isLast && session.Chunks.EndsInsideLine)
            denied = Replies.BareLineEnd with { ClosesConnection = false };
        if (isLast)
        {
            session.Chunks = default;
            return await session.EndMessageAsync(denied);
        }

        if (denied is null)
            return [new SmtpReply(250, "2.0.0", $"{size} octets received")];
        // RFC 3030 §2: a refused chunk ends the transaction.
        session.Chunks = default;
        await session.ResetAsync();
        return [denied];
    }

    private async ValueTask<SmtpReply?> KeepAsync(ReadOnlySequence<byte> bytes)
    {
        var message = session.Message!;
        if (message.EarlyRefusal is not null)
            return message.EarlyRefusal;
        var chunks = session.Chunks;
        if (
            !chunks.Take(
                bytes,
                session.Options.Limits,
                session.Envelope!.Mail.Body == SmtpBody.BinaryMime,
                out var fault
            )
        )
            return LimitOf(fault!);
        session.Chunks = chunks;
        return await session.TryWriteAsync(message, bytes);
    }

    private SmtpReply LimitOf(SmtpReply fault) =>
        fault == Replies.TooBig ? session.Limit("L3", fault)
        : fault == Replies.TextLineTooLong ? session.Limit("L2", fault)
        : fault;
}
