using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>NAMESPACE (RFC 2342): one personal namespace without a prefix.</summary>
internal sealed class NamespaceCommand : IImapCommand
{
    public string Name => "NAMESPACE";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.AtEnd)
            return new(ImapReply.Syntax);
        session.Writer.Raw("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"u8);
        return new(ImapReply.Ok("Done"));
    }
}
