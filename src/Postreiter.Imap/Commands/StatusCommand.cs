using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Commands;

/// <summary>STATUS (RFC 9051 §6.3.11, RFC 8438).</summary>
internal sealed class StatusCommand : IImapCommand
{
    public string Name => "STATUS";

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var name) || !args.TrySpace())
            return ImapReply.Syntax;
        var items = new List<StatusItem>();
        if (!StatusItems.TryRead(args, items) || !args.AtEnd)
            return ImapReply.Syntax;
        if (await session.Store.Mail.FindMailboxAsync(session.AccountId, name, ct) is not { } box)
            return ImapReply.NoMailbox;
        MailboxResponses.Status(session, box, items);
        return ImapReply.Ok("Done");
    }
}
