using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Files a message inside a unit of work.</summary>
internal static class FilingWork
{
    /// <summary>Files. A notice ignores the quota and passes over accounts that are gone: it is owed all the same.</summary>
    public static FilingResult File(WriteScope scope, Filing filing, bool isNotice)
    {
        var s = scope.Session;
        var delivery = filing.DeliveryId.ToString();
        var filed = new FiledCopy?[filing.Copies.Count];
        var places = new long[filing.Copies.Count];
        var needed = new Dictionary<long, (long Bytes, long Messages)>();
        for (var i = 0; i < filing.Copies.Count; i++)
        {
            var copy = filing.Copies[i];
            if (FindPlace(s, copy) is not { } box)
            {
                if (isNotice)
                    continue;
                return new FilingResult(FilingStatus.NoSuchAccount, []);
            }

            places[i] = box;
            // A second copy for the same mailbox is the first one once more.
            if (Array.IndexOf(places, box) == i && !WasFiled(s, delivery, box, out filed[i]))
            {
                var (bytes, messages) = needed.GetValueOrDefault(copy.AccountId);
                needed[copy.AccountId] = (bytes + Size(filing, copy), messages + 1);
            }
        }

        if (!QuarantineRows.HasAccounts(s, filing))
            return new FilingResult(FilingStatus.NoSuchAccount, []);
        if (!Charge(s, needed, isNotice, out var modSeqs))
            return new FilingResult(FilingStatus.OverQuota, []);

        var blob = filing.Content.Id.ToArray();
        var references = QuarantineRows.Add(s, filing, blob);
        for (var i = 0; i < places.Length; i++)
        {
            if (places[i] == 0 || filed[i] is not null)
                continue;
            var first = Array.IndexOf(places, places[i]);
            if (first < i)
            {
                filed[i] = filed[first]! with { WasThere = true };
                continue;
            }

            var copy = filing.Copies[i];
            filed[i] = Add(scope, filing, copy, places[i], modSeqs[copy.AccountId], delivery, blob);
            references++;
        }

        if (
            filing.Queue.Count > 0
            && s.Run("INSERT INTO deliveries VALUES($0, $1, 0) ON CONFLICT DO NOTHING", delivery, filing.QueueKey) > 0
        )
        {
            foreach (var item in filing.Queue)
                QueueRows.Add(s, filing, item, blob);
            references += filing.Queue.Count;
            scope.QueueChanged();
        }

        if (references > 0)
            scope.AddReferences(filing.Content.Id, filing.Content.Length, references);
        if (filing.Trace is { } trace)
            SqliteGate.SaveTrace(s, trace);
        return new FilingResult(FilingStatus.Filed, [.. filed.OfType<FiledCopy>()]);
    }

    private static long Size(Filing filing, MailboxCopy copy) => copy.Prefix.Length + filing.Content.Length;

    /// <summary>The mailbox, or INBOX where it is gone; null when the account is gone too.</summary>
    private static long? FindPlace(SqlSession s, MailboxCopy copy)
    {
        var box = s.Integer(
            "SELECT id FROM mailboxes WHERE id = $0 AND account_id = $1",
            copy.MailboxId,
            copy.AccountId
        );
        if (box == 0)
            box = MailboxRows.Find(s, copy.AccountId, Mailbox.Inbox)?.Id ?? 0;
        return box == 0 ? null : box;
    }

    private static bool WasFiled(SqlSession s, string delivery, long box, out FiledCopy? copy)
    {
        copy = s.First(
            """
            SELECT uid_validity, uid FROM deliveries d JOIN mailboxes b ON b.id = d.mailbox_id
            WHERE delivery = $0 AND mailbox_id = $1
            """,
            r => new FiledCopy(box, (uint)r.GetInt64(0), (uint)r.GetInt64(1), true),
            delivery,
            box
        );
        return copy is not null;
    }

    /// <summary>Takes the room from every account, or from none; with it comes the account's next MODSEQ.</summary>
    private static bool Charge(
        SqlSession s,
        Dictionary<long, (long Bytes, long Messages)> needed,
        bool isNotice,
        out Dictionary<long, long> modSeqs
    )
    {
        modSeqs = new Dictionary<long, long>(needed.Count);
        foreach (var (account, (bytes, messages)) in needed)
        {
            var modSeq = s.Integer(
                """
                UPDATE accounts SET used = used + $1, used_messages = used_messages + $3, modseq = modseq + 1
                WHERE id = $0 AND ($2 OR ((quota = 0 OR used + $1 <= quota)
                    AND (quota_messages = 0 OR used_messages + $3 <= quota_messages))) RETURNING modseq
                """,
                account,
                bytes,
                isNotice,
                messages
            );
            if (modSeq > 0)
            {
                modSeqs.Add(account, modSeq);
                continue;
            }

            // What was taken from the accounts before goes back: nothing at all is changed.
            foreach (var earlier in modSeqs.Keys)
                s.Run(
                    """
                    UPDATE accounts SET used = used - $1, used_messages = used_messages - $2, modseq = modseq - 1
                    WHERE id = $0
                    """,
                    earlier,
                    needed[earlier].Bytes,
                    needed[earlier].Messages
                );
            return false;
        }

        return true;
    }

    private static FiledCopy Add(
        WriteScope scope,
        Filing filing,
        MailboxCopy copy,
        long box,
        long modSeq,
        string delivery,
        byte[] blob
    )
    {
        var s = scope.Session;
        var size = Size(filing, copy);
        var (uid, validity) = MailboxRows.CountNew(s, box, modSeq, copy.Flags, size);
        var key = MailboxRows.Key(box, uid);
        s.Run(
            "INSERT INTO details VALUES($0, $1, $2, $3, $4)",
            key,
            copy.InternalDate.UtcTicks,
            (long)copy.InternalDate.Offset.TotalMinutes,
            copy.Prefix.ToArray(),
            filing.Structure.ToArray()
        );
        MessageRows.Insert(s, key, modSeq, copy.Flags, size, blob);
        s.Run("INSERT INTO deliveries VALUES($0, $1, $2)", delivery, box, (long)uid);
        scope.AccountChanged(copy.AccountId);
        return new FiledCopy(box, validity, uid, false);
    }
}
