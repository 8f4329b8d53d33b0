using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Rows of mailboxes; the counters stand in the row, so that STATUS and SELECT count nothing.</summary>
internal static class MailboxRows
{
    private const string Columns =
        "id, account_id, name, uid_validity, uid_next, modseq, messages, unseen, deleted, size, special_use, subscribed";

    public static long Key(long mailboxId, uint uid) => (mailboxId << 32) | uid;

    public static Mailbox? Find(SqlSession s, long id) =>
        s.First($"SELECT {Columns} FROM mailboxes WHERE id = $0", Read, id);

    public static Mailbox? Find(SqlSession s, long accountId, string name) =>
        s.First(
            $"SELECT {Columns} FROM mailboxes WHERE account_id = $0 AND name = $1",
            Read,
            accountId,
            string.Equals(name, Mailbox.Inbox, StringComparison.OrdinalIgnoreCase) ? Mailbox.Inbox : name
        );

    public static Mailbox? Find(SqlSession s, long accountId, SpecialUse use) =>
        s.First(
            $"SELECT {Columns} FROM mailboxes WHERE account_id = $0 AND special_use = $1",
            Read,
            accountId,
            (long)use
        );

    public static List<Mailbox> List(SqlSession s, long accountId)
    {
        var list = s.List($"SELECT {Columns} FROM mailboxes WHERE account_id = $0", Read, accountId);
        list.Sort(
            (a, b) =>
                a.Name == Mailbox.Inbox ? -1
                : b.Name == Mailbox.Inbox ? 1
                : string.CompareOrdinal(a.Name, b.Name)
        );
        return list;
    }

    public static Mailbox Add(WriteScope scope, long accountId, string name, SpecialUse use, bool subscribed)
    {
        scope.Session.Run(
            """
            INSERT INTO mailboxes(account_id, name, uid_validity, uid_next, modseq, messages, unseen, deleted, size,
                special_use, subscribed)
            VALUES($0, $1, $2, 1, (SELECT modseq FROM accounts WHERE id = $0), 0, 0, 0, 0, $3, $4)
            """,
            accountId,
            name,
            (long)scope.NextUidValidity(),
            (long)use,
            subscribed
        );
        return Find(scope.Session, accountId, name)!;
    }

    /// <summary>Writes the counters back.</summary>
    public static void Save(SqlSession s, Mailbox box) =>
        s.Run(
            """
            UPDATE mailboxes SET uid_next = $1, modseq = $2, messages = $3, unseen = $4, deleted = $5, size = $6
            WHERE id = $0
            """,
            box.Id,
            (long)box.UidNext,
            box.HighestModSeq,
            box.Messages,
            box.Unseen,
            box.Deleted,
            box.Size
        );

    /// <summary>Counts a new message in its mailbox.</summary>
    /// <returns>Its UID, and the mailbox's UIDVALIDITY.</returns>
    public static (uint Uid, uint UidValidity) CountNew(
        SqlSession s,
        long mailboxId,
        long modSeq,
        MessageFlags flags,
        long size
    )
    {
        using var rows = s.Rows(
            """
            UPDATE mailboxes SET uid_next = uid_next + 1, modseq = $1, messages = messages + 1, unseen = unseen + $2,
                deleted = deleted + $3, size = size + $4
            WHERE id = $0 RETURNING uid_next - 1, uid_validity
            """,
            mailboxId,
            modSeq,
            !flags.Has(SystemFlags.Seen),
            flags.Has(SystemFlags.Deleted),
            size
        );
        return rows.Read()
            ? ((uint)rows.Row.GetInt64(0), (uint)rows.Row.GetInt64(1))
            : throw new StoreException(StoreFault.Internal, "a mailbox vanished within a unit of work");
    }

    public static long NextModSeq(SqlSession s, long accountId) =>
        s.Integer("UPDATE accounts SET modseq = modseq + 1 WHERE id = $0 RETURNING modseq", accountId);

    /// <summary>Removes a mailbox with its messages, which can be brought back when they are to be kept.</summary>
    public static void Remove(WriteScope scope, Mailbox box, bool keep)
    {
        var s = scope.Session;
        var (first, last) = (Key(box.Id, 0), Key(box.Id, uint.MaxValue));
        if (!keep || !KeptRows.Add(scope, box, first, last))
        {
            const string blobs = "SELECT blob FROM messages WHERE id BETWEEN $0 AND $1";
            foreach (var blob in s.List(blobs, r => r.GetBytes(0), first, last))
                scope.Release(blob);
        }

        s.Run("DELETE FROM messages WHERE id BETWEEN $0 AND $1", first, last);
        s.Run("DELETE FROM details WHERE id BETWEEN $0 AND $1", first, last);
        s.Run("DELETE FROM expunged WHERE id BETWEEN $0 AND $1", first, last);
        AccountRows.Free(s, box.AccountId, box.Size, box.Messages);
        s.Run("DELETE FROM mailboxes WHERE id = $0", box.Id);
    }

    /// <summary>Remembers under which UIDVALIDITY a name was used (P7).</summary>
    public static void Forget(SqlSession s, Mailbox box) =>
        s.Run(
            """
            INSERT INTO old_names VALUES($0, $1, $2)
            ON CONFLICT DO UPDATE SET uid_validity = max(uid_validity, excluded.uid_validity)
            """,
            box.AccountId,
            box.Name,
            (long)box.UidValidity
        );

    private static Mailbox Read(SqlStatement r) =>
        new(
            r.GetInt64(0),
            r.GetInt64(1),
            r.GetString(2),
            (uint)r.GetInt64(3),
            (uint)r.GetInt64(4),
            r.GetInt64(5),
            r.GetInt32(6),
            r.GetInt32(7),
            r.GetInt32(8),
            r.GetInt64(9),
            (SpecialUse)r.GetInt32(10),
            r.GetInt64(11) != 0
        );
}
