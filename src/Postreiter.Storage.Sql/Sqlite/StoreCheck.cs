using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>
/// Verifies the rows against one another (<see cref="CheckRules"/>) and against the contents. Each rule and each page of
/// contents reads a snapshot of its own, so that a long check holds back no checkpoint.
/// </summary>
internal sealed class StoreCheck(SqliteStore store, IBlobStore blobs)
{
    private const int MostProblems = 1000;
    private const int MostExplained = 20;
    private const int PageRows = 500;
    private readonly List<string> _problems = [];
    private readonly List<string> _repaired = [];

    /// <summary>Runs; the caller holds <see cref="SqliteStore.WalkAsync"/>.</summary>
    public async Task<StoreCheckReport> RunAsync(
        bool repair,
        IProgress<(long Done, long Total)>? progress,
        CancellationToken ct
    )
    {
        _problems.AddRange(
            store.Read(s =>
                s.List($"PRAGMA integrity_check({MostProblems})", r => r.GetString(0)).Where(w => w != "ok")
            )
        );
        foreach (var rule in CheckRules.All)
        {
            ct.ThrowIfCancellationRequested();
            var found = store.Read(s => Find(s, rule));
            if (found.Count == 0)
                continue;
            if (repair && rule.Repair is not null)
                _repaired.AddRange(await RepairAsync(rule, ct));
            else
                _problems.AddRange(found);
        }

        await CheckFilesAsync(repair, ct);
        var (accounts, mailboxes, messages, queue) = store.Read(s =>
            (
                s.Integer("SELECT count(*) FROM accounts"),
                s.Integer("SELECT count(*) FROM mailboxes"),
                s.Integer("SELECT count(*) FROM messages"),
                s.Integer("SELECT count(*) FROM queue")
            )
        );
        var verified = CheckContents(messages, progress, ct);
        progress?.Report((messages, messages));
        return new StoreCheckReport(accounts, mailboxes, messages, queue, verified, _problems, _repaired);
    }

    private static List<string> Find(SqlSession s, CheckRule rule) =>
        s.List($"{rule.Problem} LIMIT {MostProblems}", r => r.GetString(0));

    // In the writer's turn the rule is asked again: what is wrong now is put right now.
    private ValueTask<List<string>> RepairAsync(CheckRule rule, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var wrong = Find(scope.Session, rule);
                if (wrong.Count > 0)
                    scope.Session.Run(rule.Repair!, scope.Time.GetUtcNow().UtcTicks);
                return wrong;
            },
            ct
        );

    private async Task CheckFilesAsync(bool repair, CancellationToken ct)
    {
        var orphans = await store.Collector.FindOrphansAsync(ct);
        if (repair)
            await store.Collector.RemoveOrphansAsync(orphans, ct);
        (repair ? _repaired : _problems).AddRange(
            orphans.Take(MostProblems).Select(id => $"file {id}.blob: nothing refers to it")
        );
        _problems.AddRange(blobs.ListStrangers().Select(name => $"file {name}: it is none of the store's"));
    }

    private long CheckContents(long messages, IProgress<(long Done, long Total)>? progress, CancellationToken ct)
    {
        var total = store.Read(s => s.Integer("SELECT count(*) FROM blobs WHERE refs > 0"));
        var damaged = 0L;
        var (done, last) = (0L, new Row(new BlobId(new byte[BlobId.Size]), new BlobLocation(-1, 0), 0));
        while (NextPage(last) is { Count: > 0 } page)
        {
            foreach (var row in page)
            {
                ct.ThrowIfCancellationRequested();
                if (!blobs.Verify(row.Id, row.At, row.Length) && ++damaged <= MostProblems)
                    _problems.Add($"content {row.Id}: its bytes are damaged or missing{Explain(row.Id)}");
                if (++done % 256 == 0)
                    progress?.Report((Math.Min(done, total) * messages / Math.Max(total, 1), messages));
            }

            last = page[^1];
        }

        if (damaged > MostProblems)
            _problems.Add($"{damaged - MostProblems} contents more: damaged or missing");
        return done;
    }

    private List<Row> NextPage(Row last) =>
        store.Read(s =>
            s.List(
                """
                SELECT id, segment, offset, length FROM blobs
                WHERE (segment, offset, length, id) > ($0, $1, $2, $3) AND refs > 0
                ORDER BY segment, offset, length, id LIMIT $4
                """,
                r => new Row(new BlobId(r.GetBytes(0)), new BlobLocation(r.GetInt32(1), r.GetInt64(2)), r.GetInt64(3)),
                last.At.Segment,
                last.At.Offset,
                last.Length,
                last.Id.ToArray(),
                PageRows
            )
        );

    // Whose it is; looked up for the first ones only, for it reads every message.
    private string Explain(BlobId id)
    {
        if (_problems.Count >= MostExplained)
            return "";
        var owners = store.Read(s =>
            s.List(
                """
                SELECT a.address || ' ' || b.name || ' UID ' || (m.id & 4294967295) FROM messages m
                JOIN mailboxes b ON b.id = m.id >> 32 JOIN accounts a ON a.id = b.account_id WHERE m.blob = $0
                UNION ALL SELECT 'queue item ' || q.id FROM queue q WHERE q.blob = $0
                UNION ALL SELECT 'quarantined message ' || z.id FROM quarantine z WHERE z.blob = $0
                UNION ALL SELECT a.address || ' ' || k.mailbox || ', expunged' FROM kept k
                JOIN accounts a ON a.id = k.account_id WHERE k.blob = $0 LIMIT 10
                """,
                r => r.GetString(0),
                id.ToArray()
            )
        );
        return owners.Count == 0 ? "" : $" ({string.Join("; ", owners)})";
    }

    private readonly record struct Row(BlobId Id, BlobLocation At, long Length);
}
