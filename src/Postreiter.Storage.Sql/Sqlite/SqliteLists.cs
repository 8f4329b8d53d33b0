using Postreiter.Storage.Lists;

namespace Postreiter.Storage.Sql.Sqlite;

internal sealed class SqliteLists(SqliteStore store) : IListStore
{
    private const string Counter = "lists";

    public ValueTask<ScopeLists> ReadAsync(string scope, CancellationToken ct) =>
        new(
            store.Read(s => new ScopeLists(
                scope,
                s.Scalar("SELECT threshold FROM list_scopes WHERE scope = $0", scope) as double?,
                s.List(
                    "SELECT entry, kind, origin, added FROM list_entries WHERE scope = $0 ORDER BY entry",
                    static r => new ListEntry(
                        r.GetString(0),
                        (ListKind)r.GetInt32(1),
                        (ListOrigin)r.GetInt32(2),
                        DateTimeOffset.FromUnixTimeSeconds(r.GetInt64(3))
                    ),
                    scope
                )
            ))
        );

    public ValueTask<IReadOnlyList<string>> ListScopesAsync(CancellationToken ct) =>
        new(
            store.Read(s =>
                s.List(
                    "SELECT scope FROM list_scopes WHERE entries > 0 OR threshold IS NOT NULL ORDER BY scope",
                    static r => r.GetString(0)
                )
            )
        );

    public ValueTask<IReadOnlyList<(string Scope, long Version)>> ListChangesAsync(
        long afterVersion,
        int limit,
        CancellationToken ct
    ) =>
        new(
            store.Read(s =>
                s.List(
                    "SELECT scope, version FROM list_scopes WHERE version > $0 ORDER BY version LIMIT $1",
                    static r => (r.GetString(0), r.GetInt64(1)),
                    afterVersion,
                    limit
                )
            )
        );

    public ValueTask<IReadOnlyList<ListChange>> AddAsync(
        string scope,
        IReadOnlyList<ListEntry> entries,
        CancellationToken ct
    ) =>
        store.WriteAsync<IReadOnlyList<ListChange>>(
            work =>
            {
                if (!HasScope(work.Session, scope))
                    return [.. entries.Select(static _ => ListChange.NoScope)];
                var changes = new ListChange[entries.Count];
                for (var i = 0; i < changes.Length; i++)
                    changes[i] = Add(work.Session, scope, entries[i]);
                if (changes.Any(static c => c is ListChange.Added or ListChange.Moved))
                    Changed(work, scope);
                return changes;
            },
            ct
        );

    public ValueTask<IReadOnlyList<bool>> RemoveAsync(
        string scope,
        ListKind kind,
        IReadOnlyList<string> texts,
        bool onlyMoved,
        CancellationToken ct
    ) =>
        store.WriteAsync<IReadOnlyList<bool>>(
            work =>
            {
                var removed = new bool[texts.Count];
                for (var i = 0; i < removed.Length; i++)
                    removed[i] =
                        work.Session.Run(
                            "DELETE FROM list_entries WHERE scope = $0 AND entry = $1 AND kind = $2 AND ($3 OR origin = $4)",
                            scope,
                            texts[i],
                            (int)kind,
                            !onlyMoved,
                            (int)ListOrigin.Move
                        ) > 0;
                if (removed.Contains(true))
                    Changed(work, scope, -removed.Count(static r => r));
                return removed;
            },
            ct
        );

    public ValueTask<bool> SetThresholdAsync(string scope, double? threshold, CancellationToken ct) =>
        store.WriteAsync(
            work =>
            {
                if (!HasScope(work.Session, scope))
                    return false;
                Changed(work, scope);
                work.Session.Run("UPDATE list_scopes SET threshold = $1 WHERE scope = $0", scope, threshold);
                return true;
            },
            ct
        );

    /// <summary>A domain or an account goes, inside its unit of work. Its row stays, so that others hear of it.</summary>
    public static void Drop(WriteScope work, string scope)
    {
        if (work.Session.Run("UPDATE list_scopes SET entries = 0, threshold = NULL WHERE scope = $0", scope) == 0)
            return;
        work.Session.Run("DELETE FROM list_entries WHERE scope = $0", scope);
        Changed(work, scope);
    }

    private static void Changed(WriteScope work, string scope, int added = 0)
    {
        work.Session.Run(
            """
            INSERT INTO list_scopes VALUES($0, $1, max($2, 0), NULL)
            ON CONFLICT(scope) DO UPDATE SET version = excluded.version, entries = entries + $2
            """,
            scope,
            work.Next(Counter),
            added
        );
        work.ListsChanged();
    }

    private static bool HasScope(SqlSession s, string scope) =>
        scope.Length == 0
        || s.Scalar(
            scope.Contains('@', StringComparison.Ordinal)
                ? "SELECT 1 FROM accounts WHERE key = $0"
                : "SELECT 1 FROM domains WHERE name = $0",
            scope
        )
            is not null;

    private static ListChange Add(SqlSession s, string scope, ListEntry entry)
    {
        if (entry.Text.Length > IListStore.MaxEntryLength)
            return ListChange.TooLong;
        var before = s.First(
            "SELECT kind, origin FROM list_entries WHERE scope = $0 AND entry = $1",
            static r => new ListEntry("", (ListKind)r.GetInt32(0), (ListOrigin)r.GetInt32(1), default),
            scope,
            entry.Text
        );
        // What somebody wrote by hand stays what it is when a mail says the same.
        if (before?.Kind == entry.Kind && (before.Origin == entry.Origin || entry.Origin == ListOrigin.Move))
            return ListChange.Same;
        if (before is null && !MakeRoom(s, scope, entry.Origin))
            return ListChange.Full;
        s.Run(
            """
            INSERT INTO list_entries VALUES($0, $1, $2, $3, $4)
            ON CONFLICT(scope, entry) DO UPDATE SET kind = excluded.kind, origin = excluded.origin, added = excluded.added
            """,
            scope,
            entry.Text,
            (int)entry.Kind,
            (int)entry.Origin,
            entry.Added.ToUnixTimeSeconds()
        );
        return before is null ? ListChange.Added
            : before.Kind == entry.Kind ? ListChange.Same
            : ListChange.Moved;
    }

    // Counts the new one.
    private static bool MakeRoom(SqlSession s, string scope, ListOrigin origin)
    {
        s.Run("INSERT INTO list_scopes VALUES($0, 0, 0, NULL) ON CONFLICT(scope) DO NOTHING", scope);
        if (
            s.Run(
                "UPDATE list_scopes SET entries = entries + 1 WHERE scope = $0 AND entries < $1",
                scope,
                IListStore.Most(scope)
            ) > 0
        )
            return true;
        return origin == ListOrigin.Move
            && s.Run(
                """
                DELETE FROM list_entries WHERE scope = $0 AND entry =
                    (SELECT entry FROM list_entries WHERE scope = $0 AND origin = $1 ORDER BY added, entry LIMIT 1)
                """,
                scope,
                (int)origin
            ) > 0;
    }
}
