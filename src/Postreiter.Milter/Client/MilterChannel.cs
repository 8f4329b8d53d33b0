using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Postreiter.Core;
using Postreiter.Milter.Syntax;

namespace Postreiter.Milter.Client;

/// <summary>One connection to a milter: says what happens in a session, and hears what is to follow. One step at a time.</summary>
/// <remarks>
/// Steps that the milter does not want are left out, those for which it wants to give no answer are not waited for. Whatever it does wrong
/// is <see cref="MilterVerdict.Failed"/>, and then all that follow are.
/// </remarks>
public sealed partial class MilterChannel : IAsyncDisposable
{
    // Twice what the protocol wants: fields of some are larger than a piece of the body may be.
    private const int MaxAnswer = 128 * 1024;

    // What nobody answers goes out with the next that somebody does.
    private const int MostWaiting = 32 * 1024;

    private readonly Stream _stream;
    private readonly MilterClientOptions _options;
    private readonly TimeProvider _time;
    private readonly PipeReader _input;
    private ArrayBufferWriter<byte> _output = new(1024);
    private readonly MilterData _data = new();
    private readonly MilterData _macros = new();
    private string? _fault;
    private bool _skipsBody;

    private MilterChannel(Stream stream, MilterClientOptions options, TimeProvider time)
    {
        (_stream, _options, _time) = (stream, options, time);
        _input = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
    }

    /// <summary>What the milter said it wants.</summary>
    public MilterOffer Agreed { get; private set; } = new(MilterOffer.Newest, MilterActions.None, MilterSteps.None);

    /// <summary>Whether it is of no more use.</summary>
    public bool IsBroken => _fault is not null;

    /// <summary>Whether the milter may change what messages are made of, so that another behind it must wait for it.</summary>
    public bool ChangesContent =>
        (Agreed.Actions & (MilterActions.AddHeaders | MilterActions.ChangeHeaders | MilterActions.ChangeBody))
        != MilterActions.None;

    /// <summary>Whether refused recipients are to be shown too.</summary>
    public bool WantsRejectedRecipients => Agreed.Steps.HasFlag(MilterSteps.RejectedRcpt);

    /// <summary>Whether values of fields have the white space behind the colon in them.</summary>
    public bool HasLeadingSpace => Agreed.Steps.HasFlag(MilterSteps.HeaderLeadingSpace);

    /// <summary>Begins to talk: says what we can do, and hears what the milter wants.</summary>
    /// <param name="stream">A new connection; disposed with the channel.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The channel, or why there is none; then the connection is disposed.</returns>
    public static async ValueTask<(MilterChannel? Channel, string Fault)> OpenAsync(
        Stream stream,
        MilterClientOptions options,
        TimeProvider time,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        var channel = new MilterChannel(stream, options, time);
        try
        {
            var answer = await channel.NegotiateAsync(ct);
            if (answer.Verdict != MilterVerdict.Failed)
                return (channel, "");
            await channel.DisposeAsync();
            return (null, answer.Reason);
        }
        catch
        {
            await channel.DisposeAsync();
            throw;
        }
    }

    /// <summary>The session is over.</summary>
    /// <param name="another">Whether another one will follow on this connection.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>Whether it may.</returns>
    public async ValueTask<bool> QuitAsync(bool another, CancellationToken ct)
    {
        if (_fault is not null)
            return false;
        MilterPacket.Write(_output, (byte)(another ? MilterCommand.QuitNewConnection : MilterCommand.Quit));
        _skipsBody = false;
        return await SendAsync(_options.CommandTimeout, ct) is null && another;
    }

    /// <summary>The transaction is given up.</summary>
    public async ValueTask AbortAsync(CancellationToken ct)
    {
        _skipsBody = false;
        if (_fault is not null)
            return;
        MilterPacket.Write(_output, (byte)MilterCommand.Abort);
        await SendAsync(_options.CommandTimeout, ct);
        Slim();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _fault ??= "it was closed";
        await _input.CompleteAsync();
        await _stream.DisposeAsync();
    }

    // Until the next message comes it may be long.
    private void Slim()
    {
        _output = MilterData.Slim(_output, 1024);
        _data.Slim();
        _macros.Slim();
    }

    private async ValueTask<MilterAnswer> NegotiateAsync(CancellationToken ct)
    {
        new MilterOffer(MilterOffer.Newest, MilterActions.All, MilterSteps.All).Write(_data.Clear());
        MilterPacket.Write(_output, (byte)MilterCommand.Negotiate, _data.Span);
        if (await SendAsync(_options.CommandTimeout, ct) is { } fault)
            return fault;
        var (code, data, wrong) = await ReadAsync(_options.CommandTimeout, ct);
        if (wrong is not null)
            return wrong;
        if (code != (byte)MilterResponse.Negotiate || !MilterOffer.TryRead(data.Span, out var offer))
            return Break("it did not negotiate");
        if (offer.Version is < MilterOffer.Oldest or > MilterOffer.Newest)
            return Break($"it speaks version {offer.Version}");
        if (
            (offer.Actions & ~MilterActions.All) != MilterActions.None
            || (offer.Steps & ~MilterSteps.All) != MilterSteps.None
        )
            return Break("it wants what was not offered");
        Agreed = offer with { Steps = offer.StepsInForce };
        return MilterAnswer.Continue;
    }

