using System.Net;
using Microsoft.Extensions.Logging;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Pop3.Commands;
using Postreiter.Pop3.Syntax;
using Postreiter.Storage;
using Postreiter.Storage.Mail;

namespace Postreiter.Pop3;

/// <summary>One session: reads a command, looks it up, checks its phase, sends its reply.</summary>
internal sealed class Pop3Session : IDisposable
{
    private readonly Connection _connection;
    private readonly Pop3Services _services;
    private readonly SessionTimer _timer;
    private readonly ReplyWriter _writer;
    private readonly LineInput _input;
    private IDisposable? _lock;
    private Maildrop? _maildrop;
    private int _errors;
    private int _failedLogins;
    private List<string>? _limitsMet;

    public Pop3Session(Connection connection, Pop3Services services)
    {
        (_connection, _services) = (connection, services);
        _timer = new SessionTimer(connection, services.Options, services.Time);
        _writer = new ReplyWriter(connection, _timer);
        _input = new LineInput(connection, _timer, services.Options.MaxDiscardedLineLength);
    }

    /// <summary>Where the session is.</summary>
    public Pop3Phases Phase => _maildrop is null ? Pop3Phases.Authorization : Pop3Phases.Transaction;

    /// <summary>The user's messages; only in the TRANSACTION state.</summary>
    public Maildrop Maildrop => _maildrop ?? throw new InvalidOperationException("Nobody has logged in");

    /// <summary>The name that USER gave, until PASS takes it.</summary>
    public string? UserName { get; set; }

    /// <summary>Whether passwords may be sent now (P13).</summary>
    public bool AllowsPasswords => _connection.Tls is not null || _services.Options.AllowPlaintextAuth;

    /// <summary>SASL mechanisms that can be used now.</summary>
    public IReadOnlyList<string> Mechanisms => _services.Sasl.Mechanisms(_connection, AllowsPasswords);

    public bool CanStartTls => _connection.CanStartTls;

    public string ConnectionId => _connection.Id;

    public IPAddress Remote => _connection.Remote.Address;

    public IAuthenticator Authenticator => _services.Authenticator;

    public IMailStore Mail => _services.Store.Mail;

    public ILogger Logger => _services.Logger;

    /// <summary>A limit was met: it is counted, and logged once in a session.</summary>
    public void Meet(string limit)
    {
        Pop3Metrics.Limit(limit);
        _limitsMet ??= [];
        if (_limitsMet.Contains(limit))
            return;
        _limitsMet.Add(limit);
        Logger.LogInformation("{Connection}: limit {Limit} was met", ConnectionId, limit);
    }

    /// <summary>Begins a SASL exchange; null when the mechanism cannot be used.</summary>
    public SaslExchange? BeginSasl(string mechanism) => _services.Sasl.Begin(mechanism, _connection, AllowsPasswords);

