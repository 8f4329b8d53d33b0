using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Rows of messages. The callers keep the mailbox's counters in a <see cref="Mailbox"/> and save it once.</summary>
internal static class MessageRows
{
    public static List<Row> List(SqlSession s, long mailboxId, IReadOnlyList<UidRange> uids)
    {
        var flags = new FlagReader();
        var rows = new List<Row>();
        foreach (var range in Ascending(uids))
        {
            using var found = s.Rows(
                "SELECT id & 4294967295, modseq, system, keywords, size, blob FROM messages WHERE id BETWEEN $0 AND $1",
                MailboxRows.Key(mailboxId, range.First),
                MailboxRows.Key(mailboxId, range.Last)
            );
            while (found.Read())
                rows.Add(
                    new Row(
                        new MessageEntry(
                            (uint)found.Row.GetInt64(0),
                            found.Row.GetInt64(1),
                            flags.Read(found.Row, 2, 3)
                        ),
                        found.Row.GetInt64(4),
                        found.Row.GetBytes(5)
                    )
                );
        }

        return rows;
    }

    /// <summary>The same UIDs as ranges that ascend and do not overlap.</summary>
    public static IReadOnlyList<UidRange> Ascending(IReadOnlyList<UidRange> uids)
    {
        if (uids.Count < 2)
            return uids;
        var joined = new List<UidRange>();
        foreach (var range in uids.OrderBy(r => r.First))
        {
            if (joined.Count > 0 && range.First <= joined[^1].Last)
                joined[^1] = joined[^1] with { Last = Math.Max(joined[^1].Last, range.Last) };
            else
                joined.Add(range);
        }

        return joined;
    }

    /// <summary>Adds a message row; details and the content's reference are the caller's.</summary>
    public static Mailbox Add(SqlSession s, Mailbox box, long modSeq, MessageFlags flags, long size, byte[] blob)
    {
        Insert(s, MailboxRows.Key(box.Id, box.UidNext), modSeq, flags, size, blob);
        return box with
        {
            UidNext = box.UidNext + 1,
            HighestModSeq = modSeq,
            Messages = box.Messages + 1,
            Unseen = box.Unseen + (flags.Has(SystemFlags.Seen) ? 0 : 1),
            Deleted = box.Deleted + (flags.Has(SystemFlags.Deleted) ? 1 : 0),
            Size = box.Size + size,
        };
    }

    /// <summary>The row alone; the counters are the caller's too.</summary>
    public static void Insert(SqlSession s, long key, long modSeq, MessageFlags flags, long size, byte[] blob) =>
        s.Run(
            "INSERT INTO messages VALUES($0, $1, $2, $3, $4, $5)",
            key,
            modSeq,
            (long)flags.System,
            Join(flags),
            size,
            blob
        );

    /// <summary>Removes a message row with its details; the content's reference is the caller's.</summary>
    public static Mailbox Remove(SqlSession s, Mailbox box, Row row, long modSeq)
    {
        var key = MailboxRows.Key(box.Id, row.Entry.Uid);
        s.Run("DELETE FROM messages WHERE id = $0", key);
        s.Run("DELETE FROM details WHERE id = $0", key);
        s.Run("INSERT INTO expunged VALUES($0, $1)", key, modSeq);
        return box with
        {
            HighestModSeq = modSeq,
            Messages = box.Messages - 1,
            Unseen = box.Unseen - (row.Entry.Flags.Has(SystemFlags.Seen) ? 0 : 1),
            Deleted = box.Deleted - (row.Entry.Flags.Has(SystemFlags.Deleted) ? 1 : 0),
            Size = box.Size - row.Size,
        };
    }

    /// <summary>Copies or moves rows into a mailbox of the same account; what copies use is counted by the caller.</summary>
    public static List<(uint From, uint To)> Transfer(
        WriteScope scope,
        Mailbox from,
        List<Row> rows,
        Mailbox to,
        bool move
    )
    {
        var s = scope.Session;
        var pairs = new List<(uint From, uint To)>();
        if (rows.Count == 0)
            return pairs;
        var modSeq = MailboxRows.NextModSeq(s, to.AccountId);
        foreach (var row in rows)
        {
            pairs.Add((row.Entry.Uid, to.UidNext));
            s.Run(
                "INSERT INTO details SELECT $1, date, zone, prefix, structure FROM details WHERE id = $0",
                MailboxRows.Key(from.Id, row.Entry.Uid),
                MailboxRows.Key(to.Id, to.UidNext)
            );
            to = Add(s, to, modSeq, row.Entry.Flags, row.Size, row.Blob);
            if (from.Id == to.Id)
                from = to;
            if (move)
                from = Remove(s, from, row, modSeq);
            else
                scope.AddReferences(new BlobId(row.Blob), 0, 1);
            if (from.Id == to.Id)
                to = from;
        }

        MailboxRows.Save(s, to);
        if (move && from.Id != to.Id)
            MailboxRows.Save(s, from);
        scope.AccountChanged(to.AccountId);
        return pairs;
    }

    public static object? Join(MessageFlags flags) => flags.Keywords.IsEmpty ? null : string.Join(' ', flags.Keywords);

    /// <summary>What changing a message needs of it.</summary>
    internal readonly record struct Row(MessageEntry Entry, long Size, byte[] Blob);
}
