using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1).</summary>
internal sealed class ExpungeCommand(string name, bool byUid) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.Selected;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        var selected = session.Selected!;
        IReadOnlyList<UidRange>? uids = null;
        if (byUid)
        {
            if (!args.TrySpace() || !args.TrySequenceSet(out var set) || !selected.TryResolve(set, true, out uids))
                return ImapReply.Syntax;
        }

        if (!args.AtEnd)
            return ImapReply.Syntax;
        if (selected.IsReadOnly)
            return ImapReply.ReadOnly;
        await session.Store.Mail.ExpungeAsync(selected.Mailbox.Id, uids, ct);
        selected.ExpectChanges();
        return ImapReply.Ok("Expunged");
    }
}
