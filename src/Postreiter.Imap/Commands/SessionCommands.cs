using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>CAPABILITY (RFC 9051 §6.1.1).</summary>
internal sealed class CapabilityCommand : IImapCommand
{
    public string Name => "CAPABILITY";

    public ImapStates AllowedIn => ImapStates.Any;

    /// <summary>The capability words as of now.</summary>
    public static string Words(ImapSession session)
    {
        const string Always = "CAPABILITY IMAP4rev1 LITERAL- ID";
        if (session.User is not null)
            return Always + " UIDPLUS MOVE UNSELECT IDLE NAMESPACE CHILDREN";
        var words = session.Connection.CanStartTls ? Always + " STARTTLS" : Always;
        return session.AllowsPasswords ? words : words + " LOGINDISABLED";
    }

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.AtEnd)
            return new(ImapReply.Syntax);
        session.Writer.Raw("* "u8).Raw(Words(session)).Crlf();
        return new(ImapReply.Ok("Done"));
    }
}

/// <summary>NOOP and CHECK: the session tells changes after every command (RFC 9051 §6.1.2, RFC 3501 §6.4.1).</summary>
internal sealed class NoopCommand(string name, ImapStates states) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => states;

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct) =>
        new(args.AtEnd ? ImapReply.Ok("Done") : ImapReply.Syntax);
}

/// <summary>LOGOUT (RFC 9051 §6.1.3).</summary>
internal sealed class LogoutCommand : IImapCommand
{
    public string Name => "LOGOUT";

    public ImapStates AllowedIn => ImapStates.Any;

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.AtEnd)
            return new(ImapReply.Syntax);
        session.Bye("Good bye");
        return new(ImapReply.Ok("Done"));
    }
}

/// <summary>ID (RFC 2971): what the client says is read and forgotten.</summary>
internal sealed class IdCommand : IImapCommand
{
    private const int MaxStrings = 60;

    public string Name => "ID";

    public ImapStates AllowedIn => ImapStates.Any;

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !(args.TryKeyword("NIL"u8) || TryList(args)) || !args.AtEnd)
            return new(ImapReply.Syntax);
        session.Writer.Raw("* ID (\"name\" \"Postreiter\")\r\n"u8);
        return new(ImapReply.Ok("Done"));
    }

    private static bool TryList(ImapReader args)
    {
        if (!args.TryOpen())
            return false;
        for (var count = 0; !args.TryClose(); count++)
        {
            // RFC 2971 §3.3: 30 pairs at most.
            if (count == MaxStrings || (count > 0 && !args.TrySpace()) || !args.TryNstring(out _))
                return false;
        }

        return true;
    }
}

/// <summary>STARTTLS (RFC 9051 §6.2.1).</summary>
internal sealed class StartTlsCommand : IImapCommand
{
    public string Name => "STARTTLS";

    public ImapStates AllowedIn => ImapStates.NotAuthenticated;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.AtEnd)
            return ImapReply.Syntax;
        if (!session.Connection.CanStartTls)
            return ImapReply.Bad("TLS cannot be started here");
        session.Writer.Status(session.Tag, ImapReply.Ok("Begin TLS now"));
        await session.Writer.FlushAsync(ct);
        session.HasAnswered = true;
        if (await session.Connection.StartTlsAsync(ct))
            session.RestartUnderTls();
        else
            throw new IOException("the TLS handshake failed");
        return ImapReply.Ok("Done");
    }
}

/// <summary>LOGIN (RFC 9051 §6.2.3).</summary>
internal sealed class LoginCommand : IImapCommand
{
    public string Name => "LOGIN";

    public ImapStates AllowedIn => ImapStates.NotAuthenticated;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !args.TryAstringText(out var user) || !args.TrySpace())
            return ImapReply.Syntax;
        if (!args.TryAstringText(out var password) || !args.AtEnd)
            return ImapReply.Syntax;
        // RFC 9051 §11.2: a password without TLS is refused before it is looked at.
        if (!session.AllowsPasswords)
            return ImapReply.No("Start TLS first", "PRIVACYREQUIRED");
        var remote = session.Connection.Remote.Address;
        var result = await session.Services.Authenticator.VerifyPasswordAsync(user, password, remote, ct);
        if (result is { Status: Net.AuthenticationStatus.Succeeded, User: { } who })
        {
            session.LogIn(who);
            return ImapReply.Ok("Logged in", CapabilityCommand.Words(session));
        }

        if (result.Status == Net.AuthenticationStatus.Unavailable)
            return ImapReply.No("Logins cannot be checked now", "UNAVAILABLE");
        if (session.CountFailedLogin())
            session.EndAfterAnswer("Too many failed logins");
        return ImapReply.No("Wrong name or password", "AUTHENTICATIONFAILED");
    }
}
