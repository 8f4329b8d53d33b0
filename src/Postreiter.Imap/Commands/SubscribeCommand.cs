using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.7, §6.3.8).</summary>
internal sealed class SubscribeCommand(string name, bool subscribe) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var mailbox) || !args.AtEnd)
            return ImapReply.Syntax;
        return MailboxName.Answer(
            session,
            await session.Store.Mail.SubscribeAsync(session.AccountId, mailbox, subscribe, ct)
        );
    }
}