    private async ValueTask<MilterAnswer> StepAsync(
        MilterCommand command,
        IReadOnlyList<KeyValuePair<string, string>> macros,
        MilterSteps left,
        MilterSteps unanswered,
        TimeSpan timeout,
        CancellationToken ct
    )
    {
        if (_fault is not null)
            return MilterAnswer.Failed(_fault);
        // Macros of a step that is left out are left out with it.
        if ((Agreed.Steps & left) != MilterSteps.None)
            return MilterAnswer.Continue;
        Macros(command, macros);
        MilterPacket.Write(_output, (byte)command, _data.Span);
        var isAnswered = (Agreed.Steps & unanswered) == MilterSteps.None;
        if (!isAnswered && _output.WrittenCount < MostWaiting)
            return MilterAnswer.Continue;
        if (await SendAsync(timeout, ct) is { } fault)
            return fault;
        return isAnswered ? await AnswerAsync(timeout, null, null, ct) : MilterAnswer.Continue;
    }

    /// <summary>Reads packets up to the one that decides.</summary>
    private async ValueTask<MilterAnswer> AnswerAsync(
        TimeSpan timeout,
        MilterChangeReader? changes,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask>? body,
        CancellationToken ct
    )
    {
        var progress = 0;
        var began = _time.GetTimestamp();
        while (true)
        {
            var (code, data, fault) = await ReadAsync(timeout, ct);
            if (fault is not null)
                return fault;
            switch ((MilterResponse)code)
            {
                case MilterResponse.Continue:
                    return MilterAnswer.Continue;
                case MilterResponse.Accept:
                    return MilterAnswer.Accept;
                case MilterResponse.Reject:
                    return new MilterAnswer(MilterVerdict.Reject);
                case MilterResponse.TempFail:
                    return new MilterAnswer(MilterVerdict.TempFail);
                case MilterResponse.Discard:
                    return new MilterAnswer(MilterVerdict.Discard);
                case MilterResponse.Skip:
                    return new MilterAnswer(MilterVerdict.Skip);
                case MilterResponse.ConnectionFailure or MilterResponse.Shutdown:
                    return MilterAnswer.With(
                        new SmtpReply(421, "4.7.0", "Service not available, try again later")
                        {
                            ClosesConnection = true,
                        }
                    );
                case MilterResponse.Reply:
                    var end = data.Span.IndexOf((byte)0);
                    return MilterReplyText.TryRead(end < 0 ? data.Span : data.Span[..end]) is { } reply
                        ? MilterAnswer.With(reply)
                        : Break("its reply is none");
                case MilterResponse.Progress:
                    if (++progress > _options.MaxProgress || _time.GetElapsedTime(began) > _options.MaxStep)
                        return Break("it is at work without end");
                    break;
                case MilterResponse.ReplaceBody when changes is not null:
                    if (!changes.TakeBody(data.Length))
                        return Break("its body is too large, or was not agreed on");
                    await body!(data, ct);
                    break;
                default:
                    if (changes?.TryRead(code, data.Span) != true)
                        return Break(
                            $"its answer '{(code is > 32 and < 127 ? (char)code : '?')}' cannot be understood here"
                        );
                    break;
            }
        }
    }

    private async ValueTask<MilterAnswer?> SendAsync(TimeSpan timeout, CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            var sending = _stream.WriteAsync(_output.WrittenMemory, either.Token);
            // As a rule the system takes it at once, and nothing is to be waited for.
            if (!sending.IsCompleted)
                timer.CancelAfter(timeout);
            await sending;
            return null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Break($"it took nothing for {timeout.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            return Break(e.Message);
        }
        catch (OperationCanceledException)
        {
            // Half a packet may be out: nothing more can be said.
            Break("it was given up");
            throw;
        }
        finally
        {
            _output.ResetWrittenCount();
        }
    }

    private async ValueTask<(byte Code, ReadOnlyMemory<byte> Data, MilterAnswer? Fault)> ReadAsync(
        TimeSpan timeout,
        CancellationToken ct
    )
    {
        using var timer = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            while (true)
            {
                var read = await _input.ReadAsync(either.Token);
                var buffer = read.Buffer;
                var status = MilterPacket.TryRead(ref buffer, MaxAnswer, out var code, out var data);
                if (status == ParseStatus.Complete)
                {
                    var copy = data.ToArray();
                    _input.AdvanceTo(buffer.Start);
                    return (code, copy, null);
                }

                _input.AdvanceTo(buffer.Start, buffer.End);
                if (status == ParseStatus.Invalid)
                    return (0, default, Break("its packet has a length that no answer has"));
                if (read.IsCompleted)
                    return (0, default, Break("it closed the connection"));
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (0, default, Break($"it gave no answer in {timeout.TotalSeconds:0} s"));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            return (0, default, Break(e.Message));
        }
        catch (OperationCanceledException)
        {
            Break("it was given up");
            throw;
        }
    }

    private MilterAnswer Break(string fault)
    {
        _fault ??= fault;
        return MilterAnswer.Failed(_fault);
    }

    private void Macros(MilterCommand command, IReadOnlyList<KeyValuePair<string, string>> macros)
    {
        if (macros.Count == 0)
            return;
        _macros.Clear().Octet((byte)command);
        foreach (var (name, value) in macros)
            _macros.Text(name).Text(value);
        if (_macros.Span.Length <= MilterPacket.MaxData)
            MilterPacket.Write(_output, (byte)MilterCommand.Macro, _macros.Span);
    }
}
