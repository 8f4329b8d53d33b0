using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>DELETE (RFC 9051 §6.3.5). A mailbox with children stays: NO [HASCHILDREN].</summary>
internal sealed class DeleteCommand : IImapCommand
{
    public string Name => "DELETE";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var mailbox, out var given) || !args.AtEnd)
            return ImapReply.Syntax;
        var mail = session.Store.Mail;
        var found = await mail.FindMailboxAsync(session.AccountId, mailbox, ct);
        var change = await mail.DeleteMailboxAsync(session.AccountId, mailbox, ct);
        if (change != MailboxChange.Done)
            return MailboxName.Answer(session, change);
        MailboxResponses.OldName(session, given, mailbox, "\\NonExistent");
        // The one who deletes the selected mailbox knows that it is gone; others hear BYE.
        if (found is not null && session.Selected?.Mailbox.Id == found.Id)
            session.CloseSelected();
        return MailboxName.Answer(session, change);
    }
}
