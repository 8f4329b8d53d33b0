using System.Buffers;
using System.Net;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Milter.Client;
using Postreiter.Milter.Syntax;
using Postreiter.Net;

namespace Postreiter.Milter.Server;

/// <summary>One connection of another mail server: reads its steps, asks the filter, answers.</summary>
internal sealed partial class MilterServerSession(
    Connection connection,
    MilterServerOptions options,
    Func<string, IMilterFilter> filters,
    TimeProvider time,
    ILogger log
) : IAsyncDisposable
{
    private const int MostArguments = 100;

    private const MilterActions Wanted =
        MilterActions.AddHeaders | MilterActions.ChangeHeaders | MilterActions.Quarantine;

    // Of a field nothing can follow alone, and of commands that are none neither.
    private const MilterSteps Preferred =
        MilterSteps.NoReplyHeader | MilterSteps.NoUnknown | MilterSteps.HeaderLeadingSpace;

    private static readonly SmtpReply OwnFault = new(451, "4.3.0", "Temporary failure, try again later");
    private static readonly SmtpReply HeaderTooLarge = new(552, "5.3.4", "Message header too large");

    private readonly MilterMacros _macros = new();
    private readonly MilterData _data = new();
    private ArrayBufferWriter<byte> _header = new(2048);
    private IMilterFilter? _filter;
    private MilterOffer? _agreed;
    private int _fields;
    private bool _isHeaderTooLarge;
    private bool _isInBody;

    private IMilterFilter Filter => _filter ??= filters(connection.Id);

    /// <summary>Serves it to its end.</summary>
    /// <returns>What it did wrong; null when it ended well.</returns>
    public async Task<string?> RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            using var timer = new CancellationTokenSource(options.IdleTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, stopping);
            var read = await connection.Input.ReadAsync(either.Token);
            var buffer = read.Buffer;
            var status = MilterPacket.TryRead(ref buffer, MilterPacket.MaxData * 2, out var code, out var data);
            if (status != ParseStatus.Complete)
            {
                connection.Input.AdvanceTo(buffer.Start, buffer.End);
                if (status == ParseStatus.Invalid)
                    return "a packet has a length that none has";
                if (read.IsCompleted)
                    return buffer.IsEmpty ? null : "it closed the connection within a packet";
                continue;
            }

            var copy = data.ToArray();
            connection.Input.AdvanceTo(buffer.Start);
            // A step that has begun is finished; the server stops between two of them.
            var (goesOn, fault) = await StepAsync((MilterCommand)code, copy, CancellationToken.None);
            if (fault is not null || !goesOn)
                return fault;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_filter is not null)
            await _filter.DisposeAsync();
    }

    private async ValueTask<(bool GoesOn, string? Fault)> StepAsync(
        MilterCommand command,
        byte[] data,
        CancellationToken ct
    )
    {
        if (_agreed is null && command is not (MilterCommand.Negotiate or MilterCommand.Quit))
            return (false, "it did not negotiate");
        switch (command)
        {
            case MilterCommand.Negotiate:
                return (true, await NegotiateAsync(data, ct));
            case MilterCommand.Macro:
                return (true, _macros.TryRead(data) ? null : "its macros cannot be read");
            case MilterCommand.Quit:
                return (false, null);
            case MilterCommand.QuitNewConnection:
                await EndSessionAsync();
                return (true, null);
            case MilterCommand.Abort:
                await EndTransactionAsync(abort: true);
                return (true, null);
            case MilterCommand.Header:
                return (true, await FieldAsync(data, ct));
            case MilterCommand.EndOfMessage:
                return (true, await EndAsync(data, ct));
            case MilterCommand.Unknown:
                return (true, await AnswerAsync(MilterAnswer.Continue, ct));
        }

        var answer = await AskAsync(command, data, ct);
        return answer is null
            ? (false, $"its packet '{Shown(command)}' cannot be read")
            : (true, await AnswerAsync(answer, ct));
    }

    private static string Shown(MilterCommand command) =>
        (byte)command is > 32 and < 127 ? $"{(char)command}" : $"{(byte)command}";

    private async ValueTask<MilterAnswer?> AskAsync(MilterCommand command, byte[] data, CancellationToken ct)
    {
        try
        {
            switch (command)
            {
                case MilterCommand.Connect:
                    await EndSessionAsync(keepsMacros: true);
                    return ReadPeer(data) is { } peer ? await Filter.ConnectAsync(peer, _macros, ct) : null;
                case MilterCommand.Helo:
                    return ReadTexts(data, 1) is [var name] ? await Filter.HeloAsync(name, _macros, ct) : null;
                case MilterCommand.Mail:
                    await EndTransactionAsync(abort: true, keepsMacros: true);
                    return ReadTexts(data, MostArguments) is [var from, .. var arguments]
                        ? await Filter.MailAsync(from, arguments, _macros, ct)
                        : null;
                case MilterCommand.Rcpt:
                    return ReadTexts(data, MostArguments) is [var to, .. var parameters]
                        ? await Filter.RcptAsync(to, parameters, _macros, ct)
                        : null;
                case MilterCommand.Data:
                    return await Filter.DataAsync(_macros, ct);
                case MilterCommand.EndOfHeader:
                    return await EndOfHeaderAsync(ct);
                case MilterCommand.Body:
                    if (!_isInBody && await EndOfHeaderAsync(ct) is { GoesOn: false } early)
                        return early;
                    return await Filter.BodyAsync(data, ct);
                default:
                    return null;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFault(e, connection.Id);
            return MilterAnswer.With(OwnFault);
        }
    }

    private async ValueTask<MilterAnswer> EndOfHeaderAsync(CancellationToken ct)
    {
        _isInBody = true;
        if (_isHeaderTooLarge)
            return MilterAnswer.With(HeaderTooLarge);
        var answer = await Filter.HeaderAsync(_header.WrittenMemory, _macros, ct);
        _header.Clear();
        return answer;
    }

    private async ValueTask<string?> FieldAsync(byte[] data, CancellationToken ct)
    {
        if (!TryField(data))
            return "its field of the header cannot be read";
        return _agreed!.Steps.HasFlag(MilterSteps.NoReplyHeader) ? null : await AnswerAsync(MilterAnswer.Continue, ct);
    }

    private bool TryField(ReadOnlySpan<byte> data)
    {
        var reader = new MilterDataReader(data);
        if (
            !reader.TryText(out ReadOnlySpan<byte> name)
            || !reader.TryText(out ReadOnlySpan<byte> value)
            || name.IsEmpty
            || name.ContainsAny("\r\n:"u8)
        )
            return false;
        // RFC 5322 §2.2: a colon behind the name; lines that follow begin with white space.
        if (++_fields > options.MaxFields || _header.WrittenCount + name.Length + value.Length > options.MaxHeaderBytes)
            _isHeaderTooLarge = true;
        if (_isHeaderTooLarge)
            return true;
        _header.Write(name);
        _header.Write(_agreed!.Steps.HasFlag(MilterSteps.HeaderLeadingSpace) ? ":"u8 : ": "u8);
        while (true)
        {
            var end = value.IndexOf((byte)'\n');
            var line = end < 0 ? value : value[..end];
            _header.Write(line.TrimEnd((byte)'\r'));
            _header.Write("\r\n"u8);
            if (end < 0)
                return true;
            value = value[(end + 1)..];
            if (value.IsEmpty)
                return true;
            // A server that gives a line of its own here would write another field into the message.
            if (value[0] is not ((byte)' ' or (byte)'\t'))
                _header.Write(" "u8);
        }
    }

    private async ValueTask<string?> NegotiateAsync(byte[] data, CancellationToken ct)
    {
        if (!MilterOffer.TryRead(data, out var offer) || offer.Version < MilterOffer.Oldest)
            return "its offer cannot be read";
        _agreed = new MilterOffer(
            Math.Min(offer.Version, MilterOffer.Newest),
            offer.Actions & Wanted,
            offer.Steps & Preferred
        );
        _agreed.Write(_data.Clear());
        MilterPacket.Write(connection.Output, (byte)MilterResponse.Negotiate, _data.Span);
        await FlushAsync(ct);
        return null;
    }

    private async ValueTask<string?> EndAsync(byte[] data, CancellationToken ct)
    {
        // The end may have a last piece of the body with it.
        if (data.Length > 0 && await AskAsync(MilterCommand.Body, data, ct) is { GoesOn: false } early)
            return await AnswerAsync(early, ct);
        MilterAnswer answer;
        try
        {
            if (!_isInBody && await EndOfHeaderAsync(ct) is { GoesOn: false } before)
                return await AnswerAsync(before, ct);
            var judging = Filter.EndAsync(_macros, ct).AsTask();
            using var over = new CancellationTokenSource();
            try
            {
                while (await Task.WhenAny(judging, Task.Delay(options.ProgressEvery, time, over.Token)) != judging)
                {
                    MilterPacket.Write(connection.Output, (byte)MilterResponse.Progress);
                    await FlushAsync(ct);
                }
            }
            finally
            {
                // Where the client has gone too: what it judges is disposed then, and must not be under it.
                await over.CancelAsync();
                await ((Task)judging).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            (answer, var changes) = await judging;
            foreach (var change in changes)
                Write(change);
        }
        catch (Exception e) when (e is not (OperationCanceledException or IOException))
        {
            LogFault(e, connection.Id);
            answer = MilterAnswer.With(OwnFault);
        }

        await EndTransactionAsync(abort: false);
        return await AnswerAsync(answer, ct);
    }

    private void Write(MilterChange change)
    {
        // What the server did not offer cannot be asked of it.
        var may = _agreed!.Actions;
        _data.Clear();
        var (code, action) = change switch
        {
            MilterAddHeader => (MilterResponse.AddHeader, MilterActions.AddHeaders),
            MilterInsertHeader => (MilterResponse.InsertHeader, MilterActions.AddHeaders),
            MilterChangeHeader => (MilterResponse.ChangeHeader, MilterActions.ChangeHeaders),
            MilterQuarantine => (MilterResponse.Quarantine, MilterActions.Quarantine),
            _ => throw new InvalidOperationException($"{change.GetType().Name} is not asked of other servers"),
        };
        if (!may.HasFlag(action))
            return;
        switch (change)
        {
            case MilterAddHeader add:
                Field(add.Name, add.Value);
                break;
            case MilterInsertHeader insert:
                _data.Number((uint)insert.Index);
                Field(insert.Name, insert.Value);
                break;
            case MilterChangeHeader set:
                _data.Number((uint)set.Index);
                Field(set.Name, set.Value);
                break;
            case MilterQuarantine quarantine:
                _data.Text(quarantine.Reason);
                break;
        }

        if (_data.Span.Length <= MilterPacket.MaxData)
            MilterPacket.Write(connection.Output, (byte)code, _data.Span);
    }

    private void Field(string name, string value)
    {
        var isLeading = _agreed!.Steps.HasFlag(MilterSteps.HeaderLeadingSpace) && value.Length > 0;
        _data.Text(name).Text((isLeading ? " " : "") + value);
    }

    private async ValueTask<string?> AnswerAsync(MilterAnswer answer, CancellationToken ct)
    {
        _data.Clear();
        var code = answer.Verdict switch
        {
            MilterVerdict.Accept => MilterResponse.Accept,
            MilterVerdict.Reject => MilterResponse.Reject,
            MilterVerdict.TempFail => MilterResponse.TempFail,
            MilterVerdict.Discard => MilterResponse.Discard,
            MilterVerdict.Reply => MilterResponse.Reply,
            _ => MilterResponse.Continue,
        };
        if (answer.Reply is { } reply)
            MilterReplyText.Write(_data, reply);
        MilterPacket.Write(connection.Output, (byte)code, _data.Span);
        await FlushAsync(ct);
        return null;
    }

    private async ValueTask FlushAsync(CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(options.ProgressEvery * 6, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        if ((await connection.Output.FlushAsync(either.Token)).IsCompleted)
            throw new IOException("the client takes no answers");
    }

    private async ValueTask EndTransactionAsync(bool abort, bool keepsMacros = false)
    {
        if (!keepsMacros)
            _macros.EndTransaction();
        _header = MilterData.Slim(_header, 2048);
        _data.Slim();
        (_fields, _isHeaderTooLarge, _isInBody) = (0, false, false);
        if (abort && _filter is not null)
            await _filter.AbortAsync();
    }

    private async ValueTask EndSessionAsync(bool keepsMacros = false)
    {
        if (!keepsMacros)
            _macros.Clear();
        await EndTransactionAsync(abort: true, keepsMacros);
        if (_filter is not null)
            await _filter.DisposeAsync();
        _filter = null;
    }

    private static List<string>? ReadTexts(ReadOnlySpan<byte> data, int most)
    {
        var reader = new MilterDataReader(data);
        return reader.TryTexts(most, out var texts) ? texts : null;
    }

    private static MilterPeer? ReadPeer(ReadOnlySpan<byte> data)
    {
        var reader = new MilterDataReader(data);
        if (!reader.TryText(out string name) || !reader.TryOctet(out var family))
            return null;
        if (family is (byte)'U')
            return new MilterPeer(name, null, 0);
        if (!reader.TryShort(out var port) || !reader.TryText(out string text))
            return null;
        if (family == (byte)'L')
            return new MilterPeer(name, null, 0);
        if (text.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase))
            text = text["IPv6:".Length..];
        return IPAddress.TryParse(text, out var address) ? new MilterPeer(name, address, port) : null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Connection}: a fault of our own in a milter's session")]
    private partial void LogFault(Exception e, string connection);
}
