using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

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
        return session.ConcludeLogin(
            await session.Services.Authenticator.VerifyPasswordAsync(user, password, remote, ct)
        );
    }
}
