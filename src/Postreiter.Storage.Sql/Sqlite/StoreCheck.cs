using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Verifies one snapshot of the database against itself and against the contents.</summary>
internal static class StoreCheck
{
    private const int MostProblems = 1000;

    // Each names what is wrong in its first column.
    private static readonly string[] Rules =
    [
        """
            SELECT 'mailbox ' || b.id || ': the counters do not match its messages' FROM mailboxes b LEFT JOIN (
                SELECT id >> 32 box, count(*) n, sum(system & 1 = 0) unseen, sum(system & 8 != 0) deleted, sum(size) size
                FROM messages GROUP BY 1) m ON m.box = b.id
            WHERE (b.messages, b.unseen, b.deleted, b.size)
                != (ifnull(n, 0), ifnull(m.unseen, 0), ifnull(m.deleted, 0), ifnull(m.size, 0))
            """,
        """
            SELECT 'mailbox ' || b.id || ': a UID is not below UIDNEXT' FROM mailboxes b
            WHERE EXISTS(SELECT 1 FROM messages m WHERE m.id BETWEEN (b.id << 32) + b.uid_next AND (b.id << 32) + 4294967295)
            """,
        """
            SELECT 'message ' || (m.id >> 32) || '/' || (m.id & 4294967295) || ': its mailbox, details or content is missing'
            FROM messages m WHERE NOT EXISTS(SELECT 1 FROM mailboxes b WHERE b.id = m.id >> 32)
                OR NOT EXISTS(SELECT 1 FROM details d WHERE d.id = m.id)
                OR NOT EXISTS(SELECT 1 FROM blobs x WHERE x.id = m.blob)
            """,
        """
            SELECT 'message ' || (e.id >> 32) || '/' || (e.id & 4294967295) || ': is there and expunged'
            FROM expunged e JOIN messages m ON m.id = e.id
            """,
        """
            SELECT 'account ' || a.id || ': the bytes used do not match its mailboxes' FROM accounts a
            WHERE used != (SELECT ifnull(sum(size), 0) FROM mailboxes b WHERE b.account_id = a.id)
            """,
        """
            SELECT 'content ' || lower(hex(x.id)) || ': ' || refs || ' references counted, ' || ifnull(n, 0) || ' found'
            FROM blobs x LEFT JOIN (SELECT blob, count(*) n FROM
                (SELECT blob FROM messages UNION ALL SELECT blob FROM queue UNION ALL SELECT blob FROM kept) GROUP BY 1) u ON u.blob = x.id
            WHERE refs != ifnull(n, 0)
            """,
        """
            SELECT 'queue item ' || id || ': its content is missing' FROM queue q
            WHERE NOT EXISTS(SELECT 1 FROM blobs x WHERE x.id = q.blob)
            """,
    ];

    public static StoreCheckReport Run(
        SqlSession s,
        IBlobStore blobs,
        IProgress<(long Done, long Total)>? progress,
        CancellationToken ct
    )
    {
        var problems = new List<string>();
        foreach (var rule in Rules)
        {
            ct.ThrowIfCancellationRequested();
            problems.AddRange(s.List(rule + $" LIMIT {MostProblems}", r => r.GetString(0)));
        }

        var messages = s.Integer("SELECT count(*) FROM messages");
        var total = s.Integer("SELECT count(*) FROM blobs WHERE refs > 0");
        var done = 0L;
        using (
            var rows = s.Rows("SELECT id, segment, offset, length FROM blobs WHERE refs > 0 ORDER BY segment, offset")
        )
        {
            while (rows.Read())
            {
                ct.ThrowIfCancellationRequested();
                var id = new BlobId(rows.Row.GetBytes(0));
                if (
                    !IsWhole(
                        blobs,
                        id,
                        new BlobLocation(rows.Row.GetInt32(1), rows.Row.GetInt64(2)),
                        rows.Row.GetInt64(3)
                    )
                )
                    problems.Add($"content {id}: its bytes are damaged or missing");
                if (++done % 256 == 0)
                    progress?.Report((done * messages / total, messages));
            }
        }

        progress?.Report((messages, messages));
        return new StoreCheckReport(
            s.Integer("SELECT count(*) FROM accounts"),
            s.Integer("SELECT count(*) FROM mailboxes"),
            messages,
            s.Integer("SELECT count(*) FROM queue"),
            done,
            problems
        );
    }

    private static bool IsWhole(IBlobStore blobs, BlobId id, BlobLocation at, long length)
    {
        try
        {
            return blobs.Verify(id, at, length);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
