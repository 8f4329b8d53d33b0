using System.Buffers;
using Postreiter.Core;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Server;

/// <summary>The bytes between 354 and the final dot.</summary>
/// <remarks>RFC 5321 §4.1.1.4 and §4.5.2; only CR LF . CR LF ends them.</remarks>
internal sealed class DataTransfer(SmtpSession session) : IMessageTransfer
{
    private readonly DataPace _pace = new(session);
    private DataSyntax _syntax;
    private SmtpReply? _refusal;
    private long _length;

    public async ValueTask<IReadOnlyList<SmtpReply>> RunAsync(CancellationToken ct)
    {
        var input = session.Connection;
        while (true)
        {
            var (bytes, fault) = await _pace.ReadAsync(ct);
            if (fault is not null)
                return [fault];
            var used = 0L;
            var stop = DataStop.NeedMoreData;
            foreach (var piece in bytes)
            {
                (stop, var taken) = await TakeAsync(piece, ct);
                used += taken;
                if (stop != DataStop.NeedMoreData)
                    break;
            }

            input.Input.AdvanceTo(bytes.GetPosition(used));
            if (stop == DataStop.BareLineEnd)
                return [Replies.BareLineEnd];
            if (stop == DataStop.EndOfData)
                return await session.EndMessageAsync(_refusal, ct);
        }
    }

    private async ValueTask<(DataStop Stop, int Used)> TakeAsync(ReadOnlyMemory<byte> piece, CancellationToken ct)
    {
        if (piece.Span.Contains((byte)0))
            _refusal ??= Replies.NulInText;
        var at = 0;
        while (true)
        {
            var stop = _syntax.Next(piece.Span, ref at, out var run);
            if (_syntax.LongestLine > session.Options.Limits.MaxTextLineBytes)
                _refusal ??= Replies.TextLineTooLong;
            await KeepAsync(piece[run], ct);
            if (stop != DataStop.StuffedDot)
                return (stop, at);
        }
    }

    private async ValueTask KeepAsync(ReadOnlyMemory<byte> run, CancellationToken ct)
    {
        _length += run.Length;
        if (_length > session.Options.Limits.MaxMessageBytes)
            _refusal ??= Replies.TooBig;
        var message = session.Message!;
        if (run.IsEmpty || _refusal is not null || message.EarlyRefusal is not null)
            return;
        if (await session.TryWriteAsync(message, new ReadOnlySequence<byte>(run), ct) is { } fault)
            _refusal = fault;
    }
}
