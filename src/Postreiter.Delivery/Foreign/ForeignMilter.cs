using System.Net;
using Postreiter.Core;
using Postreiter.Milter;
using Postreiter.Milter.Client;
using Postreiter.Milter.Server;
using Postreiter.Net;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Foreign;

/// <summary>One session of another server, told by the milter protocol.</summary>
internal sealed class ForeignMilter(ForeignGate foreign, string connection) : IMilterFilter
{
    // What a queue of another server calls a message is written into our log.
    private const int MostQueueId = 64;

    private SmtpPeer _peer = NewPeer(connection, IPAddress.Loopback, 0);
    private SmtpEnvelope? _envelope;
    private ForeignMessage? _message;
    private bool _isTrusted;
    private bool _hasData;

    /// <inheritdoc/>
    public async ValueTask<MilterAnswer> ConnectAsync(MilterPeer peer, MilterMacros macros, CancellationToken ct)
    {
        // Without an address it is a program of that machine.
        _peer = NewPeer(connection, peer.Address ?? IPAddress.Loopback, peer.Port);
        return Answer(await foreign.ConnectAsync(_peer));
    }

    /// <inheritdoc/>
    public ValueTask<MilterAnswer> HeloAsync(string name, MilterMacros macros, CancellationToken ct)
    {
        // The gate shows it in replies and traces; a name has no control characters and no end of its own.
        _peer.Helo = name.Length > DomainName.MaxLength + 2 ? name[..(DomainName.MaxLength + 2)] : name;
        if (macros.Find("{tls_version}") is { Length: > 0 } version)
            _peer.Tls = new TlsInfo(version, macros.Find("{cipher}") ?? "", null);
        foreign.Gate.Hello(_peer);
        return new(MilterAnswer.Continue);
    }

    /// <inheritdoc/>
    public async ValueTask<MilterAnswer> MailAsync(
        string path,
        IReadOnlyList<string> arguments,
        MilterMacros macros,
        CancellationToken ct
    )
    {
        await AbortAsync();
        _peer.IsExtended = true;
        _isTrusted = macros.Find("{auth_authen}") is { Length: > 0 };
        if (!foreign.TryRead(path, out var sender))
            return MilterAnswer.With(new SmtpReply(553, "5.1.7", "That is no sender address"));
        var mail = new MailArguments
        {
            ReversePath = sender.IsEmpty ? null : sender,
            SmtpUtf8 = arguments.Contains("SMTPUTF8", StringComparer.OrdinalIgnoreCase),
            Size = Size(arguments),
        };
        if (foreign.Mail(_peer, mail, _isTrusted) is { } refusal)
            return Answer(refusal);
        _envelope = foreign.Envelope(mail);
        return MilterAnswer.Continue;
    }

    /// <inheritdoc/>
    public async ValueTask<MilterAnswer> RcptAsync(
        string path,
        IReadOnlyList<string> arguments,
        MilterMacros macros,
        CancellationToken ct
    )
    {
        if (_envelope is not { } envelope)
            return MilterAnswer.Continue;
        if (!foreign.TryRead(path, out var recipient) || recipient.IsEmpty)
            return MilterAnswer.With(new SmtpReply(501, "5.1.3", "That is no recipient address"));
        var decision = await foreign.Gate.RecipientAsync(_peer, envelope, recipient, RecipientDecision.Accept(), ct);
        if (decision.Refusal is null)
            envelope.Recipients.Add(new AcceptedRecipient(new RcptArguments { Recipient = recipient }, null));
        return Answer(decision.Refusal);
    }

    /// <inheritdoc/>
    public ValueTask<MilterAnswer> DataAsync(MilterMacros macros, CancellationToken ct)
    {
        _hasData = true;
        return new(Answer(foreign.Gate.Data(_peer)));
    }

    /// <inheritdoc/>
    public async ValueTask<MilterAnswer> HeaderAsync(
        ReadOnlyMemory<byte> header,
        MilterMacros macros,
        CancellationToken ct
    )
    {
        if (_envelope is not { } envelope)
            return MilterAnswer.Continue;
        // Servers of old do not tell of DATA.
        if (!_hasData && await DataAsync(macros, ct) is { GoesOn: false } refusal)
            return refusal;
        _message = new ForeignMessage(foreign, _peer, envelope, _isTrusted);
        await _message.StartAsync(header, ct);
        return MilterAnswer.Continue;
    }

    /// <inheritdoc/>
    public async ValueTask<MilterAnswer> BodyAsync(ReadOnlyMemory<byte> piece, CancellationToken ct) =>
        _message is { } message && await message.AppendAsync(piece, ct) is { } refusal
            ? await EndAsync(refusal)
            : MilterAnswer.Continue;

    /// <inheritdoc/>
    public async ValueTask<(MilterAnswer Answer, IReadOnlyList<MilterChange> Changes)> EndAsync(
        MilterMacros macros,
        CancellationToken ct
    )
    {
        if (_message is not { } message || _envelope is not { } envelope)
            return (MilterAnswer.Continue, []);
        var (refusal, changes) = await message.CompleteAsync(ct);
        var queueId =
            macros.Find("i") is { Length: > 0 and <= MostQueueId } id && id.All(char.IsAsciiLetterOrDigit) ? id : "?";
        foreign.Judged(_peer, envelope.Id, queueId, refusal ?? ForeignMessage.Passed);
        var answer = await EndAsync(refusal);
        // What is refused need not be changed.
        return (answer, refusal is null ? changes : []);
    }

    /// <inheritdoc/>
    public async ValueTask AbortAsync()
    {
        foreign.Gate.Finish(_peer);
        await ForgetAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await AbortAsync();

    private async ValueTask<MilterAnswer> EndAsync(SmtpReply? refusal)
    {
        foreign.Gate.ForeignEnded(_peer, refusal ?? ForeignMessage.Passed);
        await ForgetAsync();
        return Answer(refusal);
    }

    private async ValueTask ForgetAsync()
    {
        var message = _message;
        (_message, _envelope, _hasData) = (null, null, false);
        if (message is not null)
            await message.DisposeAsync();
    }

    private static MilterAnswer Answer(SmtpReply? refusal) =>
        refusal is null ? MilterAnswer.Continue : MilterAnswer.With(refusal);

    private static long? Size(IReadOnlyList<string> arguments)
    {
        foreach (var argument in arguments)
        {
            if (
                argument.StartsWith("SIZE=", StringComparison.OrdinalIgnoreCase)
                && long.TryParse(
                    argument.AsSpan(5),
                    System.Globalization.NumberStyles.None,
                    System.Globalization.CultureInfo.InvariantCulture,
                    out var size
                )
            )
                return size;
        }

        return null;
    }

    private static SmtpPeer NewPeer(string connection, IPAddress address, int port) =>
        new()
        {
            ConnectionId = connection,
            Role = ListenerRole.Mx,
            Door = "milter",
            Address = address,
            Port = port,
        };
}
