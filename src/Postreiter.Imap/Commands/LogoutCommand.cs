using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

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