    /// <summary>Runs it from greeting to end.</summary>
    /// <param name="stopping">Cancelled when the server stops.</param>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var stop = stopping.Register(() => _connection.Input.CancelPendingRead());
        // No timestamp: APOP is not offered (RFC 1939 §7).
        var reply = Pop3Reply.Ok($"{_services.Options.Hostname} POP3 server ready");
        while (await SendAsync(reply, stopping))
        {
            if (reply.Closes)
            {
                await _writer.FlushAsync(stopping);
                return;
            }

            if (reply.StartsTls && !await StartTlsAsync(stopping))
                return;
            var (outcome, line) = await _input.ReadAsync(_services.Options.MaxLineLength, stopping);
            reply = outcome switch
            {
                LineOutcome.Line => await ExecuteAsync(line, stopping),
                LineOutcome.Bad => Pop3Reply.Syntax,
                LineOutcome.TooLong => TooLong(),
                LineOutcome.Interrupted when stopping.IsCancellationRequested => Ending("the server is stopping"),
                LineOutcome.Interrupted => Ending("you were silent for too long"),
                _ => null,
            };
            if (reply is null)
                return;
            reply = Count(reply);
        }
    }

    /// <summary>Sends a SASL challenge and waits for the answer.</summary>
    /// <returns>The line; null when it is too long or there is none.</returns>
    public async ValueTask<ReadOnlyMemory<byte>?> AskAsync(ReadOnlyMemory<byte> challenge, CancellationToken ct)
    {
        if (!await _writer.WriteChallengeAsync(challenge, ct))
            return null;
        var (outcome, line) = await _input.ReadAsync(_services.Options.MaxSaslLineLength, ct);
        return outcome == LineOutcome.Line ? line : default(ReadOnlyMemory<byte>?);
    }

    /// <summary>Goes on after a log-in: takes the mailbox and its snapshot, or says why not.</summary>
    public async ValueTask<Pop3Reply> LogInAsync(AuthenticationResult result, CancellationToken ct)
    {
        Pop3Metrics.Logins.Add(1, new KeyValuePair<string, object?>("outcome", result.Status.ToString()));
        if (result is not { Status: AuthenticationStatus.Succeeded, User: { } user })
            return Refuse(result.Status);
        if (await Mail.FindMailboxAsync(user.AccountId, Mailbox.Inbox, ct) is not { } inbox)
            return Pop3Reply.TemporaryFault;
        if (_services.Locks.TryTake(inbox.Id) is not { } taken)
            return Pop3Reply.Error("[IN-USE] another session has the mailbox");
        _lock = taken;
        try
        {
            _maildrop = await Maildrop.OpenAsync(Mail, inbox, ct);
        }
        finally
        {
            if (_maildrop is null)
                taken.Dispose();
        }

        _errors = 0;
        Logger.LogInformation("{Connection}: {User} logged in from {Remote}", ConnectionId, user.Address, Remote);
        return Pop3Reply.Ok($"{_maildrop.Remaining} messages, {_maildrop.RemainingSize} octets");
    }

    /// <summary>Opens a message.</summary>
    /// <returns>Null when it has gone since log-in.</returns>
    public async ValueTask<MessageContent?> OpenAsync(int number, CancellationToken ct)
    {
        var uid = new UidRange(Maildrop.UidOf(number));
        await foreach (var message in Mail.ReadMessagesAsync(Maildrop.Mailbox.Id, [uid], ct))
            return await Mail.OpenAsync(message, ct);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lock?.Dispose();
        _timer.Dispose();
    }

    private async ValueTask<Pop3Reply> ExecuteAsync(ReadOnlyMemory<byte> line, CancellationToken ct)
    {
        if (!Pop3Command.TryParse(line, out var command))
            return Pop3Reply.Syntax;
        if (CommandTable.Find(command.Keyword) is not { } handler)
            return Pop3Reply.Bad("unknown command");
        if (!handler.AllowedIn.HasFlag(Phase))
            return Pop3Reply.Bad("not in this state");
        try
        {
            return await handler.ExecuteAsync(this, command.Argument, ct);
        }
        // A file's IOException too; when it was the peer's, the reply ends the session.
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            Logger.LogError(fault, "{Connection}: a command failed", ConnectionId);
            return Pop3Reply.TemporaryFault;
        }
    }

    // Replies stay buffered while more commands are waiting (RFC 2449 §6.6), and go out together.
    private async ValueTask<bool> SendAsync(Pop3Reply reply, CancellationToken ct)
    {
        try
        {
            if (!await _writer.WriteAsync(reply, ct))
                return false;
        }
        catch (StoreException fault)
        {
            // The client has a part of the message: only a broken connection tells it so.
            Logger.LogError(fault, "{Connection}: a message could not be read to its end", ConnectionId);
            _connection.Abort();
            return false;
        }
        finally
        {
            if (reply.Content is { } content)
                await content.DisposeAsync();
        }

        if (reply is { Content: not null, BodyLines: null })
            Pop3Metrics.Retrieved.Add(1);
        // STLS is answered by the connection, once what came too early is gone.
        return reply.StartsTls || _input.HasWholeLine() || await _writer.FlushAsync(ct);
    }

    private async ValueTask<bool> StartTlsAsync(CancellationToken ct)
    {
        // RFC 2595 §4: nothing said before TLS counts.
        UserName = null;
        return await _connection.StartTlsAsync(ct);
    }

    private Pop3Reply Refuse(AuthenticationStatus status)
    {
        if (status == AuthenticationStatus.Unavailable)
            return Pop3Reply.TemporaryFault;
        _failedLogins++;
        var closes = _failedLogins >= _services.Options.MaxFailedLogins;
        if (closes)
            Meet("L13");
        // RFC 3206 §4: [AUTH] says that the fault is in the credentials.
        return Pop3Reply.Error("[AUTH] name or password is wrong") with { Closes = closes };
    }

    private Pop3Reply Count(Pop3Reply reply)
    {
        if (!reply.IsBadCommand)
            return reply;
        _errors++;
        var options = _services.Options;
        var most = _maildrop is null ? options.MaxErrorsBeforeLogin : options.MaxErrorsAfterLogin;
        if (_errors < most)
            return reply;
        Meet("L26");
        return reply with { Closes = true };
    }

    private Pop3Reply TooLong()
    {
        Meet("L27");
        return Pop3Reply.LineTooLong with { Closes = _input.LastLength > _services.Options.MaxDiscardedLineLength };
    }

    private static Pop3Reply Ending(string reason) => Pop3Reply.Error($"[SYS/TEMP] {reason}") with { Closes = true };
}
