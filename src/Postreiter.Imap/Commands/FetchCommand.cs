using Microsoft.Extensions.Logging;
using Postreiter.Imap.Fetching;
using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Storage;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Commands;

/// <summary>FETCH and UID FETCH (RFC 9051 §6.4.5, RFC 3501 §6.4.5).</summary>
internal sealed partial class FetchCommand(string name, bool byUid) : IImapCommand
{
    public string Name => name;

    public ImapStates AllowedIn => ImapStates.Selected;

    // RFC 9051 §7.5.1: sequence numbers must not move under FETCH, STORE and SEARCH.
    public bool MayTellExpunges => byUid;

    public async ValueTask<ImapReply> ExecuteAsync(ImapSession session, ImapReader args, CancellationToken ct)
    {
        if (session.Selected is not { } selected)
            return ImapReply.Syntax;
        if (!args.TrySpace() || !args.TrySequenceSet(out var set) || !args.TrySpace())
            return ImapReply.Syntax;
        if (!FetchItemReader.TryRead(args, out var items) || !args.AtEnd)
            return ImapReply.Syntax;
        // Synchronising clients ask for these of every message: the session has them.
        var isKnown = items.TrueForAll(static item => item.Kind is FetchKind.Flags or FetchKind.Uid);
        // And what lacks \Seen is asked of the session too: another client may have taken it away just now.
        var tellsFirst = isKnown || items.Exists(static item => item.SetsSeen);
        if (tellsFirst && byUid)
            await session.TellChangesAsync(mayExpunge: false, ct);
        if (!selected.TryResolve(set, byUid, out var uids))
            return ImapReply.Bad("No such message");
        // Numbers, and "*" among them, are those that the client knew when it asked.
        if (tellsFirst && !byUid)
            await session.TellChangesAsync(mayExpunge: false, ct);
        if (session.Selected is null)
            return ImapReply.No("The mailbox is gone", "NONEXISTENT");
        if (byUid && !items.Exists(static item => item.Kind == FetchKind.Uid))
            items.Insert(0, FetchItemReader.Uid);
        if (isKnown)
            return await AnswerKnownAsync(session, selected, uids, items, ct);
        var seen = await SetSeenAsync(session, selected, uids, items, ct);
        return await AnswerAsync(session, selected, uids, items, seen, ct);
    }

    private static async ValueTask<ImapReply> AnswerKnownAsync(
        ImapSession session,
        SelectedMailbox selected,
        IReadOnlyList<UidRange> uids,
        List<FetchItem> items,
        CancellationToken ct
    )
    {
        var writer = session.Writer;
        foreach (var (sequence, entry) in selected.Numbered(uids))
        {
            writer.Raw("* "u8).Number(sequence).Raw(" FETCH ("u8);
            for (var i = 0; i < items.Count; i++)
            {
                writer.Raw(i == 0 ? ""u8 : " "u8);
                if (items[i].Kind == FetchKind.Uid)
                    writer.Raw("UID "u8).Number(entry.Uid);
                else
                    writer.Raw("FLAGS "u8).Flags(entry.Flags);
            }

            writer.Raw(")\r\n"u8);
            await writer.FlushIfLargeAsync(ct);
        }

        // RFC 5530 §3.
        return selected.HasGone(uids)
            ? ImapReply.Ok("Done, but some messages are gone", "EXPUNGEISSUED")
            : ImapReply.Ok("Done");
    }

    /// <summary>Sets \Seen where the items ask for it and it is missing.</summary>
    private static async ValueTask<HashSet<uint>> SetSeenAsync(
        ImapSession session,
        SelectedMailbox selected,
        IReadOnlyList<UidRange> uids,
        List<FetchItem> items,
        CancellationToken ct
    )
    {
        if (selected.IsReadOnly || !items.Exists(static item => item.SetsSeen))
            return [];
        var unseen = UidRange.From(
            selected.Named(uids).Where(static e => !e.Flags.Has(SystemFlags.Seen)).Select(static e => e.Uid)
        );
        if (unseen.Count == 0)
            return [];
        var change = new FlagChange(FlagChangeKind.Add, new MessageFlags(SystemFlags.Seen, []));
        var result = await session.Store.Mail.ChangeFlagsAsync(selected.Mailbox.Id, unseen, change, null, ct);
        return [.. result.Entries.Select(static entry => entry.Uid)];
    }

    private async ValueTask<ImapReply> AnswerAsync(
        ImapSession session,
        SelectedMailbox selected,
        IReadOnlyList<UidRange> uids,
        List<FetchItem> items,
        HashSet<uint> seen,
        CancellationToken ct
    )
    {
        var withFlags = items.Exists(static item => item.Kind == FetchKind.Flags) ? items : [Flags, .. items];
        var (answered, damaged, undecodable) = (0, 0, false);
        await foreach (var row in session.Store.Mail.ReadMessagesAsync(selected.Mailbox.Id, uids, ct))
        {
            if (selected.SequenceOf(row.Uid) is not (> 0 and var sequence))
                continue;
            answered++;
            // RFC 9051 §6.4.5: when \Seen was set, the flags come with the answer.
            var asked = seen.Contains(row.Uid) ? withFlags : items;
            var fetch = new MessageFetch(session, asked, row);
            try
            {
                await fetch.RunAsync(sequence, ct);
                if (asked.Exists(static item => item.Kind == FetchKind.Flags))
                    selected.Update(new MessageEntry(row.Uid, row.ModSeq, row.Flags));
            }
            catch (StoreException e) when (e.Fault == StoreFault.DamagedContent)
            {
                // F5: this message alone.
                LogDamaged(session.Services.Logger, e, session.Connection.Id, selected.Mailbox.Id, row.Uid);
                damaged++;
            }

            undecodable |= fetch.HasUnknownEncoding;
        }

        if (damaged > 0)
            return ImapReply.No("A message cannot be read", "SERVERBUG");
        if (undecodable)
            return ImapReply.No("A part has an unknown transfer encoding", "UNKNOWN-CTE");
        // RFC 5530 §3: others have expunged what this session still counts.
        return answered < selected.Named(uids).Count()
            ? ImapReply.Ok("Done, but some messages are gone", "EXPUNGEISSUED")
            : ImapReply.Ok("Done");
    }

    private static readonly FetchItem Flags = new(FetchKind.Flags, "FLAGS");

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "IMAP {ConnectionId}: message {Uid} of mailbox {MailboxId} cannot be read"
    )]
    private static partial void LogDamaged(ILogger logger, Exception e, string connectionId, long mailboxId, uint uid);
}
