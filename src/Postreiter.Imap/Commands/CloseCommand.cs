using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>CLOSE and UNSELECT (RFC 9051 §6.4.1, §6.4.2): CLOSE expunges, and tells none of it.</summary>
internal sealed class CloseCommand(string name, bool expunge) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.Selected;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.AtEnd)
            return ImapReply.Syntax;
        if (expunge && session.Selected is { IsReadOnly: false } selected)
            await session.Store.Mail.ExpungeAsync(selected.Mailbox.Id, null, ct);
        session.Select(null);
        return ImapReply.Ok("Done");
    }
}
