using System.Runtime.CompilerServices;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Sqlite;

internal sealed partial class SqliteMail(SqliteStore store) : IMailStore
{
    // Rows carry prefix and structure, some KiB each.
    private const int PageRows = 200;

    public ValueTask<FilingResult> FileAsync(Filing filing, CancellationToken ct) =>
        store.WriteAsync(scope => FilingWork.File(scope, filing, isNotice: false), ct, [filing.Content]);

    public ValueTask<MailboxChanges?> ReadChangesAsync(long mailboxId, long afterModSeq, CancellationToken ct) =>
        new(
            store.Read(s =>
            {
                if (MailboxRows.Find(s, mailboxId) is not { } box)
                    return null;
                var flags = new FlagReader();
                MessageEntry Read(SqlStatement r) => new((uint)r.GetInt64(0), r.GetInt64(1), flags.Read(r, 2, 3));
                var (first, last) = (MailboxRows.Key(mailboxId, 0), MailboxRows.Key(mailboxId, uint.MaxValue));
                if (afterModSeq <= 0)
                    return new MailboxChanges(
                        box,
                        s.List(
                            "SELECT id & 4294967295, modseq, system, keywords FROM messages WHERE id BETWEEN $0 AND $1",
                            Read,
                            first,
                            last
                        ),
                        []
                    );
                return new MailboxChanges(
                    box,
                    s.List(
                        """
                        SELECT id & 4294967295, modseq, system, keywords FROM messages INDEXED BY messages_modseq
                        WHERE id >> 32 = $0 AND modseq > $1 ORDER BY id
                        """,
                        Read,
                        mailboxId,
                        afterModSeq
                    ),
                    s.List(
                        """
                        SELECT id & 4294967295 FROM expunged INDEXED BY expunged_modseq
                        WHERE id >> 32 = $0 AND modseq > $1 ORDER BY id
                        """,
                        r => (uint)r.GetInt64(0),
                        mailboxId,
                        afterModSeq
                    )
                );
            })
        );

    public async IAsyncEnumerable<StoredMessage> ReadMessagesAsync(
        long mailboxId,
        IReadOnlyList<UidRange> uids,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        await ValueTask.CompletedTask;
        foreach (var range in MessageRows.Ascending(uids))
        {
            for (var next = (long)range.First; next <= range.Last; )
            {
                ct.ThrowIfCancellationRequested();
                var from = next;
                var page = store.Read(s => Page(s, mailboxId, from, range.Last));
                foreach (var row in page)
                    yield return row;
                if (page.Count < PageRows)
                    break;
                next = page[^1].Uid + 1L;
            }
        }
    }

    private static List<StoredMessage> Page(SqlSession s, long mailboxId, long first, uint last)
    {
        var flags = new FlagReader();
        return s.List(
            """
            SELECT m.id & 4294967295, modseq, system, keywords, date, zone, size, blob, prefix, structure
            FROM messages m JOIN details d ON d.id = m.id WHERE m.id BETWEEN $0 AND $1 ORDER BY m.id LIMIT $2
            """,
            r => new StoredMessage(
                (uint)r.GetInt64(0),
                r.GetInt64(1),
                flags.Read(r, 2, 3),
                new DateTimeOffset(r.GetInt64(4), TimeSpan.Zero).ToOffset(TimeSpan.FromMinutes(r.GetInt64(5))),
                r.GetInt64(6),
                new BlobId(r.GetBytes(7)),
                r.GetBytes(8),
                r.GetBytes(9)
            ),
            (mailboxId << 32) | first,
            MailboxRows.Key(mailboxId, last),
            PageRows
        );
    }

    public ValueTask<MessageContent> OpenAsync(StoredMessage message, CancellationToken ct) =>
        new(store.OpenContent(message.Blob, message.Prefix));

    public ValueTask<FlagChangeResult> ChangeFlagsAsync(
        long mailboxId,
        IReadOnlyList<UidRange> uids,
        FlagChange change,
        long? unchangedSince,
        CancellationToken ct
    ) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                var (entries, modified) = (new List<MessageEntry>(), new List<uint>());
                if (MailboxRows.Find(s, mailboxId) is not { } box)
                    return new FlagChangeResult(entries, modified);
                var modSeq = 0L;
                foreach (var (entry, _, _) in MessageRows.List(s, mailboxId, uids))
                {
                    if (entry.ModSeq > unchangedSince)
                    {
                        modified.Add(entry.Uid);
                        continue;
                    }

                    var after = entry.Flags.After(change);
                    if (after.Equals(entry.Flags))
                    {
                        entries.Add(entry);
                        continue;
                    }

                    if (modSeq == 0)
                        modSeq = MailboxRows.NextModSeq(s, box.AccountId);
                    s.Run(
                        "UPDATE messages SET modseq = $1, system = $2, keywords = $3 WHERE id = $0",
                        MailboxRows.Key(mailboxId, entry.Uid),
                        modSeq,
                        (long)after.System,
                        MessageRows.Join(after)
                    );
                    box = box with
                    {
                        HighestModSeq = modSeq,
                        Unseen = box.Unseen + Is(entry.Flags, SystemFlags.Seen) - Is(after, SystemFlags.Seen),
                        Deleted = box.Deleted - Is(entry.Flags, SystemFlags.Deleted) + Is(after, SystemFlags.Deleted),
                    };
                    entries.Add(new MessageEntry(entry.Uid, modSeq, after));
                }

