using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Imap.Commands;
using Postreiter.Imap.Responses;
using Postreiter.Imap.Syntax;
using Postreiter.Net;
using Postreiter.Storage;

namespace Postreiter.Imap.Session;

/// <summary>One connection's state (RFC 9051 §3) and its loop.</summary>
internal sealed partial class ImapSession(Connection connection, ImapServices services, CancellationToken stopping)
    : IDisposable
{
    private readonly CommandInput _input = new(connection, services.Time, stopping);
    private int _badCommands;
    private int _tooLong;
    private int _failedLogins;
    private bool _ended;
    private string? _byeAfterAnswer;
    private List<string>? _limitsMet;

    public Connection Connection => connection;

    public ImapServices Services => services;

    public ImapOptions Options => services.Options;

    public IStore Store => services.Store;

    public RecentMailboxes Recent => services.Recent;

    public CommandInput Input => _input;

    /// <summary>Where responses go. Changes when TLS starts.</summary>
    public ImapWriter Writer { get; private set; } = Begin(connection, services);

    /// <summary>Who has logged in.</summary>
    public AuthenticatedUser? User { get; private set; }

    /// <summary>For APPEND with keywords.</summary>
    public KeywordCensus Keywords { get; } = new();

    /// <summary>The selected mailbox.</summary>
    public SelectedMailbox? Selected { get; private set; }

    /// <summary>ENABLE IMAP4rev2 was given: UTF-8 names, ESEARCH, no RECENT (RFC 9051 §6.3.1).</summary>
    public bool IsRev2 { get; set; }

    /// <summary>ENABLE UTF8=ACCEPT was given (RFC 6855 §3).</summary>
    public bool AcceptsUtf8 { get; set; }

    /// <summary>Whether names and quoted strings may hold UTF-8 both ways.</summary>
    public bool UsesUtf8 => IsRev2 || AcceptsUtf8;

    /// <summary>The tag of the command under way, for ESEARCH correlators.</summary>
    public string Tag { get; private set; } = "*";

    /// <summary>The state by which commands are allowed.</summary>
    public ImapStates State =>
        User is null ? ImapStates.NotAuthenticated
        : Selected is null ? ImapStates.Authenticated
        : ImapStates.Selected;

    /// <summary>Whether a password may pass on this connection (P13).</summary>
    public bool AllowsPasswords => connection.Tls is not null || Options.AllowPlaintext;

    /// <summary>How long the peer may be silent now.</summary>
    public TimeSpan Patience => User is null ? Options.LoginTimeout : Options.IdleTimeout;

    /// <summary>The user's account.</summary>
    public long AccountId => User?.AccountId ?? throw new InvalidOperationException("nobody has logged in");

    public EmailAddress Account => User?.Address ?? throw new InvalidOperationException("nobody has logged in");

    /// <summary>Set by a command that has sent its tagged answer itself.</summary>
    public bool HasAnswered { get; set; }

    /// <summary>Whether the session is over.</summary>
    public bool HasEnded => _ended;

    /// <summary>A limit was met: it is counted, and logged once in a session.</summary>
    public void Meet(string limit)
    {
        ImapMetrics.Limit(limit);
        _limitsMet ??= [];
        if (_limitsMet.Contains(limit))
            return;
        _limitsMet.Add(limit);
        LogLimit(services.Logger, connection.Id, limit);
    }

    /// <summary>Says BYE and ends the session.</summary>
    public void Bye(string text, string? code = null)
    {
        if (!_ended)
            Writer.Status("*", new ImapReply("BYE", code, text));
        _ended = true;
    }

    /// <summary>Enters the authenticated state, or counts a failed login; the third of them ends the session (L13).</summary>
    public ImapReply ConcludeLogin(AuthenticationResult result)
    {
        ImapMetrics.Login(result.Status);
        if (result is { Status: AuthenticationStatus.Succeeded, User: { } user })
        {
            (User, _badCommands) = (user, 0);
            return ImapReply.Ok("Logged in", CapabilityCommand.Words(this));
        }

        // F12.
        if (result.Status == AuthenticationStatus.Unavailable)
            return ImapReply.No("Logins cannot be checked now", "UNAVAILABLE");
        if (++_failedLogins >= Options.MaxFailedLogins)
        {
            Meet("L13");
            _byeAfterAnswer = "Too many failed logins";
        }

        return ImapReply.No("Wrong name or password", "AUTHENTICATIONFAILED");
    }

    /// <summary>Counts an over-long line; the second one ends the session (L21).</summary>
    /// <param name="tail">The line's last bytes.</param>
    public ImapReply CountTooLong(byte[] tail)
    {
        Meet("L21");
        // A literal that comes unasked after such a line would be taken for commands.
        if (++_tooLong >= 2 || LiteralHeader.Find(tail.AsSpan().TrimEnd("\r\n"u8)) is { IsNonSync: true })
            Bye("Command lines are too long");
        return ImapReply.Bad("The command line is too long");
    }

    /// <summary>Ends the session because no line came.</summary>
    public void EndInput(InputStatus status)
    {
        if (status == InputStatus.TimedOut)
            Bye("Too long without a command");
        else if (status == InputStatus.Stopping)
            Bye("The server is shutting down", "UNAVAILABLE");
        _ended = true;
    }

    /// <summary>Leaves the selected mailbox and enters another, or none.</summary>
    public void Select(SelectedMailbox? mailbox)
    {
        Selected?.Dispose();
        Selected = mailbox;
    }

    /// <summary>Leaves the selected mailbox, if there is one, and says so (RFC 9051 §7.1, CLOSED).</summary>
    public void CloseSelected()
    {
        if (Selected is null)
            return;
        Select(null);
        Writer.Status("*", ImapReply.Ok("The mailbox is closed", "CLOSED"));
    }

    /// <summary>After the handshake: new streams, and nothing known from before (RFC 9051 §6.2.1).</summary>
    public void RestartUnderTls() => Writer = Begin(connection, services);

    /// <summary>Tells changes of the selected mailbox.</summary>
    public async ValueTask TellChangesAsync(bool mayExpunge, CancellationToken ct)
    {
        if (Selected is not { } selected)
            return;
        if (await selected.TellChangesAsync(Store.Mail, Writer, mayExpunge, tellRecent: !IsRev2, ct))
            return;
        // Deleted by another session: there is no state but this that tells the client so (RFC 9051 §7.1.5).
        Select(null);
        Bye("The selected mailbox was deleted");
    }

    /// <summary>Tells changes while nothing can be answered; a fault of ours is logged, and the next change tries again.</summary>
    public async ValueTask TryTellChangesAsync(CancellationToken ct)
    {
        try
        {
            await TellChangesAsync(mayExpunge: true, ct);
        }
        catch (Exception e) when (e is not PeerGoneException && Writer.IsBetweenResponses)
        {
            LogFault(services.Logger, e, connection.Id, "IDLE");
            Selected?.ExpectChanges();
        }
    }

    /// <summary>Runs from the greeting to the end.</summary>
    public async Task RunAsync()
    {
        Writer.Status("*", ImapReply.Ok("Postreiter is ready", CapabilityCommand.Words(this)));
        await Writer.FlushAsync(stopping);
        while (!_ended)
        {
            var reply = await StepAsync();
            if (reply is not null)
                await FinishAsync(reply);
            await Writer.FlushAsync(CancellationToken.None);
        }
    }

    public void Dispose() => Select(null);

    private static ImapWriter Begin(Connection connection, ImapServices services) =>
        new(connection.Output, services.Options.WriteTimeout, services.Time);

    private async ValueTask<ImapReply?> StepAsync()
    {
        Tag = "*";
        var (status, command) = await ReadCommandAsync();
        switch (status)
        {
            case InputStatus.Line:
                return command is null ? null : await ExecuteAsync(new ImapReader(command));
            case InputStatus.TooLong:
                return CountTooLong(command ?? []);
            default:
                EndInput(status);
                return null;
        }
    }

    private async ValueTask<ImapReply> ExecuteAsync(ImapReader args)
    {
        if (!args.TryTag(out var tag))
            return ImapReply.Bad("A tag is missing");
        Tag = tag;
        if (!args.TrySpace() || !args.TryAtom(out var name))
            return ImapReply.Bad("A command is missing");
        name = name.ToUpperInvariant();
        if (name == "UID" && args.TrySpace() && args.TryAtom(out var form))
            name = "UID " + form.ToUpperInvariant();
        if (!CommandTable.All.TryGetValue(name, out var command))
            return ImapReply.Bad("Unknown command");
        var reply = command.AllowedIn.HasFlag(State)
            ? await RunAsync(command, args)
            : ImapReply.Bad("Not in this state");
        if (args.LimitMet is { } limit)
            Meet(limit);
        ImapMetrics.Command(command.Name, reply.Status);
        return reply;
    }

    private async ValueTask<ImapReply> RunAsync(IImapCommand command, ImapReader args)
    {
        try
        {
            var reply = await command.ExecuteAsync(this, args, CancellationToken.None);
            if (!_ended)
                await TellChangesAsync(command.MayTellExpunges, CancellationToken.None);
            return reply;
        }
        catch (Exception e) when (e is not PeerGoneException)
        {
            // Ours, whatever it is. Inside a response nothing can be said any more but the end.
            if (!Writer.IsBetweenResponses || HasAnswered)
                throw;
            LogFault(services.Logger, e, connection.Id, command.Name);
            return (e as StoreException)?.Fault switch
            {
                StoreFault.DiskFull => ImapReply.No("The server's disk is full", "OVERQUOTA"),
                StoreFault.Busy => ImapReply.No("The mailbox is busy, try again", "INUSE"),
                _ => ImapReply.No("The server has a fault", "SERVERBUG"),
            };
        }
    }

    private async ValueTask FinishAsync(ImapReply reply)
    {
        if (Tag == "*" && _ended)
            return;
        if (!HasAnswered)
            Writer.Status(Tag, reply);
        HasAnswered = false;
        if (_byeAfterAnswer is { } bye)
            Bye(bye);
        var most = User is null ? Options.MaxBadCommandsBeforeLogin : Options.MaxBadCommands;
        if (reply.IsBad && ++_badCommands >= most)
        {
            Meet("L26");
            Bye("Too many bad commands");
        }

        await Writer.FlushAsync(CancellationToken.None);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "IMAP {ConnectionId}: {Command} failed")]
    private static partial void LogFault(ILogger logger, Exception e, string connectionId, string command);

    [LoggerMessage(Level = LogLevel.Information, Message = "IMAP {ConnectionId}: limit {Limit} was met")]
    private static partial void LogLimit(ILogger logger, string connectionId, string limit);
}
