using Postreiter.Storage;

namespace Postreiter.Delivery.Lists;

/// <summary>
/// The lists that the store has, answered from memory: a scope is read when it is first asked for, and again when the change feed tells of a
/// change of it, by whichever node. For any thread.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="time">The clock.</param>
public sealed class StoredLists(IStore store, TimeProvider time) : IDisposable
{
    /// <summary>Scopes in memory; then all are forgotten.</summary>
    internal const int MaxScopes = 20_000;

    /// <summary>Entries in memory; then all are forgotten. About 100 MiB.</summary>
    internal const int MaxEntries = 500_000;

    private const int ChangesAtOnce = 1_000;

    // A feed that lost a word is made up for.
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private readonly ChangeSubscription _changes = store.Changes.SubscribeToLists();
    private readonly SemaphoreSlim _one = new(1);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ListedScope> _scopes = new(StringComparer.Ordinal);
    private int _entries;
    private long _forgotten;
    private volatile bool _isInStep;
    private long _version;
    private long _looked = time.GetTimestamp();

    /// <summary>Scopes in memory.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
                return _scopes.Count;
        }
    }

    /// <summary>The lists of a scope; empty ones where it has none.</summary>
    /// <exception cref="StoreException">They cannot be read.</exception>
    internal async ValueTask<ListedScope> FindAsync(string scope, CancellationToken ct)
    {
        if (!_isInStep || _changes.TryTake() || time.GetElapsedTime(_looked) >= LookAgain)
            await ForgetChangedAsync(ct);
        long forgotten;
        lock (_lock)
        {
            if (_scopes.TryGetValue(scope, out var known))
                return known;
            forgotten = _forgotten;
        }

        var read = ListedScope.Of(await store.Lists.ReadAsync(scope, ct));
        lock (_lock)
        {
            // What changed while it was read is read anew by the next one.
            if (forgotten != _forgotten)
                return read;
            if (_scopes.Count >= MaxScopes || _entries + read.Count > MaxEntries)
                Clear();
            if (_scopes.TryAdd(scope, read))
                _entries += read.Count;
        }

        return read;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _changes.Dispose();
        _one.Dispose();
    }

    private async ValueTask ForgetChangedAsync(CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            while (true)
            {
                var changed = await store.Lists.ListChangesAsync(_version, ChangesAtOnce, ct);
                lock (_lock)
                {
                    if (changed.Count > 0)
                        _forgotten++;
                    foreach (var (scope, version) in changed)
                    {
                        _version = version;
                        if (_scopes.Remove(scope, out var old))
                            _entries -= old.Count;
                    }

                    _isInStep = true;
                    _looked = time.GetTimestamp();
                }

                if (changed.Count < ChangesAtOnce)
                    return;
            }
        }
        catch
        {
            // The change is not lost: the next one asks again.
            lock (_lock)
            {
                (_isInStep, _version, _forgotten) = (false, 0, _forgotten + 1);
                Clear();
            }

            throw;
        }
        finally
        {
            _one.Release();
        }
    }

    private void Clear()
    {
        _scopes.Clear();
        _entries = 0;
    }
}
