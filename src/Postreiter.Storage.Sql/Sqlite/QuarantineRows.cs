using Postreiter.Core;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Quarantine;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Rows of the quarantine, each with the reference to its content.</summary>
internal static class QuarantineRows
{
    public const string Columns =
        "id, delivery, account_id, sender, recipients, reason, received, size, blob, prefix, structure, destination IS NOT NULL";

    /// <summary>Whether whose it is to be is there.</summary>
    public static bool HasAccounts(SqlSession s, Filing filing) =>
        filing.Quarantine.All(q =>
            q.AccountId == 0 || s.Integer("SELECT count(*) FROM accounts WHERE id = $0", q.AccountId) > 0
        );

    /// <summary>Keeps messages; each account's once a delivery.</summary>
    /// <returns>References that were added.</returns>
    public static int Add(SqlSession s, Filing filing, byte[] blob)
    {
        var delivery = filing.DeliveryId.ToString();
        var added = 0;
        foreach (var group in filing.Quarantine.GroupBy(filing.KeyOf))
        {
            if (s.Run("INSERT INTO deliveries VALUES($0, $1, 0) ON CONFLICT DO NOTHING", delivery, group.Key) == 0)
                continue;
            foreach (var one in group)
            {
                Insert(s, filing, one, delivery, blob);
                added++;
            }
        }

        return added;
    }

    public static QuarantinedMessage Read(SqlStatement r) =>
        new()
        {
            Id = r.GetInt64(0),
            DeliveryId = TraceId.TryParse(r.GetString(1), out var id) ? id : default,
            AccountId = r.GetInt64(2),
            Sender = r.GetString(3) is { Length: > 0 } sender ? EmailAddress.Parse(sender) : null,
            Recipients = [.. r.GetString(4).Split('\n').Select(EmailAddress.Parse)],
            Reason = r.GetString(5),
            Received = new DateTimeOffset(r.GetInt64(6), TimeSpan.Zero),
            Size = r.GetInt64(7),
            Blob = new BlobId(r.GetBytes(8)),
            Prefix = r.GetBytes(9),
            Structure = r.GetBytes(10),
            IsOutgoing = r.GetInt64(11) != 0,
        };

    /// <summary>Moves one to where it was to go; the reference goes with it.</summary>
    public static ReleaseResult Release(WriteScope scope, long id, DateTimeOffset now)
    {
        var s = scope.Session;
        if (s.First($"SELECT {Columns} FROM quarantine WHERE id = $0", Read, id) is not { } row)
            return new ReleaseResult(ReleaseStatus.NotFound);
        if (row.IsOutgoing)
        {
            s.Run(
                """
                INSERT INTO queue(delivery, destination, envelope, recipients, prefix, size, blob, created, next_attempt, due,
                    attempts, delay_notice, state, lease)
                SELECT delivery, destination, envelope, queued, prefix, size, blob, $1, $1, $1, 0, 0, 0, 0 FROM quarantine
                WHERE id = $0
                """,
                id,
                now.UtcTicks
            );
            scope.QueueChanged();
            s.Run("DELETE FROM quarantine WHERE id = $0", id);
            return new ReleaseResult(ReleaseStatus.Released);
        }

        if (MailboxRows.Find(s, row.AccountId, Mailbox.Inbox) is not { } box)
            return new ReleaseResult(ReleaseStatus.NotFound);
        if (!AccountRows.Use(s, row.AccountId, row.Size, 1))
            return new ReleaseResult(ReleaseStatus.OverQuota);
        s.Run(
            "INSERT INTO details VALUES($0, $1, 0, $2, $3)",
            MailboxRows.Key(box.Id, box.UidNext),
            row.Received.UtcTicks,
            row.Prefix.ToArray(),
            row.Structure.ToArray()
        );
        var uid = box.UidNext;
        box = MessageRows.Add(
            s,
            box,
            MailboxRows.NextModSeq(s, row.AccountId),
            MessageFlags.None,
            row.Size,
            row.Blob.ToArray()
        );
        MailboxRows.Save(s, box);
        s.Run("DELETE FROM quarantine WHERE id = $0", id);
        scope.AccountChanged(row.AccountId);
        return new ReleaseResult(ReleaseStatus.Released, box.Id, uid);
    }

    /// <summary>Lets go of some.</summary>
    /// <param name="scope">The unit of work.</param>
    /// <param name="where">Which, over $0.</param>
    /// <param name="value">$0.</param>
    /// <returns>How many.</returns>
    public static int Drop(WriteScope scope, string where, long value)
    {
        var rows = scope.Session.List(
            $"SELECT id, blob FROM quarantine WHERE {where}",
            static r => (Id: r.GetInt64(0), Blob: r.GetBytes(1)),
            value
        );
        foreach (var (id, blob) in rows)
        {
            scope.Session.Run("DELETE FROM quarantine WHERE id = $0", id);
            scope.Release(blob);
        }

        return rows.Count;
    }

    private static void Insert(SqlSession s, Filing filing, NewQuarantined one, string delivery, byte[] blob) =>
        s.Run(
            """
            INSERT INTO quarantine(delivery, account_id, sender, recipients, reason, received, told, size, blob, prefix, structure,
                destination, envelope, queued) VALUES($0, $1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10, $11, $12)
            """,
            delivery,
            one.AccountId,
            one.Sender?.ToString() ?? "",
            string.Join('\n', one.Recipients),
            one.Reason,
            one.Received.UtcTicks,
            one.Prefix.Length + filing.Content.Length,
            blob,
            one.Prefix.ToArray(),
            filing.Structure.ToArray(),
            one.Queue?.Destination.Ascii,
            one.Queue is { } item ? QueueRows.Envelope(item.Envelope) : null,
            one.Queue is { } queued ? QueueRows.Recipients(queued.Recipients) : null
        );
}
