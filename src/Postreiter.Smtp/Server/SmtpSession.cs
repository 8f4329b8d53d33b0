using System.Buffers;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Smtp.Server.Commands;

namespace Postreiter.Smtp.Server;

/// <summary>One session: its state, and the loop that reads commands and writes replies.</summary>
internal sealed partial class SmtpSession : IAsyncDisposable
{
    private const int MostUnflushed = 32 * 1024;
    private readonly SmtpConnectionHandler _handler;
    private readonly SmtpInput _input;
    private readonly CancellationToken _stopping;
    private IMessageTransfer? _transfer;
    private int _errors;
    private int _unknownRecipients;
    private int _failedLogins;
    private int _idleCommands;
    private bool _isCounted;
    private HashSet<string>? _limitsMet;

    public SmtpSession(SmtpConnectionHandler handler, Connection connection, CancellationToken stopping)
    {
        (_handler, Connection, _stopping) = (handler, connection, stopping);
        _input = new SmtpInput(connection, handler.Options.Timeouts, handler.Time, stopping);
        Peer = new SmtpPeer
        {
            ConnectionId = connection.Id,
            Role = handler.Role,
            Address = connection.Remote.Address,
            Port = connection.Remote.Port,
            Local = connection.Local,
            Tls = connection.Tls,
            // Where TLS comes first the client has to speak first.
            TalksWithin = connection.Tls is null ? _input.TalksWithinAsync : null,
        };
    }

    public Connection Connection { get; }

    public SmtpPeer Peer { get; }

    public SmtpServerOptions Options => _handler.Options;

    public IReceptionPolicy Policy => _handler.Policy;

    public SaslServer? Sasl => _handler.Sasl;

    public TimeProvider Time => _handler.Time;

    public Random Random => _handler.Random;

    public SmtpInput Input => _input;

    /// <summary>Mechanisms of AUTH offered now; none on listeners without log-in.</summary>
    public IReadOnlyList<string> Mechanisms => Sasl?.Mechanisms(Connection, Options.AllowPlaintextAuth) ?? [];

    /// <summary>The open transaction, or null.</summary>
    public SmtpEnvelope? Envelope { get; set; }

    /// <summary>The message on its way in, from DATA or the first BDAT to its end.</summary>
    public IIncomingMessage? Message { get; private set; }

    /// <summary>What BDAT has seen of that message.</summary>
    public ChunkState Chunks { get; set; }

    /// <summary>Messages taken or refused at their end.</summary>
    public int Messages { get; private set; }

    /// <summary>Set by STARTTLS: after its reply the handshake comes.</summary>
    public bool StartsTls { get; set; }

    private SmtpPhases Phase =>
        Peer.Helo is null ? SmtpPhases.Start
        : Message is not null ? SmtpPhases.Chunks
        : Envelope is not null ? SmtpPhases.Transaction
        : SmtpPhases.Ready;

    /// <summary>Messages that this session may still bring (L11).</summary>
    public bool MayBringAnother => Messages < (Connection.IsUnderStress ? 1 : Options.Limits.MaxMessages);

    /// <summary>Serves the peer from greeting to close.</summary>
    public async Task RunAsync()
    {
        try
        {
            var greeting = await GreetAsync();
            Write(greeting);
            var goesOn = greeting.Code == 220;
            while (goesOn)
                goesOn = await StepAsync();
            await _input.FlushAsync();
        }
        catch (PeerGoneException e)
        {
            LogGone(_handler.Log, Connection.Id, e.Message);
            Connection.Abort();
        }
        catch (Exception e)
        {
            LogFault(_handler.Log, e, Connection.Id);
            Write(Replies.OwnFault with { Code = 421, ClosesConnection = true });
            await _input.FlushAsync();
        }
    }

    /// <summary>Forgets the open transaction.</summary>
    public async ValueTask ResetAsync()
    {
        (Envelope, Chunks) = (null, default);
        if (Message is { } message)
        {
            Message = null;
            await message.DisposeAsync();
        }
    }

