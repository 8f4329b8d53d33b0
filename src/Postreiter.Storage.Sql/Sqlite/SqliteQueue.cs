using Postreiter.Core;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Storage.Sql.Sqlite;

internal sealed class SqliteQueue(SqliteStore store) : IQueueStore
{
    public async ValueTask<IReadOnlyList<QueueItem>> LeaseAsync(
        DateTimeOffset now,
        DateTimeOffset until,
        int most,
        IReadOnlyCollection<DomainName> except,
        CancellationToken ct
    )
    {
        while (true)
        {
            // Found by a reader: past a long queue for a destination that is full this takes a while, and whoever delivers mail
            // waits for the writer.
            var due = store.Read(s =>
                s.List(
                    $"SELECT id FROM queue WHERE due <= $0{NotIn(except, 2)} ORDER BY due, id LIMIT $1",
                    r => r.GetInt64(0),
                    [now.UtcTicks, most, .. except.Select(d => d.Ascii)]
                )
            );
            if (due.Count == 0)
                return [];
            // None when somebody else was faster with all of them.
            if (await LeaseAsync(due, now, until, ct) is { Count: > 0 } leased)
                return leased;
        }
    }

    private ValueTask<List<QueueItem>> LeaseAsync(
        List<long> ids,
        DateTimeOffset now,
        DateTimeOffset until,
        CancellationToken ct
    ) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                var leased = new List<QueueItem>();
                foreach (var id in ids)
                {
                    var item = s.First(
                        $"SELECT {QueueRows.Columns} FROM queue WHERE id = $0 AND due <= $1",
                        QueueRows.Read,
                        id,
                        now.UtcTicks
                    );
                    if (item is null)
                        continue;
                    item = item with { State = QueueState.Leased, Lease = scope.Next("lease") };
                    s.Run(
                        "UPDATE queue SET state = $1, lease = $2, due = $3 WHERE id = $0",
                        item.Id,
                        (long)QueueState.Leased,
                        item.Lease,
                        until.UtcTicks
                    );
                    leased.Add(item);
                }

                return leased;
            },
            ct
        );

    public ValueTask<DateTimeOffset?> NextDueAsync(IReadOnlyCollection<DomainName> except, CancellationToken ct) =>
        new(
            store.Read<DateTimeOffset?>(s =>
                s.Scalar(
                    $"SELECT due FROM queue WHERE due IS NOT NULL{NotIn(except, 0)} ORDER BY due LIMIT 1",
                    [.. except.Select(d => d.Ascii)]
                )
                    is long due
                    ? new DateTimeOffset(due, TimeSpan.Zero)
                    : null
            )
        );

    public ValueTask<bool> CompleteAsync(AttemptOutcome outcome, CancellationToken ct) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                if (
                    s.Scalar(
                        "SELECT blob FROM queue WHERE id = $0 AND lease = $1 AND state = $2",
                        outcome.ItemId,
                        outcome.Lease,
                        (long)QueueState.Leased
                    )
                    is not byte[] blob
                )
                    return false;
                if (outcome.Remaining.Count == 0)
                {
                    s.Run("DELETE FROM queue WHERE id = $0", outcome.ItemId);
                    scope.Release(blob);
                }
                else
                {
                    s.Run(
                        """
                        UPDATE queue SET recipients = $1, next_attempt = $2, due = $2, attempts = $3, delay_notice = $4,
                            state = 0, lease = 0 WHERE id = $0
                        """,
                        outcome.ItemId,
                        QueueRows.Recipients(outcome.Remaining),
                        outcome.NextAttempt.UtcTicks,
                        outcome.Attempts,
                        outcome.DelayNoticeSent
                    );
                }

                foreach (var notice in outcome.Notices)
                    FilingWork.File(scope, notice, isNotice: true);
                scope.QueueChanged();
                return true;
            },
            ct,
            [.. outcome.Notices.Select(n => n.Content)]
        );

    public ValueTask<MessageContent> OpenAsync(QueueItem item, CancellationToken ct) =>
        new(store.OpenContent(item.Blob, item.Prefix));

    private static string NotIn(IReadOnlyCollection<DomainName> except, int firstParameter) =>
        except.Count == 0
            ? ""
            : $" AND destination NOT IN ({string.Join(',', Enumerable.Range(firstParameter, except.Count).Select(n => $"${n}"))})";

    public ValueTask<IReadOnlyList<QueueItem>> ListAsync(long afterId, int most, CancellationToken ct) =>
        new(
            store.Read(s =>
                s.List(
                    $"SELECT {QueueRows.Columns} FROM queue WHERE id > $0 ORDER BY id LIMIT $1",
                    QueueRows.Read,
                    afterId,
                    most
                )
            )
        );

    public ValueTask<QueueItem?> FindAsync(long id, CancellationToken ct) =>
        new(store.Read(s => s.First($"SELECT {QueueRows.Columns} FROM queue WHERE id = $0", QueueRows.Read, id)));

    public ValueTask<QueueCounts> CountAsync(CancellationToken ct) =>
        new(
            store.Read(s =>
            {
                var counts = new long[3];
                foreach (
                    var (state, count) in s.List(
                        "SELECT state, count(*) FROM queue GROUP BY state",
                        r => (r.GetInt32(0), r.GetInt64(1))
                    )
                )
                    counts[state] = count;
                return new QueueCounts(counts[0], counts[1], counts[2]);
            })
        );

    public ValueTask<int> ActAsync(
        QueueAction action,
        QueueSelection selection,
        DateTimeOffset now,
        CancellationToken ct
    ) =>
        store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                const string where =
                    " WHERE state IN ($0, $1) AND ($2 IS NULL OR id = $2) AND ($3 IS NULL OR destination = $3)";
                var (one, other) = action switch
                {
                    QueueAction.Release => (QueueState.Held, QueueState.Held),
                    QueueAction.Remove => (QueueState.Held, QueueState.Waiting),
                    _ => (QueueState.Waiting, QueueState.Waiting),
                };
                object?[] named = [(long)one, (long)other, selection.Id, selection.Destination?.Ascii];
                var changed = 0;
                if (action == QueueAction.Remove)
                {
                    foreach (var blob in s.List("SELECT blob FROM queue" + where, r => r.GetBytes(0), named))
                        scope.Release(blob);
                    changed = s.Run("DELETE FROM queue" + where, named);
                }
                else if (action == QueueAction.Hold)
                {
                    changed = s.Run("UPDATE queue SET state = 2, due = NULL" + where, named);
                }
                else
                {
                    changed = s.Run(
                        "UPDATE queue SET state = 0, due = $4, next_attempt = $4" + where,
                        [.. named, now.UtcTicks]
                    );
                }

                if (changed > 0)
                    scope.QueueChanged();
                return changed;
            },
            ct
        );
}
