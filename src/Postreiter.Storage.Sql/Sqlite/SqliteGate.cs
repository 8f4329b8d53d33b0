using Postreiter.Core;
using Postreiter.Storage.Gate;

namespace Postreiter.Storage.Sql.Sqlite;

internal sealed class SqliteGate(SqliteStore store) : IGateStore
{
    private const string Counter = "greylist";

    private static readonly string Save = $$"""
        INSERT INTO greylist VALUES($0, $1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT(key) DO UPDATE SET version = excluded.version,
            (first, last, passes) = (
                SELECT iif(j, min(first, excluded.first), excluded.first), iif(j, max(last, excluded.last), excluded.last),
                    iif(j, max(passes, excluded.passes), excluded.passes)
                FROM (SELECT excluded.passes >= 0 AND passes >= 0 AND excluded.first <= last + {{IGateStore.JoinSeconds}} AS j))
        """;

    public ValueTask<long> ReadGreylistAsync(Action<GreylistState> each, CancellationToken ct) =>
        new(
            store.Read(s =>
            {
                using (var rows = s.Rows("SELECT key, first, last, passes FROM greylist"))
                {
                    var row = rows.Row;
                    for (var i = 1; rows.Read(); i++)
                    {
                        each(ReadState(row));
                        if (i % 65_536 == 0)
                            ct.ThrowIfCancellationRequested();
                    }
                }

                return s.Integer("SELECT value FROM counters WHERE name = $0", Counter);
            })
        );

    public ValueTask<IReadOnlyList<GreylistRow>> ListGreylistAsync(
        long afterVersion,
        int limit,
        CancellationToken ct
    ) =>
        new(
            store.Read(s =>
                s.List(
                    """
                    SELECT key, first, last, passes, client, sender, recipient, version FROM greylist WHERE version > $0
                    ORDER BY version LIMIT $1
                    """,
                    ReadRow,
                    afterVersion,
                    limit
                )
            )
        );

    public ValueTask<GreylistRow?> FindGreylistAsync(long key, CancellationToken ct) =>
        new(
            store.Read(s =>
                s.First(
                    "SELECT key, first, last, passes, client, sender, recipient, version FROM greylist WHERE key = $0",
                    ReadRow,
                    key
                )
            )
        );

    public async ValueTask SaveGreylistAsync(IReadOnlyList<GreylistRow> rows, CancellationToken ct) =>
        await store.WriteAsync(
            scope =>
            {
                foreach (var row in rows)
                {
                    scope.Session.Run(
                        Save,
                        row.State.Key,
                        row.Client,
                        row.Sender,
                        row.Recipient,
                        row.State.First,
                        row.State.Last,
                        row.State.Passes,
                        scope.Next(Counter)
                    );
                }

                return rows.Count;
            },
            ct
        );

    public ValueTask<int> PruneGreylistAsync(long waitingBefore, long passedBefore, CancellationToken ct)
    {
        // Found beside the writer: it walks over all rows.
        var over = store.Read(s =>
            s.List(
                """
                SELECT key FROM greylist WHERE (passes <= 0 AND first < $0) OR (passes > 0 AND last < $1) LIMIT $2
                """,
                static r => r.GetInt64(0),
                waitingBefore,
                passedBefore,
                IGateStore.PruneStep
            )
        );
        if (over.Count == 0)
            return new(0);
        return store.WriteAsync(
            scope =>
            {
                // Used again since: it stays.
                foreach (var key in over)
                    scope.Session.Run(
                        """
                        DELETE FROM greylist
                        WHERE key = $0 AND ((passes <= 0 AND first < $1) OR (passes > 0 AND last < $2))
                        """,
                        key,
                        waitingBefore,
                        passedBefore
                    );
                return over.Count;
            },
            ct
        );
    }

    public async ValueTask SaveTracesAsync(IReadOnlyList<TraceRecord> traces, CancellationToken ct) =>
        await store.WriteAsync(
            scope =>
            {
                foreach (var trace in traces)
                    SaveTrace(scope.Session, trace);
                return traces.Count;
            },
            ct
        );

    public ValueTask<TraceRecord?> FindTraceAsync(TraceId id, CancellationToken ct) =>
        new(
            store.Read(s =>
                s.First("SELECT id, addresses, verdict FROM traces WHERE id = $0", ReadTrace, id.ToString())
            )
        );

    public ValueTask<IReadOnlyList<TraceRecord>> ListTracesAsync(
        EmailAddress address,
        int limit,
        CancellationToken ct
    ) =>
        new(
            store.Read(s =>
                s.List(
                    """
                    SELECT t.id, t.addresses, t.verdict FROM trace_addresses a JOIN traces t ON t.id = a.id
                    WHERE a.address = $0 ORDER BY a.id DESC LIMIT $1
                    """,
                    ReadTrace,
                    address.Key,
                    limit
                )
            )
        );

    public ValueTask<int> PruneTracesAsync(DateTimeOffset before, CancellationToken ct)
    {
        // Found beside the writer, and without the verdicts, which are long. A trace that is over is written no more.
        var old = store.Read(s =>
            s.List(
                "SELECT id, addresses FROM traces WHERE id < $0 ORDER BY id LIMIT $1",
                static r => (Id: r.GetString(0), Addresses: ReadAddresses(r.GetString(1))),
                TraceId.FirstAt(before),
                IGateStore.PruneStep
            )
        );
        if (old.Count == 0)
            return new(0);
        return store.WriteAsync(
            scope =>
            {
                var s = scope.Session;
                foreach (var (id, addresses) in old)
                {
                    foreach (var address in addresses)
                        s.Run("DELETE FROM trace_addresses WHERE address = $0 AND id = $1", address.Key, id);
                    s.Run("DELETE FROM traces WHERE id = $0", id);
                }

                return old.Count;
            },
            ct
        );
    }

    /// <summary>Saves a trace inside a unit of work; that of a delivery which is tried once more (LMTP, recipient by recipient) is replaced.</summary>
    internal static void SaveTrace(SqlSession s, TraceRecord trace)
    {
        var id = trace.Id.ToString();
        s.Run(
            "INSERT INTO traces VALUES($0, $1, $2) ON CONFLICT DO UPDATE SET addresses = excluded.addresses, verdict = excluded.verdict",
            id,
            string.Join('\n', trace.Addresses.Select(static a => a.ToString())),
            trace.Verdict.ToArray()
        );
        foreach (var address in trace.Addresses)
            s.Run("INSERT INTO trace_addresses VALUES($0, $1) ON CONFLICT DO NOTHING", address.Key, id);
    }

    private static GreylistRow ReadRow(SqlStatement r) =>
        new(ReadState(r), r.GetString(4), r.GetString(5), r.GetString(6), r.GetInt64(7));

    private static GreylistState ReadState(SqlStatement r) =>
        new(r.GetInt64(0), (uint)r.GetInt64(1), (uint)r.GetInt64(2), r.GetInt32(3));

    private static TraceRecord ReadTrace(SqlStatement r) =>
        new(TraceId.TryParse(r.GetString(0), out var id) ? id : default, ReadAddresses(r.GetString(1)), r.GetBytes(2));

    private static List<EmailAddress> ReadAddresses(string lines) =>
        [
            .. lines
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static a => EmailAddress.TryParse(a, out var address) ? address : default)
                .Where(static a => !a.IsEmpty),
        ];
}
