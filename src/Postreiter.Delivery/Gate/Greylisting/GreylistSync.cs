using Microsoft.Extensions.Logging;
using Postreiter.Storage;
using Postreiter.Storage.Gate;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>
/// Keeps a <see cref="Greylist"/> and the store together: saves what is new every two seconds, takes over what other processes saved, and
/// forgets what is over every hour.
/// </summary>
/// <param name="list">The one in memory.</param>
/// <param name="store">The one that lasts.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of faults.</param>
public sealed partial class GreylistSync(Greylist list, IStore store, TimeProvider time, ILogger log) : IDisposable
{
    private const int Page = 5_000;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PruneEvery = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _one = new(1);
    private long _version;
    private bool _isDown;

    /// <summary>Reads everything; before that every caller is new.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public async Task LoadAsync(CancellationToken ct) =>
        _version = await Task.Run(async () => await store.Gate.ReadGreylistAsync(list.Join, ct), ct);

    /// <summary>Saves and takes over until it is stopped; what is new then is saved once more.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var pruned = time.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(Pause, time, ct);
                await TryAsync(SyncAsync, ct);
                if (time.GetElapsedTime(pruned) < PruneEvery)
                    continue;
                pruned = time.GetTimestamp();
                await TryAsync(PruneAsync, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await TryAsync(SyncAsync, CancellationToken.None);
        }
    }

    /// <summary>Saves what is new, and takes over what others saved.</summary>
    /// <exception cref="StoreException">The store did not take it; it is kept for the next time.</exception>
    public async Task SyncAsync(CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            var rows = list.TakeUnsaved();
            try
            {
                // Not more at a time than other work may wait for.
                foreach (var page in rows.Chunk(Page))
                    await store.Gate.SaveGreylistAsync(page, CancellationToken.None);
            }
            catch
            {
                list.GiveBack(rows);
                throw;
            }

            while (true)
            {
                var changed = await store.Gate.ListGreylistAsync(_version, Page, ct);
                foreach (var row in changed)
                    list.Join(row.State);
                if (changed.Count > 0)
                    _version = changed[^1].Version;
                if (changed.Count < Page)
                    return;
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Forgets what is over, here and in the store.</summary>
    /// <exception cref="StoreException">The store cannot.</exception>
    public async Task PruneAsync(CancellationToken ct)
    {
        list.Prune();
        var (now, options) = (time.GetUtcNow(), list.Options);
        // What a flood has pushed out of memory is not kept in the store either.
        var waiting = Math.Max((now - options.Window).ToUnixTimeSeconds(), list.TakeOldestAfterDrop());
        var passed = (now - options.Lifetime).ToUnixTimeSeconds();
        while (await store.Gate.PruneGreylistAsync(waiting, passed, ct) == IGateStore.PruneStep) { }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task TryAsync(Func<CancellationToken, Task> work, CancellationToken ct)
    {
        try
        {
            await work(ct);
            _isDown = false;
        }
        catch (StoreException e)
        {
            // P14: greylisting goes on from memory. Told once.
            if (!_isDown)
                LogDown(e);
            _isDown = true;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The greylist cannot be saved; it goes on from memory")]
    private partial void LogDown(StoreException e);
}