    /// <summary>Asks the intake for a place for the open transaction's message.</summary>
    /// <returns>A refusal, or null.</returns>
    public async ValueTask<SmtpReply?> BeginMessageAsync(CancellationToken ct)
    {
        // RFC 5321 §3.3: DATA without a good recipient.
        if (Envelope!.Recipients.Count == 0)
            return Replies.NoRecipients;
        var start = await _handler.Intake.BeginAsync(Peer, Envelope, ct);
        Message = start.Message;
        if (start.Refusal is not null)
            Envelope = null;
        return start.Refusal;
    }

    /// <summary>Leaves a transfer to be done after the reply.</summary>
    public void Receive(IMessageTransfer transfer) => _transfer = transfer;

    /// <summary>The message has ended; the transaction is over.</summary>
    /// <param name="refusal">Known before: bad line ends, too long lines, too big.</param>
    /// <returns>One reply, with LMTP one for each recipient.</returns>
    public async ValueTask<IReadOnlyList<SmtpReply>> EndMessageAsync(SmtpReply? refusal)
    {
        var (envelope, message) = (Envelope!, Message!);
        (Envelope, Message) = (null, null);
        Messages++;
        _idleCommands = 0;
        await using (message)
        {
            refusal ??= message.EarlyRefusal;
            var replies = refusal is null ? await CompleteAsync(message, envelope) : Repeated(refusal, envelope);
            Policy.OnMessageEnd(Peer, envelope, replies);
            foreach (var reply in replies)
            {
                SmtpMetrics.Message(_handler.Role, reply);
                LogMessage(
                    _handler.Log,
                    Connection.Id,
                    envelope.Id,
                    envelope.Mail.ReversePath?.ToString() ?? "",
                    envelope.Recipients.Count,
                    reply
                );
            }

            if (replies.Any(r => r.IsPositive))
                _input.NoteMessage();
            return PerRecipientReplies.ToWire(_handler.Role, replies);
        }
    }

    /// <summary>Hands bytes to the message.</summary>
    /// <returns>A reply when that failed for a reason of ours.</returns>
    public async ValueTask<SmtpReply?> TryWriteAsync(IIncomingMessage message, ReadOnlySequence<byte> bytes)
    {
        try
        {
            await message.WriteAsync(bytes, CancellationToken.None);
            return null;
        }
        catch (Exception e)
        {
            LogFault(_handler.Log, e, Connection.Id);
            return Replies.OwnFault;
        }
    }

    /// <summary>Writes a challenge and reads the answer line (RFC 4954 §4).</summary>
    /// <returns>The line, or a reply that ends the exchange.</returns>
    public async ValueTask<(ReadOnlyMemory<byte> Line, SmtpReply? Fault)> AskAsync(SmtpReply challenge)
    {
        Write(challenge);
        var most = Options.Limits.MaxAuthBytes;
        var (status, line) = await _input.ReadLineAsync(most, most);
        return status == InputStatus.Closed
            ? throw new PeerGoneException("closed within AUTH")
            : (line.ToArray(), FaultOf(status));
    }

    /// <summary>Logs a fault of our own.</summary>
    public void LogFault(Exception e) => LogFault(_handler.Log, e, Connection.Id);

    public async ValueTask DisposeAsync()
    {
        Policy.OnClose(Peer);
        await ResetAsync();
        await _input.DisposeAsync();
    }

    private async ValueTask<SmtpReply> GreetAsync()
    {
        if (_stopping.IsCancellationRequested)
            return Replies.Stopping;
        try
        {
            var refusal = await Policy.OnConnectAsync(Peer, CancellationToken.None);
            var protocol = _handler.Role == ListenerRole.Lmtp ? "LMTP" : "ESMTP";
            return refusal ?? new SmtpReply(220, (EnhancedStatus?)null, $"{Options.HostName} {protocol} Postreiter");
        }
        catch (Exception e)
        {
            LogFault(_handler.Log, e, Connection.Id);
            return new SmtpReply(421, "4.3.0", "Temporary failure on our side, try again later");
        }
    }

