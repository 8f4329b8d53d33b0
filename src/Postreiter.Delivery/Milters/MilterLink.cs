using Postreiter.Core;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Milter;
using Postreiter.Milter.Client;
using Postreiter.Milter.Syntax;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Milters;

/// <summary>
/// One milter in one session. What it said of the connection holds to the end of it, what it said of a message to the end of that. A
/// connection to it that is lost is made anew with the next message; what is under way then follows <c>milter.on_failure</c>.
/// </summary>
internal sealed class MilterLink(
    MilterChain chain,
    MilterOptions options,
    MilterDoor door,
    MilterMacroValues values,
    SmtpPeer peer
)
{
    private static readonly SmtpReply NotNow = new(451, "4.7.1", "Service unavailable, try again later");
    private static readonly SmtpReply NoService = new(550, "5.7.1", "Service unavailable");
    private static readonly SmtpReply Later = new(451, "4.7.1", "Try again later");
    private static readonly SmtpReply No = new(550, "5.7.1", "Refused");

    private static readonly TimeSpan UsedPatience = TimeSpan.FromSeconds(2);

    private MilterChannel? _channel;
    private bool _acceptsConnection;
    private bool _acceptsMessage;
    private bool _isInTransaction;
    private bool _hasFailed;
    private SmtpReply? _discarded;

    /// <summary>Its name.</summary>
    public string Name { get; } = $"milter {door.Milter.Name}";

    /// <summary>Whether it is shown what comes now.</summary>
    public bool IsAsked => !_acceptsConnection && !_acceptsMessage && !_hasFailed && _channel is not null;

    /// <summary>Whether it failed with this message.</summary>
    public bool HasFailed => _hasFailed;

    /// <summary>Whether it may change what a message is made of.</summary>
    public bool ChangesContent => IsAsked && _channel!.ChangesContent;

    /// <summary>Whether it wants to know of recipients that were refused.</summary>
    public bool WantsRejectedRecipients => IsAsked && _channel!.WantsRejectedRecipients;

    /// <summary>Whether values of fields have the white space behind the colon in them.</summary>
    public bool HasLeadingSpace => _channel?.HasLeadingSpace == true;

    /// <summary>What was found and is not in a trace yet.</summary>
    public List<CheckRecord> Records { get; } = [];

    /// <summary>A client has connected. A milter that is not there is no reason to turn it away: it may be there when mail comes.</summary>
    public async ValueTask<SmtpReply?> ConnectAsync(CancellationToken ct) => (await EnsureAsync(ct)).Refusal;

    /// <summary>HELO was said.</summary>
    public async ValueTask<SmtpReply?> HeloAsync(CancellationToken ct)
    {
        await EndTransactionAsync(ct);
        var (refusal, isNew) = await EnsureAsync(ct);
        return refusal is not null || isNew || _acceptsConnection || _channel is null
            ? refusal
            : await SayHeloAsync(ct);
    }

    /// <summary>MAIL came: whatever was before, a new message begins.</summary>
    public async ValueTask<SmtpReply?> MailAsync(CancellationToken ct)
    {
        await EndTransactionAsync(ct);
        (_acceptsMessage, _hasFailed) = (false, false);
        if (_acceptsConnection)
            return null;
        if ((await EnsureAsync(ct)).Refusal is { } refusal)
            return refusal;
        if (_channel is null)
            return Fail(_fault);
        _isInTransaction = true;
        var mail = values.Mail!;
        return await AskAsync(
            MilterStage.Mail,
            (channel, macros) => channel.MailAsync($"<{mail.ReversePath}>", MilterArguments.Of(mail), macros, ct)
        );
    }

    /// <summary>RCPT came.</summary>
    public ValueTask<SmtpReply?> RcptAsync(RcptArguments recipient, CancellationToken ct) =>
        AskAsync(
            MilterStage.Rcpt,
            (channel, macros) =>
                channel.RcptAsync($"<{recipient.Recipient}>", MilterArguments.Of(recipient), macros, ct)
        );

    /// <summary>DATA came.</summary>
    public ValueTask<SmtpReply?> DataAsync(CancellationToken ct) =>
        AskAsync(MilterStage.Data, (channel, macros) => channel.DataAsync(macros, ct));

    /// <summary>The header is whole.</summary>
    public async ValueTask<SmtpReply?> HeaderAsync(MilterHeader header, CancellationToken ct)
    {
        foreach (var field in header.Fields)
        {
            if (!IsAsked)
                return null;
            if (await AskAsync(null, (channel, _) => channel.HeaderAsync(field.Name, field.Value, ct)) is { } refusal)
                return refusal;
        }

        return await AskAsync(MilterStage.EndOfHeader, (channel, macros) => channel.EndOfHeaderAsync(macros, ct));
    }

    /// <summary>A piece of the body.</summary>
    public ValueTask<SmtpReply?> BodyAsync(ReadOnlyMemory<byte> piece, CancellationToken ct) =>
        AskAsync(null, (channel, _) => channel.BodyAsync(piece, ct));

    /// <summary>The message is whole.</summary>
    /// <returns>A refusal, or what is to be changed.</returns>
    public async ValueTask<(SmtpReply? Refusal, IReadOnlyList<MilterChange> Changes)> EndAsync(
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> body,
        CancellationToken ct
    )
    {
        IReadOnlyList<MilterChange> changes = [];
        var refusal = await AskAsync(
            MilterStage.EndOfMessage,
            async (channel, macros) =>
            {
                (var answer, changes) = await channel.EndAsync(macros, body, ct);
                return answer;
            }
        );
        _isInTransaction = false;
        return (refusal, refusal is null && !_hasFailed ? changes : []);
    }

    /// <summary>It was too slow: what it says now is of no use.</summary>
    public async ValueTask<SmtpReply?> GiveUpAsync(string reason)
    {
        await DropAsync();
        return Fail(reason);
    }

    /// <summary>The session is over.</summary>
    public async ValueTask CloseAsync()
    {
        var channel = _channel;
        _channel = null;
        if (channel is not null)
            await door.CloseAsync(channel, options.KeepsConnections && !_isInTransaction);
    }

    private string _fault = "it cannot be reached";

    /// <summary>Has a channel on which the session stands as it does here, if there can be one.</summary>
    private async ValueTask<(SmtpReply? Refusal, bool IsNew)> EnsureAsync(CancellationToken ct)
    {
        if (_acceptsConnection || _channel is { IsBroken: false })
            return (null, false);
        await DropAsync();
        for (var mayBeKept = options.KeepsConnections; ; mayBeKept = false)
        {
            (var channel, var fault, var isUsed) = await door.OpenAsync(options, mayBeKept, ct);
            if (channel is null)
            {
                _fault = fault;
                return (null, false);
            }

            _channel = channel;
            (_hasFailed, _acceptsMessage) = (false, false);
            var answer = await GreetAsync(channel, isUsed, ct);
            if (answer.Verdict == MilterVerdict.Failed && isUsed)
            {
                // Nothing was said on it yet: another one is as good. Sendmail's library, of which most milters are made, gives no answer
                // after QUIT_NC.
                door.NeverKeep();
                await DropAsync();
                continue;
            }

            if (answer.Verdict == MilterVerdict.Failed)
            {
                _fault = answer.Reason;
                await DropAsync();
                return (null, false);
            }

            if (answer.Verdict == MilterVerdict.Accept)
                _acceptsConnection = true;
            var refusal = Decide(answer, "connect");
            return (refusal ?? (peer.Helo is null ? null : await SayHeloAsync(ct)), true);
        }
    }

    private async ValueTask<MilterAnswer> GreetAsync(MilterChannel channel, bool isUsed, CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(isUsed ? UsedPatience : Timeout.InfiniteTimeSpan, chain.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        try
        {
            return await channel.ConnectAsync(
                new MilterPeer(values.Name, peer.Address, peer.Port),
                Macros(MilterStage.Connect),
                either.Token
            );
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return MilterAnswer.Failed("no answer on a connection that has had a session");
        }
    }

    private async ValueTask<SmtpReply?> SayHeloAsync(CancellationToken ct)
    {
        if (_acceptsConnection || _channel is null)
            return null;
        var answer = await _channel.HeloAsync(peer.Helo ?? "", Macros(MilterStage.Helo), ct);
        if (answer.Verdict == MilterVerdict.Failed)
        {
            _fault = answer.Reason;
            await DropAsync();
            return null;
        }

        if (answer.Verdict == MilterVerdict.Accept)
            _acceptsConnection = true;
        return Decide(answer, "HELO");
    }

    private async ValueTask<SmtpReply?> AskAsync(
        MilterStage? stage,
        Func<MilterChannel, IReadOnlyList<KeyValuePair<string, string>>, ValueTask<MilterAnswer>> ask
    )
    {
        // Both hold for the whole message: else the recipients that were accepted before would get it, unseen.
        if (_discarded is not null)
            return _discarded;
        if (_hasFailed)
            return Failure();
        if (!IsAsked)
            return null;
        var answer = await ask(_channel!, stage is { } at ? Macros(at) : []);
        if (answer.Verdict == MilterVerdict.Failed)
        {
            await DropAsync();
            return Fail(answer.Reason);
        }

        if (answer.Verdict == MilterVerdict.Accept)
            _acceptsMessage = true;
        return Decide(answer, stage is { } where ? Word(where) : "content");
    }

    /// <summary>What follows from an answer.</summary>
    private SmtpReply? Decide(MilterAnswer answer, string stage)
    {
        var (reply, result, reason) = answer.Verdict switch
        {
            MilterVerdict.Reject => (No, "reject", $"refused at {stage}"),
            MilterVerdict.TempFail => (Later, "tempfail", $"deferred at {stage}"),
            MilterVerdict.Reply => (answer.Reply, "reply", $"at {stage}: {answer.Reply}"),
            // Nothing is taken and then forgotten: its sender is told.
            MilterVerdict.Discard => (No, "discard", $"to be discarded at {stage}, and so refused"),
            MilterVerdict.Accept when stage != "end of message" => (
                null,
                "accept",
                $"looks no further from {stage} on"
            ),
            _ => (null, "", ""),
        };
        if (result.Length > 0)
            Note(result, reason);
        if (answer.Verdict == MilterVerdict.Discard)
            _discarded = reply;
        return reply;
    }

    private SmtpReply? Fail(string reason)
    {
        (_hasFailed, _isInTransaction) = (true, false);
        chain.Failed(peer, door.Milter.Name, reason);
        Records.Add(new CheckRecord(Name, "failed", 0, 0, reason));
        return Failure();
    }

    private SmtpReply? Failure() =>
        options.OnFailure switch
        {
            MilterFailure.Accept => null,
            MilterFailure.Reject => NoService,
            _ => NotNow,
        };

    /// <summary>Notes what it decided.</summary>
    public void Note(string result, string reason, double milliseconds = 0)
    {
        chain.Decided(peer, door.Milter.Name, result, reason);
        Records.Add(new CheckRecord(Name, result, 0, milliseconds, reason));
    }

    private async ValueTask EndTransactionAsync(CancellationToken ct)
    {
        if (_isInTransaction && _channel is { } channel)
            await channel.AbortAsync(ct);
        _isInTransaction = false;
        _acceptsMessage = false;
        _discarded = null;
    }

    private async ValueTask DropAsync()
    {
        _isInTransaction = false;
        if (_channel is { } channel)
            await channel.DisposeAsync();
        _channel = null;
    }

    private List<KeyValuePair<string, string>> Macros(MilterStage stage) =>
        values.Of(
            _channel!.Agreed.Macros.TryGetValue(stage, out var chosen)
                ? chosen
                : options.Macros.GetValueOrDefault(stage, [])
        );

    private static string Word(MilterStage stage) =>
        stage switch
        {
            MilterStage.Mail => "MAIL",
            MilterStage.Rcpt => "RCPT",
            MilterStage.Data => "DATA",
            MilterStage.EndOfHeader => "end of header",
            _ => "end of message",
        };
}
