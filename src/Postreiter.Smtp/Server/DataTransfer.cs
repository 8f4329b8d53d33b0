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
    private bool _isForgotten;

    public async ValueTask<IReadOnlyList<SmtpReply>> RunAsync()
    {
        var input = session.Connection;
        while (true)
        {
            var (bytes, fault) = await _pace.ReadAsync();
            if (fault is not null)
                return [fault];
            var used = 0L;
            var stop = DataStop.NeedMoreData;
            foreach (var piece in bytes)
            {
                (stop, var taken) = await TakeAsync(piece);
                used += taken;
                if (stop != DataStop.NeedMoreData)
                    break;
            }

            input.Input.AdvanceTo(bytes.GetPosition(used));
            if (stop == DataStop.BareLineEnd)
                return [session.Limit("line ends", Replies.BareLineEnd)];
            if (stop == DataStop.EndOfData)
                return await session.EndMessageAsync(_refusal);
        }
    }

    private async ValueTask<(DataStop Stop, int Used)> TakeAsync(ReadOnlyMemory<byte> piece)
    {
        if (piece.Span.Contains((byte)0))
            _refusal ??= Replies.NulInText;
        var at = 0;
        while (true)
        {
            var stop = _syntax.Next(piece.Span, ref at, out var run);
            if (_syntax.LongestLine > session.Options.Limits.MaxTextLineBytes)
                _refusal ??= session.Limit("L2", Replies.TextLineTooLong);
            await KeepAsync(piece[run]);
            if (stop != DataStop.StuffedDot)
                return (stop, at);
        }
    }

    private async ValueTask KeepAsync(ReadOnlyMemory<byte> run)
    {
        _length += run.Length;
        if (_length > session.Options.Limits.MaxMessageBytes)
            _refusal ??= session.Limit("L3", Replies.TooBig);
        var message = session.Message!;
        if (_refusal is null && !run.IsEmpty && message.EarlyRefusal is null)
            _refusal = await session.TryWriteAsync(message, new ReadOnlySequence<byte>(run));
        if ((_refusal ?? message.EarlyRefusal) is null || _isForgotten)
            return;
        // The outcome is certain: what was kept so far is of no use, the rest is only read.
        _isForgotten = true;
        _refusal ??= message.EarlyRefusal;
        await message.DisposeAsync();
    }
}
