using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>RENAME (RFC 9051 §6.3.6).</summary>
internal sealed class RenameCommand : IImapCommand
{
    public string Name => "RENAME";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var from, out var givenFrom))
            return ImapReply.Syntax;
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var to, out var givenTo) || !args.AtEnd)
            return ImapReply.Syntax;
        (to, givenTo) = (to.TrimEnd(Mailbox.Separator), givenTo.TrimEnd(Mailbox.Separator));
        if (!MailboxName.IsGood(to))
            return MailboxName.Refuse(session, to);
        var change = await session.Store.Mail.RenameMailboxAsync(session.AccountId, from, to, ct);
        // RFC 9051 §6.3.6: told when one of the two names was not written as we keep it.
        var isAsGiven =
            string.Equals(from, givenFrom, StringComparison.Ordinal)
            && string.Equals(to, givenTo, StringComparison.Ordinal);
        if (change == MailboxChange.Done && !isAsGiven)
            MailboxResponses.OldName(session, givenFrom, to);
        session.Selected?.ExpectChanges();
        return MailboxName.Answer(session, change);
    }
}
