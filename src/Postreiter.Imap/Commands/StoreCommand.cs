using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>STORE and UID STORE (RFC 9051 §6.4.6).</summary>
internal sealed class StoreCommand(string name, bool byUid) : IImapCommand
{
    // Names are kept in every row that has them; no client uses longer ones.
    internal const int MaxKeywordLength = 100;

    public string Name => name;

    public ImapStates AllowedIn => ImapStates.Selected;

    // RFC 9051 §7.5.1.
    public bool MayTellExpunges => byUid;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (session.Selected is not { } selected || !args.TrySpace() || !args.TrySequenceSet(out var set))
            return ImapReply.Syntax;
        if (!args.TrySpace() || !TryChange(args, out var change, out var isSilent) || !args.AtEnd)
            return ImapReply.Syntax;
        if (!selected.TryResolve(set, byUid, out var uids))
            return ImapReply.Bad("No such message");
        if (selected.IsReadOnly)
            return ImapReply.ReadOnly;
        if (!HasRoom(session, selected, change))
        {
            session.Meet("L25");
            return ImapReply.No("Too many keywords, or one is too long", "LIMIT");
        }

        session.Keywords.Forget();
        var result = await session.Store.Mail.ChangeFlagsAsync(selected.Mailbox.Id, uids, change, null, ct);
        if (
            JunkJudgement.OfFlags(change) is { } isSpam
            && session.Services.Teacher is { } teacher
            && result.Entries.Count > 0
        )
            teacher.Judge(
                session.AccountId,
                selected.Mailbox.Id,
                UidRange.From(result.Entries.Select(static e => e.Uid)),
                isSpam
            );
        var known = 0;
        foreach (var entry in result.Entries)
        {
            if (selected.SequenceOf(entry.Uid) is not (> 0 and var sequence))
                continue;
            known++;
            var before = selected.Entries[sequence - 1].Flags;
            selected.Update(entry);
            // RFC 9051 §6.4.6: SILENT hides what the client asked for, not what others have changed besides.
            if (isSilent && before.After(change).Equals(entry.Flags))
                continue;
            session.Writer.Raw("* "u8).Number(sequence).Raw(" FETCH ("u8);
            if (byUid)
                session.Writer.Raw("UID "u8).Number(entry.Uid).Raw(" "u8);
            session.Writer.Raw("FLAGS "u8).Flags(entry.Flags).Raw(")\r\n"u8);
            await session.Writer.FlushIfLargeAsync(ct);
        }

        // RFC 5530 §3.
        return known < selected.Named(uids).Count()
            ? ImapReply.Ok("Done, but some messages are gone", "EXPUNGEISSUED")
            : ImapReply.Ok("Done");
    }

    private static bool TryChange(ImapReader args, out FlagChange change, out bool isSilent)
    {
        var kind =
            args.TryByte((byte)'+') ? FlagChangeKind.Add
            : args.TryByte((byte)'-') ? FlagChangeKind.Remove
            : FlagChangeKind.Replace;
        isSilent = args.TryKeyword("FLAGS.SILENT"u8);
        change = new FlagChange(kind, MessageFlags.None);
        if ((!isSilent && !args.TryKeyword("FLAGS"u8)) || !args.TrySpace())
            return false;
        if (args.Peek == '(')
        {
            if (!args.TryFlagList(out var flags))
                return false;
            change = change with { Flags = flags };
            return true;
        }

        var (system, keywords) = (SystemFlags.None, new List<string>());
        do
        {
            if (!args.TryFlag(ref system, keywords))
                return false;
        } while (args.TrySpace());
        change = change with { Flags = new MessageFlags(system, keywords) };
        return true;
    }

    private static bool HasRoom(ImapSession session, SelectedMailbox selected, FlagChange change)
    {
        if (change.Kind == FlagChangeKind.Remove || change.Flags.Keywords.IsEmpty)
            return true;
        if (change.Flags.Keywords.Any(static keyword => keyword.Length > MaxKeywordLength))
            return false;
        var there = KeywordCensus.Of(selected.Entries);
        var added = KeywordCensus.Added(there, change.Flags);
        if (added == 0 || there.Count + added < KeywordCensus.Most)
            return true;
        var hasRoom = there.Count + added == KeywordCensus.Most;
        if (hasRoom)
            there.UnionWith(change.Flags.Keywords);
        // RFC 9051 §7.1, PERMANENTFLAGS: told anew, without \*, when the limit is reached.
        MailboxResponses.PermanentFlags(session.Writer, there);
        return hasRoom;
    }
}
