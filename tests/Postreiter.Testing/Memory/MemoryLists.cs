using Postreiter.Storage.Lists;

namespace Postreiter.Testing.Memory;

internal sealed class MemoryLists(MemoryState state) : IListStore
{
    public ValueTask<ScopeLists> ReadAsync(string scope, CancellationToken ct)
    {
        lock (state.Lock)
        {
            var row = state.Lists.GetValueOrDefault(scope);
            return new(new ScopeLists(scope, row?.Threshold, row is null ? [] : [.. row.Entries.Values]));
        }
    }

    public ValueTask<IReadOnlyList<string>> ListScopesAsync(CancellationToken ct)
    {
        lock (state.Lock)
            return new([
                .. state
                    .Lists.Where(static l => l.Value.Entries.Count > 0 || l.Value.Threshold is not null)
                    .Select(static l => l.Key)
                    .Order(StringComparer.Ordinal),
            ]);
    }

    public ValueTask<IReadOnlyList<(string Scope, long Version)>> ListChangesAsync(
        long afterVersion,
        int limit,
        CancellationToken ct
    )
    {
        lock (state.Lock)
            return new([
                .. state
                    .Lists.Where(l => l.Value.Version > afterVersion)
                    .OrderBy(static l => l.Value.Version)
                    .Take(limit)
                    .Select(static l => (l.Key, l.Value.Version)),
            ]);
    }

    public ValueTask<IReadOnlyList<ListChange>> AddAsync(
        string scope,
        IReadOnlyList<ListEntry> entries,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            if (!HasScope(scope))
                return new([.. entries.Select(static _ => ListChange.NoScope)]);
            var row = Open(scope);
            ListChange[] changes = [.. entries.Select(e => Add(row, scope, e))];
            if (changes.Any(static c => c is ListChange.Added or ListChange.Moved))
                Changed(state, row);
            return new(changes);
        }
    }

    public ValueTask<IReadOnlyList<bool>> RemoveAsync(
        string scope,
        ListKind kind,
        IReadOnlyList<string> texts,
        bool onlyMoved,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            var row = Open(scope);
            bool[] removed =
            [
                .. texts.Select(text =>
                    row.Entries.TryGetValue(text, out var entry)
                    && entry.Kind == kind
                    && (!onlyMoved || entry.Origin == ListOrigin.Move)
                    && row.Entries.Remove(text)
                ),
            ];
            if (removed.Contains(true))
                Changed(state, row);
            return new(removed);
        }
    }

    public ValueTask<bool> SetThresholdAsync(string scope, double? threshold, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (!HasScope(scope))
                return new(false);
            var row = Open(scope);
            row.Threshold = threshold;
            Changed(state, row);
            return new(true);
        }
    }

    /// <summary>A domain or an account goes.</summary>
    public static void Drop(MemoryState state, string scope)
    {
        if (!state.Lists.TryGetValue(scope, out var row))
            return;
        row.Entries.Clear();
        row.Threshold = null;
        Changed(state, row);
    }

    private static void Changed(MemoryState state, MemoryScope row)
    {
        row.Version = state.Lists.Values.Max(static l => l.Version) + 1;
        state.Feed.ListsChanged();
    }

    private static ListChange Add(MemoryScope row, string scope, ListEntry entry)
    {
        if (entry.Text.Length > IListStore.MaxEntryLength)
            return ListChange.TooLong;
        var before = row.Entries.GetValueOrDefault(entry.Text);
        if (before?.Kind == entry.Kind && (before.Origin == entry.Origin || entry.Origin == ListOrigin.Move))
            return ListChange.Same;
        if (before is null && row.Entries.Count >= IListStore.Most(scope))
        {
            var oldest = row
                .Entries.Values.Where(static e => e.Origin == ListOrigin.Move)
                .OrderBy(static e => e.Added)
                .ThenBy(static e => e.Text, StringComparer.Ordinal)
                .FirstOrDefault();
            if (entry.Origin != ListOrigin.Move || oldest is null)
                return ListChange.Full;
            row.Entries.Remove(oldest.Text);
        }

        row.Entries[entry.Text] = entry with
        {
            Added = DateTimeOffset.FromUnixTimeSeconds(entry.Added.ToUnixTimeSeconds()),
        };
        return before is null ? ListChange.Added
            : before.Kind == entry.Kind ? ListChange.Same
            : ListChange.Moved;
    }

    private bool HasScope(string scope) =>
        scope.Length == 0
        || state.Accounts.Values.Any(a => a.Address.Key == scope)
        || state.Domains.Any(d => d.Ascii == scope);

    private MemoryScope Open(string scope)
    {
        if (!state.Lists.TryGetValue(scope, out var row))
            state.Lists.Add(scope, row = new MemoryScope());
        return row;
    }
}

internal sealed class MemoryScope
{
    public long Version { get; set; }

    public double? Threshold { get; set; }

    public SortedDictionary<string, ListEntry> Entries { get; } = new(StringComparer.Ordinal);
}