                if (modSeq > 0)
                {
                    MailboxRows.Save(s, box);
                    scope.AccountChanged(box.AccountId);
                }

                return new FlagChangeResult(entries, modified);
            },
            ct
        );

    public ValueTask<IReadOnlyList<uint>> ExpungeAsync(
        long mailboxId,
        IReadOnlyList<UidRange>? uids,
        CancellationToken ct
    ) => RemoveAsync(mailboxId, uids ?? [UidRange.All], onlyDeleted: true, ct);

    public ValueTask<IReadOnlyList<uint>> RemoveAsync(
        long mailboxId,
        IReadOnlyList<UidRange> uids,
        CancellationToken ct
    ) => RemoveAsync(mailboxId, uids, onlyDeleted: false, ct);

    private ValueTask<IReadOnlyList<uint>> RemoveAsync(
        long mailboxId,
        IReadOnlyList<UidRange> uids,
        bool onlyDeleted,
        CancellationToken ct
    ) =>
        store.WriteAsync<IReadOnlyList<uint>>(
            scope =>
            {
                var s = scope.Session;
                if (MailboxRows.Find(s, mailboxId) is not { } box)
                    return [];
                var rows = MessageRows.List(s, mailboxId, uids);
                if (onlyDeleted)
                    rows.RemoveAll(r => !r.Entry.Flags.Has(SystemFlags.Deleted));
                if (rows.Count == 0)
                    return [];
                var modSeq = MailboxRows.NextModSeq(s, box.AccountId);
                foreach (var row in rows)
                {
                    var key = MailboxRows.Key(mailboxId, row.Entry.Uid);
                    if (!KeptRows.Add(scope, box, key, key))
                        scope.Release(row.Blob);
                    box = MessageRows.Remove(s, box, row, modSeq);
                }

                MailboxRows.Save(s, box);
                AccountRows.Free(s, box.AccountId, rows.Sum(r => r.Size), rows.Count);
                scope.AccountChanged(box.AccountId);
                return rows.ConvertAll(r => r.Entry.Uid);
            },
            ct
        );

    public ValueTask<TransferResult> TransferAsync(
        long fromMailboxId,
        IReadOnlyList<UidRange> uids,
        long toMailboxId,
        bool move,
        CancellationToken ct
    ) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                var from = MailboxRows.Find(s, fromMailboxId);
                if (
                    MailboxRows.Find(s, toMailboxId) is not { } to
                    || (from is not null && from.AccountId != to.AccountId)
                )
                    return new TransferResult(TransferStatus.NoTarget, 0, []);
                if (from is null)
                    return new TransferResult(TransferStatus.Done, to.UidValidity, []);
                var rows = MessageRows.List(s, fromMailboxId, uids);
                if (!move && rows.Count > 0 && !AccountRows.Use(s, to.AccountId, rows.Sum(r => r.Size), rows.Count))
                    return new TransferResult(TransferStatus.OverQuota, 0, []);
                var pairs = MessageRows.Transfer(scope, from, rows, to, move);
                return new TransferResult(TransferStatus.Done, to.UidValidity, pairs);
            },
            ct
        );

    public ValueTask<IReadOnlyList<KeptMessage>> ListKeptAsync(
        long accountId,
        KeptSelection selection,
        long afterId,
        int most,
        CancellationToken ct
    )
    {
        var oldest = store.Time.GetUtcNow() - store.Options.Undelete;
        return new(store.Read(s => KeptRows.List(s, accountId, selection, oldest, afterId, most)));
    }

    public ValueTask<UndeleteResult> UndeleteAsync(
        long accountId,
        KeptSelection selection,
        int most,
        CancellationToken ct
    ) => store.WriteAsync(scope => KeptRows.Restore(scope, accountId, selection, most), ct);

    private static int Is(MessageFlags flags, SystemFlags flag) => flags.Has(flag) ? 1 : 0;
}
