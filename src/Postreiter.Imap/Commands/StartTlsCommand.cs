using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

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
        session.HasAnswered = true;
        if (await session.Connection.StartTlsAsync(ct))
            session.RestartUnderTls();
        else
            throw new PeerGoneException("the TLS handshake failed");
        return ImapReply.Ok("Done");
    }
}
