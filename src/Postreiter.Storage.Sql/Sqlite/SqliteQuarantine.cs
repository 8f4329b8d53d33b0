using Postreiter.Storage.Mail;
using Postreiter.Storage.Quarantine;

namespace Postreiter.Storage.Sql.Sqlite;

internal sealed class SqliteQuarantine(SqliteStore store) : IQuarantineStore
{
    private const int PruneStep = 200;

    public ValueTask<IReadOnlyList<QuarantinedMessage>> ListAsync(
        long? accountId,
        long afterId,
        int most,
        CancellationToken ct
    ) =>
        new(
            store.Read(s =>
                s.List(
                    $"""
                    SELECT {QuarantineRows.Columns} FROM quarantine WHERE id > $0 AND ($1 IS NULL OR account_id = $1)
                    ORDER BY id LIMIT $2
                    """,
                    QuarantineRows.Read,
                    afterId,
                    accountId,
                    most
                )
            )
        );

    public ValueTask<QuarantinedMessage?> FindAsync(long id, CancellationToken ct) =>
        new(
            store.Read(s =>
                s.First($"SELECT {QuarantineRows.Columns} FROM quarantine WHERE id = $0", QuarantineRows.Read, id)
            )
        );

    public ValueTask<MessageContent> OpenAsync(QuarantinedMessage message, CancellationToken ct) =>
        new(store.OpenContent(message.Blob, message.Prefix));

    public ValueTask<long> CountBytesAsync(CancellationToken ct) =>
        new(store.Read(s => s.Integer("SELECT ifnull(sum(size), 0) FROM quarantine")));

    public ValueTask<ReleaseResult> ReleaseAsync(long id, DateTimeOffset now, CancellationToken ct) =>
        store.WriteAsync(scope => QuarantineRows.Release(scope, id, now), ct);

    public ValueTask<bool> RemoveAsync(long id, CancellationToken ct) =>
        store.WriteAsync(scope => QuarantineRows.Drop(scope, "id = $0", id) > 0, ct);

    public ValueTask<int> PruneAsync(DateTimeOffset before, CancellationToken ct) =>
        store.Read(s => s.Integer("SELECT count(*) FROM quarantine WHERE received < $0", before.UtcTicks)) == 0
            ? new(0)
            : store.WriteAsync(
                scope =>
                    QuarantineRows.Drop(scope, $"received < $0 ORDER BY received LIMIT {PruneStep}", before.UtcTicks),
                ct
            );

    public ValueTask<IReadOnlyList<QuarantinedMessage>> ListUntoldAsync(int most, CancellationToken ct) =>
        new(
            store.Read(s =>
                s.List(
                    $"""
                    SELECT {QuarantineRows.Columns} FROM quarantine WHERE told = 0 AND account_id != 0
                    ORDER BY account_id, id LIMIT $0
                    """,
                    QuarantineRows.Read,
                    most
                )
            )
        );

    public async ValueTask NoteToldAsync(IReadOnlyList<long> ids, CancellationToken ct) =>
        await store.WriteAsync(
            scope =>
            {
                foreach (var id in ids)
                    scope.Session.Run("UPDATE quarantine SET told = 1 WHERE id = $0", id);
                return true;
            },
            ct
        );
}