    /// <summary>One command and what follows it.</summary>
    /// <returns>False when the session is over.</returns>
    private async ValueTask<bool> StepAsync()
    {
        var limits = Options.Limits;
        var (status, line) = await _input.ReadLineAsync(
            limits.MaxCommandBytes,
            Sasl is null ? limits.MaxCommandBytes : limits.MaxAuthBytes
        );
        if (status == InputStatus.Closed)
            return false;
        var reply = FaultOf(status) ?? await DispatchAsync(line);
        if (reply is not null && !await AnswerAsync([reply]))
            return false;
        if (_transfer is { } transfer)
        {
            _transfer = null;
            if (!await AnswerAsync(await transfer.RunAsync()))
                return false;
        }

        return !StartsTls || await StartTlsAsync();
    }

    private async ValueTask<SmtpReply?> DispatchAsync(ReadOnlyMemory<byte> line)
    {
        var verbLength = line.Span.IndexOf((byte)' ');
        var verb = verbLength < 0 ? line : line[..verbLength];
        var arguments = verbLength < 0 ? default : line[(verbLength + 1)..];
        var hasControl = line.Span.ContainsAnyInRange((byte)0, (byte)31) || line.Span.Contains((byte)127);
        var command = hasControl ? null : CommandTable.Find(_handler.Role, verb.Span);
        if (command is null)
        {
            Peer.Dialogue?.HeardNoCommand(line.Length);
            return hasControl ? Replies.ControlCharacter : Replies.Unknown;
        }

        Peer.Dialogue?.Heard(line.Span);
        if (!command.AllowedIn.HasFlag(Phase))
            return OutOfOrder();
        if (command.IsIdle && ++_idleCommands > Options.Limits.MaxIdleCommands)
        {
            Meet("L10", "counts as an error");
            await CountErrorAsync();
        }

        try
        {
            return await command.ExecuteAsync(this, arguments, CancellationToken.None);
        }
        catch (Exception e) when (e is not PeerGoneException)
        {
            LogFault(_handler.Log, e, Connection.Id);
            return Replies.OwnFault;
        }
    }

    private async ValueTask<IReadOnlyList<SmtpReply>> CompleteAsync(IIncomingMessage message, SmtpEnvelope envelope)
    {
        using var timer = new CancellationTokenSource(Options.Timeouts.EndOfData, Time);
        try
        {
            return await message.CompleteAsync(timer.Token);
        }
        catch (Exception e)
        {
            // Not known to be durable: the client keeps it and tries again.
            LogFault(_handler.Log, e, Connection.Id);
            return Repeated(Replies.OwnFault, envelope);
        }
    }

    private SmtpReply OutOfOrder() =>
        Phase switch
        {
            SmtpPhases.Start => new SmtpReply(503, "5.5.1", "Say EHLO first"),
            SmtpPhases.Ready => new SmtpReply(503, "5.5.1", "MAIL comes first"),
            SmtpPhases.Transaction => new SmtpReply(503, "5.5.1", "A transaction is open; RSET ends it"),
            _ => new SmtpReply(503, "5.5.1", "The next chunk or RSET is due"),
        };

    private async ValueTask<bool> StartTlsAsync()
    {
        StartsTls = false;
        if (!await Connection.StartTlsAsync(CancellationToken.None))
            return false;
        // RFC 3207 §4.2: nothing that was said before counts.
        (Peer.Tls, Peer.Helo, Peer.IsExtended, Peer.User, Peer.Mechanism) = (Connection.Tls, null, false, null, null);
        await ResetAsync();
        return true;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "SMTP {ConnectionId}: ended: {Reason}")]
    private static partial void LogGone(ILogger logger, string connectionId, string reason);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "SMTP {ConnectionId}: {Id} from <{Sender}> to {Recipients} recipients: {Reply}"
    )]
    private static partial void LogMessage(
        ILogger logger,
        string connectionId,
        TraceId id,
        string sender,
        int recipients,
        SmtpReply reply
    );

    [LoggerMessage(Level = LogLevel.Error, Message = "SMTP {ConnectionId}: a fault of our own")]
    private static partial void LogFault(ILogger logger, Exception e, string connectionId);

    [LoggerMessage(Level = LogLevel.Information, Message = "SMTP {ConnectionId}: met limit {Limit}: {Consequence}")]
    private static partial void LogLimit(ILogger logger, string connectionId, string limit, string consequence);
}
