using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>COPY and MOVE with their UID forms (RFC 9051 §6.4.7, §6.4.8).</summary>
internal sealed class TransferCommand(string name, bool byUid, bool move) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.Selected;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        var selected = session.Selected!;
        if (!args.TrySpace() || !args.TrySequenceSet(out var set) || !args.TrySpace())
            return ImapReply.Syntax;
        if (!MailboxName.TryRead(args, session, out var target) || !args.AtEnd)
            return ImapReply.Syntax;
        if (!selected.TryResolve(set, byUid, out var uids))
            return ImapReply.Bad("No such message");
        if (move && selected.IsReadOnly)
            return ImapReply.ReadOnly;
        if (await session.Store.Mail.FindMailboxAsync(session.AccountId, target, ct) is not { } to)
            return MailboxName.NoTarget(target);
        var result = await session.Store.Mail.TransferAsync(selected.Mailbox.Id, uids, to.Id, move, ct);
        if (result.Status != TransferStatus.Done)
            return result.Status == TransferStatus.OverQuota ? ImapReply.OverQuota : ImapReply.NoTarget;
        selected.ExpectChanges();
        if (result.Uids.Count == 0)
            return ImapReply.Ok("Nothing to do");
        if (session.Services.Teacher is { } teacher)
        {
            var taught = UidRange.From(result.Uids.Select(u => u.To).Order());
            if (JunkJudgement.OfTransfer(selected.Mailbox.Use, to.Use) is { } isSpam)
                teacher.Judge(session.AccountId, to.Id, taught, isSpam);
            teacher.Put(session.Account, selected.Mailbox.Name, to, taught);
        }

        var code =
            $"COPYUID {result.UidValidity} {Set(result.Uids.Select(u => u.From))} {Set(result.Uids.Select(u => u.To))}";
        if (!move)
            return ImapReply.Ok("Copied", code);
        // RFC 6851 §4.3: before the EXPUNGEs, so that the client knows where the messages went.
        session.Writer.Status("*", ImapReply.Ok("Moved", code));
        return ImapReply.Ok("Done");
    }

    private static string Set(IEnumerable<uint> uids) =>
        string.Join(',', UidRange.From(uids).Select(r => r.First == r.Last ? $"{r.First}" : $"{r.First}:{r.Last}"));
}
