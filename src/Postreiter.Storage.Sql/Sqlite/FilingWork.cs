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
        var targets = new List<(MailboxCopy Copy, long Box)>();
        var boxes = new Dictionary<long, Mailbox>();
        var before = new Dictionary<long, uint?>();
        var needed = new Dictionary<long, long>();
        foreach (var copy in filing.Copies)
        {
            var box = boxes.GetValueOrDefault(copy.MailboxId) ?? MailboxRows.Find(s, copy.MailboxId);
            if (box is null || box.AccountId != copy.AccountId)
                box = MailboxRows.Find(s, copy.AccountId, Mailbox.Inbox);
            if (box is null)
            {
                if (isNotice)
                    continue;
                return new FilingResult(FilingStatus.NoSuchAccount, []);
            }

            targets.Add((copy, box.Id));
            if (!boxes.TryAdd(box.Id, box))
                continue;
            before[box.Id] = s.Scalar(
                "SELECT uid FROM deliveries WHERE delivery = $0 AND mailbox_id = $1",
                delivery,
                box.Id
            )
                is long uid
                ? (uint)uid
                : null;
            if (before[box.Id] is null)
                needed[box.AccountId] =
                    needed.GetValueOrDefault(box.AccountId) + copy.Prefix.Length + filing.Content.Length;
        }

        foreach (var (account, bytes) in needed)
        {
            var fits = s.Run(
                "UPDATE accounts SET used = used + $1 WHERE id = $0 AND ($2 OR quota = 0 OR used + $1 <= quota)",
                account,
                bytes,
                isNotice
            );
            if (fits > 0)
                continue;
            // What was added for the accounts before goes back: nothing at all is changed.
            foreach (var (earlier, added) in needed.TakeWhile(n => n.Key != account))
                s.Run("UPDATE accounts SET used = used - $1 WHERE id = $0", earlier, added);
            return new FilingResult(FilingStatus.OverQuota, []);
        }

        var filed = new List<FiledCopy>(targets.Count);
        var blob = filing.Content.Id.ToArray();
        var references = 0;
        foreach (var (copy, id) in targets)
        {
            var box = boxes[id];
            if (before[id] is { } was)
            {
                filed.Add(new FiledCopy(id, box.UidValidity, was, true));
                continue;
            }

            var uid = box.UidNext;
            var size = copy.Prefix.Length + filing.Content.Length;
            s.Run(
                "INSERT INTO details VALUES($0, $1, $2, $3, $4)",
                MailboxRows.Key(id, uid),
                copy.InternalDate.UtcTicks,
                (long)copy.InternalDate.Offset.TotalMinutes,
                copy.Prefix.ToArray(),
                filing.Structure.ToArray()
            );
            boxes[id] = MessageRows.Add(s, box, MailboxRows.NextModSeq(s, box.AccountId), copy.Flags, size, blob);
            MailboxRows.Save(s, boxes[id]);
            s.Run("INSERT INTO deliveries VALUES($0, $1, $2)", delivery, id, (long)uid);
            before[id] = uid;
            references++;
            scope.AccountChanged(box.AccountId);
            filed.Add(new FiledCopy(id, box.UidValidity, uid, false));
        }

        if (
            filing.Queue.Count > 0
            && s.Run("INSERT INTO deliveries VALUES($0, 0, 0) ON CONFLICT DO NOTHING", delivery) > 0
        )
        {
            foreach (var item in filing.Queue)
                QueueRows.Add(s, filing, item, blob);
            references += filing.Queue.Count;
            scope.QueueChanged();
        }

        if (references > 0)
            scope.AddReferences(filing.Content.Id, filing.Content.Length, references);
        return new FilingResult(FilingStatus.Filed, filed);
    }
}
