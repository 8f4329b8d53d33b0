using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Expunged messages that can be brought back: their rows whole, each with the reference to its content.</summary>
internal static class KeptRows
{
    private const string Where = """
         FROM kept WHERE account_id = $0 AND ($1 IS NULL OR mailbox = $1) AND removed >= $2 AND id > $3
        ORDER BY id LIMIT $4
        """;

    /// <summary>Keeps messages of a mailbox that are about to be removed; the references go with them.</summary>
    /// <returns>False when nothing is kept here: the references are the caller's to release.</returns>
    public static bool Add(WriteScope scope, Mailbox box, long firstKey, long lastKey)
    {
        if (scope.Undelete <= TimeSpan.Zero)
            return false;
        // A message whose details are lost is kept all the same: its reference must not be.
        scope.Session.Run(
            """
            INSERT INTO kept(account_id, mailbox, removed, system, keywords, size, blob, date, zone, prefix, structure)
            SELECT $2, $3, $4, system, keywords, size, blob, ifnull(date, $4), ifnull(zone, 0), ifnull(prefix, x''),
                ifnull(structure, x'')
            FROM messages m LEFT JOIN details d ON d.id = m.id WHERE m.id BETWEEN $0 AND $1 ORDER BY m.id
            """,
            firstKey,
            lastKey,
            box.AccountId,
            box.Name,
            scope.Time.GetUtcNow().UtcTicks
        );
        return true;
    }

    public static List<KeptMessage> List(
        SqlSession s,
        long accountId,
        KeptSelection selection,
        DateTimeOffset oldest,
        long afterId,
        int most
    )
    {
        var flags = new FlagReader();
        return s.List(
            "SELECT id, mailbox, removed, system, keywords, date, zone, size" + Where,
            r => new KeptMessage(
                r.GetInt64(0),
                r.GetString(1),
                new DateTimeOffset(r.GetInt64(2), TimeSpan.Zero),
                flags.Read(r, 3, 4),
                new DateTimeOffset(r.GetInt64(5), TimeSpan.Zero).ToOffset(TimeSpan.FromMinutes(r.GetInt64(6))),
                r.GetInt64(7)
            ),
            accountId,
            MailboxName(selection),
            Since(selection, oldest),
            afterId,
            most
        );
    }

    /// <summary>Brings messages back, all of them or none.</summary>
    public static UndeleteResult Restore(WriteScope scope, long accountId, KeptSelection selection, int most)
    {
        var s = scope.Session;
        var oldest = scope.Time.GetUtcNow() - scope.Undelete;
        var flags = new FlagReader();
        var rows = s.List(
            "SELECT id, mailbox, system, keywords, size, blob" + Where,
            r =>
                (
                    Id: r.GetInt64(0),
                    Mailbox: r.GetString(1),
                    Flags: flags.Read(r, 2, 3),
                    Size: r.GetInt64(4),
                    Blob: r.GetBytes(5)
                ),
            accountId,
            MailboxName(selection),
            Since(selection, oldest),
            0L,
            most
        );
        if (rows.Count == 0)
            return new UndeleteResult(UndeleteStatus.Done, 0);
        var missing = SqliteMail.MissingLevels(s, accountId, rows.Select(r => r.Mailbox));
        if (!SqliteMail.HasRoom(s, accountId, missing.Count))
            return new UndeleteResult(UndeleteStatus.TooManyMailboxes, 0);
        if (!AccountRows.Use(s, accountId, rows.Sum(r => r.Size), rows.Count))
            return new UndeleteResult(UndeleteStatus.OverQuota, 0);
        foreach (var name in missing)
            MailboxRows.Add(scope, accountId, name, SpecialUse.None, subscribed: false);
        var boxes = new Dictionary<string, Mailbox>(StringComparer.Ordinal);
        var isNew = new FlagChange(FlagChangeKind.Remove, new MessageFlags(SystemFlags.Deleted, []));
        var modSeq = MailboxRows.NextModSeq(s, accountId);
        foreach (var row in rows)
        {
            if (!boxes.TryGetValue(row.Mailbox, out var box))
                box = MailboxRows.Find(s, accountId, row.Mailbox)!;
            s.Run(
                "INSERT INTO details SELECT $1, date, zone, prefix, structure FROM kept WHERE id = $0",
                row.Id,
                MailboxRows.Key(box.Id, box.UidNext)
            );
            boxes[row.Mailbox] = MessageRows.Add(s, box, modSeq, row.Flags.After(isNew), row.Size, row.Blob);
            s.Run("DELETE FROM kept WHERE id = $0", row.Id);
        }

        foreach (var box in boxes.Values)
            MailboxRows.Save(s, box);
        scope.AccountChanged(accountId);
        return new UndeleteResult(UndeleteStatus.Done, rows.Count);
    }

    /// <summary>Lets go of what has been kept long enough.</summary>
    /// <returns>Messages let go.</returns>
    public static int DropOld(WriteScope scope, int most) =>
        Drop(
            scope,
            scope.Session.List(
                "SELECT id, blob FROM kept WHERE removed < $0 ORDER BY removed LIMIT $1",
                Row,
                (scope.Time.GetUtcNow() - scope.Undelete).UtcTicks,
                most
            )
        );

    /// <summary>Lets go of everything of an account.</summary>
    public static void Drop(WriteScope scope, long accountId) =>
        Drop(scope, scope.Session.List("SELECT id, blob FROM kept WHERE account_id = $0", Row, accountId));

    private static int Drop(WriteScope scope, List<(long Id, byte[] Blob)> rows)
    {
        foreach (var (id, blob) in rows)
        {
            scope.Session.Run("DELETE FROM kept WHERE id = $0", id);
            scope.Release(blob);
        }

        return rows.Count;
    }

    private static (long, byte[]) Row(SqlStatement r) => (r.GetInt64(0), r.GetBytes(1));

    private static string? MailboxName(KeptSelection selection) =>
        string.Equals(selection.Mailbox, Mailbox.Inbox, StringComparison.OrdinalIgnoreCase)
            ? Mailbox.Inbox
            : selection.Mailbox;

    // What has been kept long enough is gone, though the collector may not have come by yet.
    private static long Since(KeptSelection selection, DateTimeOffset oldest) =>
        (selection.Since > oldest ? selection.Since.Value : oldest).UtcTicks;
}
