using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>One unit of work: all of it or nothing.</summary>
internal abstract class WorkUnit
{
    /// <summary>Contents that must be durable before the rows.</summary>
    public IReadOnlyList<PendingBlob> Contents { get; init; } = [];

    public abstract void Run(WriteScope scope);

    public abstract void Complete();

    public abstract void Fail(Exception error);
}

internal sealed class WorkUnit<T>(Func<WriteScope, T> work) : WorkUnit
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Done => _done.Task;

    public override void Run(WriteScope scope) => _result = work(scope);

    public override void Complete() => _done.TrySetResult(_result!);

    public override void Fail(Exception error) => _done.TrySetException(error);
}

/// <summary>
/// The only writer: takes whatever units wait, makes their contents durable with one sync, runs each unit in a savepoint
/// of one transaction, commits once, then completes all of them (group commit).
/// </summary>
internal sealed class StoreWriter : IAsyncDisposable
{
    private const int MostUnits = 512;
    private const long MostBytes = 16 * 1024 * 1024;
    private readonly Channel<WorkUnit> _waiting = Channel.CreateBounded<WorkUnit>(
        new BoundedChannelOptions(4096) { SingleReader = true }
    );
    private readonly SqlSession _session;
    private readonly IBlobStore _blobs;
    private readonly WriteScope _scope;
    private readonly ILogger _logger;
    private readonly Task _loop;

    public StoreWriter(SqlSession session, IBlobStore blobs, WriteScope scope, ILogger logger)
    {
        (_session, _blobs, _scope, _logger) = (session, blobs, scope, logger);
        _loop = Task.Run(LoopAsync);
    }

    public async ValueTask<T> RunAsync<T>(
        Func<WriteScope, T> work,
        CancellationToken ct,
        IReadOnlyList<PendingBlob>? contents = null
    )
    {
        var unit = new WorkUnit<T>(work) { Contents = contents ?? [] };
        try
        {
            await _waiting.Writer.WriteAsync(unit, ct);
        }
        catch (ChannelClosedException e)
        {
            throw new StoreException(StoreFault.Internal, "the store is closed", e);
        }

        // From here on it is under way: cancelling would leave the caller not knowing.
        return await unit.Done;
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _loop;
    }

    private async Task LoopAsync()
    {
        var batch = new List<WorkUnit>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            batch.Clear();
            for (
                var bytes = 0L;
                batch.Count < MostUnits && bytes < MostBytes && _waiting.Reader.TryRead(out var unit);

            )
            {
                batch.Add(unit);
                foreach (var content in unit.Contents)
                    bytes += content.Length;
            }

            try
            {
                Commit(batch);
            }
            catch (Exception e)
            {
                // Our own fault, met once for the whole batch: every unit of it fails, the writer goes on.
                _logger.LogError(e, "a batch of {Count} units of work failed", batch.Count);
                var fault = AsStoreException(e);
                foreach (var unit in batch)
                    unit.Fail(fault);
            }
        }
    }

    private void Commit(List<WorkUnit> batch)
    {
        _scope.Reset();
        PersistContents(batch);
        _session.Run("BEGIN IMMEDIATE");
        var done = new List<WorkUnit>(batch.Count);
        var failed = new List<(WorkUnit Unit, Exception Error)>();
        try
        {
            foreach (var unit in batch)
            {
                _session.Run("SAVEPOINT unit");
                try
                {
                    unit.Run(_scope);
                    done.Add(unit);
                    _scope.KeepChanges();
                }
                catch (Exception e)
                {
                    // One unit's fault is not its neighbours'.
                    _logger.LogError(e, "a unit of work failed");
                    _session.Run("ROLLBACK TO unit");
                    _scope.DropChanges();
                    failed.Add((unit, AsStoreException(e)));
                }

                _session.Run("RELEASE unit");
            }

            _session.Run("COMMIT");
        }
        catch (SqliteException)
        {
            _scope.DropAll();
            TryRollback();
            throw;
        }

        _scope.Publish();
        foreach (var unit in done)
            unit.Complete();
        foreach (var (unit, error) in failed)
            unit.Fail(error);
        // Everybody has their answer: an error from here on is only logged.
        _scope.RunAfterCommit();
    }

    // limits-and-promises, order of writes: contents first, then the rows that name them.
    private void PersistContents(List<WorkUnit> batch)
    {
        var missing = new List<PendingBlob>();
        foreach (var unit in batch)
        {
            foreach (var content in unit.Contents)
            {
                if (_scope.Wanted.Add(content.Id) && !_scope.HasBlob(content.Id))
                    missing.Add(content);
            }
        }

        if (missing.Count == 0)
            return;
        var locations = new BlobLocation[missing.Count];
        try
        {
            _blobs.Persist(missing, locations);
        }
        catch (StoreException e)
        {
            _logger.LogError(e, "{Count} contents could not be made durable", missing.Count);
            var lost = missing.Select(m => m.Id).ToHashSet();
            batch.RemoveAll(unit =>
            {
                if (!unit.Contents.Any(c => lost.Contains(c.Id)))
                    return false;
                unit.Fail(e);
                return true;
            });
            return;
        }

        for (var i = 0; i < missing.Count; i++)
            _scope.Persisted[missing[i].Id] = locations[i];
    }

    private void TryRollback()
    {
        try
        {
            _session.Run("ROLLBACK");
        }
        catch (SqliteException e)
        {
            // SQLite has rolled back by itself after some errors.
            _logger.LogDebug(e, "nothing to roll back");
        }
    }

    internal static StoreException AsStoreException(Exception e) =>
        e switch
        {
            StoreException known => known,
            SqliteException { SqliteErrorCode: 13 } => new(StoreFault.DiskFull, "the database volume is full", e),
            SqliteException { SqliteErrorCode: 5 or 6 } => new(StoreFault.Busy, "the database stayed locked", e),
            SqliteException { SqliteErrorCode: 11 or 26 } => new(
                StoreFault.DamagedDatabase,
                "the database is damaged: " + e.Message,
                e
            ),
            _ => new(StoreFault.Internal, "a unit of work failed: " + e.Message, e),
        };
}
