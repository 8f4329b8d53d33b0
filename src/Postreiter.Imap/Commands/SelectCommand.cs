using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3).</summary>
internal sealed class SelectCommand(string name, bool isReadOnly) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.LoggedIn;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.TrySpace() || !MailboxName.TryRead(args, session, out var mailbox) || !args.AtEnd)
            return ImapReply.Syntax;
        // RFC 9051 §6.3.2: the old mailbox is left also when the new one cannot be opened.
        session.Select(null);
        // Listening starts before the snapshot, so that no change falls between the two.
        var changes = session.Store.Changes.SubscribeToAccount(session.AccountId);
        MailboxChanges? opened = null;
        try
        {
            if (await session.Store.Mail.FindMailboxAsync(session.AccountId, mailbox, ct) is { } found)
                opened = await session.Store.Mail.ReadChangesAsync(found.Id, 0, ct);
        }
        finally
        {
            if (opened is null)
                changes.Dispose();
        }

        if (opened is null)
            return ImapReply.NoMailbox;
        session.Select(new SelectedMailbox(opened, isReadOnly, changes));
        Tell(session.Writer, opened, isReadOnly);
        return ImapReply.Ok("Selected", isReadOnly ? "READ-ONLY" : "READ-WRITE");
    }

    private static void Tell(ImapWriter writer, MailboxChanges opened, bool isReadOnly)
    {
        var keywords = opened.Entries.Select(e => e.Flags).Distinct().SelectMany(f => f.Keywords);
        var flags = new MessageFlags(
            SystemFlags.Seen | SystemFlags.Answered | SystemFlags.Flagged | SystemFlags.Deleted | SystemFlags.Draft,
            keywords.Take(256)
        );
        writer.Raw("* FLAGS "u8).Flags(flags).Crlf();
        if (isReadOnly)
            writer.Raw("* OK [PERMANENTFLAGS ()] None can be changed\r\n"u8);
        else
            writer.Raw("* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Kept\r\n"u8);
        writer.Raw("* "u8).Number(opened.Entries.Count).Raw(" EXISTS\r\n* 0 RECENT\r\n"u8);
        for (var i = 0; i < opened.Entries.Count; i++)
        {
            if (opened.Entries[i].Flags.Has(SystemFlags.Seen))
                continue;
            writer.Raw("* OK [UNSEEN "u8).Number(i + 1).Raw("] First unseen\r\n"u8);
            break;
        }

        writer.Raw("* OK [UIDVALIDITY "u8).Number(opened.Mailbox.UidValidity).Raw("] Valid\r\n"u8);
        writer.Raw("* OK [UIDNEXT "u8).Number(opened.Mailbox.UidNext).Raw("] Next\r\n"u8);
    }
}

/// <summary>CLOSE and UNSELECT (RFC 9051 §6.4.1, §6.4.2): CLOSE expunges, and tells none of it.</summary>
internal sealed class CloseCommand(string name) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.Selected;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (!args.AtEnd)
            return ImapReply.Syntax;
        if (name == "CLOSE" && session.Selected is { IsReadOnly: false } selected)
            await session.Store.Mail.ExpungeAsync(selected.Mailbox.Id, null, ct);
        session.Select(null);
        return ImapReply.Ok("Closed");
    }
}

/// <summary>EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1).</summary>
internal sealed class ExpungeCommand(string name) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.Selected;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        var selected = session.Selected!;
        IReadOnlyList<UidRange>? uids = null;
        if (name != "EXPUNGE")
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
            return ImapReply.NoTarget;
        var result = await session.Store.Mail.TransferAsync(selected.Mailbox.Id, uids, to.Id, move, ct);
        if (result.Status != TransferStatus.Done)
            return result.Status == TransferStatus.OverQuota ? ImapReply.OverQuota : ImapReply.NoTarget;
        selected.ExpectChanges();
        if (result.Uids.Count == 0)
            return ImapReply.Ok("Nothing to do");
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
