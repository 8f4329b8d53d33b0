using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>
/// The only writer: takes whatever units wait, makes their contents durable with one sync, runs them in one transaction,
/// commits once, then completes all of them (group commit).
/// </summary>
/// <remarks>
/// Two threads take turns, each with a whole batch from its first step to its last: while one commits, the other makes the
/// contents of the next batch durable. A step's lock is taken before that of the step before is let go, so batches commit
/// in the order in which they were taken. They are threads of their own because they spend their time waiting for the disk.
/// </remarks>
internal sealed class StoreWriter : IAsyncDisposable
{
    private const int Threads = 2;

    private readonly WorkQueue _waiting = new();
    private readonly Lock _contentStep = new();
    private readonly Lock _commitStep = new();
    private readonly SqlSession _session;
    private readonly StoredContents _stored;
    private readonly IBlobStore _blobs;
    private readonly WriteScope _scope;
    private readonly WriteAheadLog _log;
    private readonly ILogger _logger;
    private readonly Task[] _loops;
    private WorkUnit? _kept;
    private WorkBatch? _before;
    private bool _isUnsure;

    /// <summary>Starts the two threads.</summary>
    /// <param name="session">Writes.</param>
    /// <param name="known">Reads which contents are there, beside a commit that is under way.</param>
    /// <param name="blobs">Where contents go.</param>
    /// <param name="scope">What units work with.</param>
    /// <param name="log">Is copied after commits.</param>
    /// <param name="logger">Told of faults.</param>
    public StoreWriter(
        SqlSession session,
        SqlSession known,
        IBlobStore blobs,
        WriteScope scope,
        WriteAheadLog log,
        ILogger logger
    )
    {
        (_session, _blobs, _scope, _log, _logger) = (session, blobs, scope, log, logger);
        _stored = new StoredContents(known, blobs, logger);
        _loops =
        [
            .. Enumerable
                .Range(0, Threads)
                .Select(_ =>
                    Task.Factory.StartNew(
                        Loop,
                        CancellationToken.None,
                        TaskCreationOptions.LongRunning,
                        TaskScheduler.Default
                    )
                ),
        ];
    }

    /// <summary>Does a unit of work; when the task completes it is durable.</summary>
    /// <param name="work">What is to be done; may be called twice, see <see cref="WorkUnit.Run"/>.</param>
    /// <param name="ct">Stops it before it is under way, never after.</param>
    /// <param name="contents">What must be durable before the rows.</param>
    /// <param name="alone">See <see cref="WorkUnit.IsAlone"/>.</param>
    /// <param name="moves">See <see cref="WorkUnit.Moves"/>.</param>
    /// <exception cref="StoreException">Nothing was changed.</exception>
    public async ValueTask<T> RunAsync<T>(
        Func<WriteScope, T> work,
        CancellationToken ct,
        IReadOnlyList<PendingBlob>? contents = null,
        bool alone = false,
        bool moves = false
    )
    {
        ct.ThrowIfCancellationRequested();
        var unit = new WorkUnit<T>(work)
        {
            Contents = contents ?? [],
            IsAlone = alone,
            Moves = moves,
        };
        if (!_waiting.TryAdd(unit))
            throw new StoreException(StoreFault.Internal, "the store is closed");

        // From here on it is under way: cancelling would leave the caller not knowing.
        return await unit.Done;
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Close();
        await Task.WhenAll(_loops);
    }

    internal static StoreException AsStoreException(Exception e) =>
        e switch
        {
            StoreException known => known,
            // ENOSPC and EDQUOT, as .NET has them in the low word.
            IOException when (e.HResult & 0xFFFF) is 28 or 122 => new(StoreFault.DiskFull, "the disk is full", e),
            SqliteException { SqliteErrorCode: 13 } => new(StoreFault.DiskFull, "the database volume is full", e),
            SqliteException { SqliteErrorCode: 5 or 6 } => new(StoreFault.Busy, "the database stayed locked", e),
            SqliteException { SqliteErrorCode: 11 or 26 } => new(
                StoreFault.DamagedDatabase,
                "the database is damaged: " + e.Message,
                e
            ),
            _ => new(StoreFault.Internal, "a unit of work failed: " + e.Message, e),
        };

    private void Loop()
    {
        while (TryStep()) { }
    }

    /// <summary>One batch from its first step to its last.</summary>
    /// <returns>False when no more will come.</returns>
    private bool TryStep()
    {
        var batch = new WorkBatch();
        var inContentStep = true;
        _contentStep.Enter();
        try
        {
            if (!batch.Take(_waiting, ref _kept))
                return false;
            PersistContents(batch);
            _before = batch;
            lock (_commitStep)
            {
                // A unit that runs alone keeps the next batch waiting here: nothing is under way beside it.
                if (!batch.IsAlone)
                {
                    inContentStep = false;
                    _contentStep.Exit();
                }

                Commit(batch);
            }

            return true;
        }
        finally
        {
            if (inContentStep)
                _contentStep.Exit();
        }
    }

    // limits-and-promises, order of writes: contents first, then the rows that name them.
    private void PersistContents(WorkBatch batch)
    {
        var missing = new List<PendingBlob>();
        try
        {
            foreach (var unit in batch.Units)
            {
                foreach (var content in unit.Contents)
                {
                    if (batch.Places.ContainsKey(content.Id))
                        continue;
                    // The batch before may not be committed yet, or may fail: its contents are durable all the same.
                    if (_before is { } before && before.Places.TryGetValue(content.Id, out var place))
                    {
                        batch.Places[content.Id] = place;
                        if (before.Damaged.Contains(content.Id))
                            batch.Damaged.Add(content.Id);
                    }
                    else if (unit.Moves || !_stored.HasWhole(content, batch.Damaged))
                    {
                        batch.Places[content.Id] = default;
                        missing.Add(content);
                    }
                }
            }

            if (missing.Count == 0)
                return;
            var places = new BlobLocation[missing.Count];
            _blobs.Persist(missing, places);
            for (var i = 0; i < places.Length; i++)
                batch.Places[missing[i].Id] = places[i];
        }
        catch (Exception e)
        {
            _logger.LogError(e, "the contents of {Count} units of work could not be made durable", batch.Units.Count);
            var fault = AsStoreException(e);
            var lost = missing.Select(m => m.Id).ToHashSet();
            foreach (var id in lost)
                batch.Places.Remove(id);
            batch.Units.RemoveAll(unit =>
            {
                if (unit.Contents.Count == 0 || (e is StoreException && !unit.Contents.Any(c => lost.Contains(c.Id))))
                    return false;
                unit.Fail(fault);
                return true;
            });
        }
    }

    private void Commit(WorkBatch batch)
    {
        try
        {
            _scope.Begin(batch.Places, batch.Damaged);
            if (!TryTogether(batch.Units))
                OneByOne(batch.Units);
        }
        catch (Exception e)
        {
            // Met once for the whole batch: every unit of it fails, the writer goes on.
            _logger.LogError(e, "a batch of {Count} units of work failed", batch.Units.Count);
            _scope.DropAll();
            TryRollback();
            WriteOver();
            var fault = AsStoreException(e);
            foreach (var unit in batch.Units)
                unit.Fail(fault);
            return;
        }

        try
        {
            // Everybody has their answer: an error from here on is only logged.
            _scope.RunAfterCommit();
            _log.CopyIfDue();
        }
        catch (Exception e)
        {
            _logger.LogError(e, "what was to be done after a commit failed");
        }
    }

    /// <summary>The usual way: no unit fails, so none needs a savepoint (each of which copies every page it touches).</summary>
    /// <returns>False when a unit failed; nothing was changed.</returns>
    private bool TryTogether(List<WorkUnit> units)
    {
        _session.Run("BEGIN IMMEDIATE");
        foreach (var unit in units)
        {
            try
            {
                unit.Run(_scope);
                _scope.KeepChanges();
            }
            catch (Exception e)
            {
                _logger.LogDebug(e, "a unit of work failed; its batch is done again, unit by unit");
                _scope.DropAll();
                TryRollback();
                return false;
            }
        }

        CommitTransaction();
        _scope.Publish();
        foreach (var unit in units)
            unit.Complete();
        return true;
    }

    /// <summary>One unit's fault is not its neighbours'.</summary>
    private void OneByOne(List<WorkUnit> units)
    {
        var failed = new List<(WorkUnit Unit, Exception Error)>();
        _session.Run("BEGIN IMMEDIATE");
        foreach (var unit in units)
        {
            _session.Run("SAVEPOINT unit");
            try
            {
                unit.Run(_scope);
                _scope.KeepChanges();
            }
            catch (Exception e)
            {
                // After a full disk or an I/O error SQLite has rolled back everything: the batch fails with these words.
                if (!_session.IsInTransaction)
                    throw;
                _logger.LogError(e, "a unit of work failed");
                _session.Run("ROLLBACK TO unit");
                _scope.DropChanges();
                failed.Add((unit, AsStoreException(e)));
            }

            _session.Run("RELEASE unit");
        }

        CommitTransaction();
        _scope.Publish();
        foreach (var (unit, error) in failed)
            unit.Fail(error);
        // Those that failed have their answer already.
        foreach (var unit in units)
            unit.Complete();
    }

    private void CommitTransaction()
    {
        _isUnsure = true;
        _session.Run("COMMIT");
        _isUnsure = false;
    }

    // P2, order of writes 5: a commit whose sync failed may stand in the log to its last byte, and a crash would bring back
    // what was refused. The next commit is written over it: so one is made before anybody is told.
    private void WriteOver()
    {
        if (!_isUnsure)
            return;
        try
        {
            _session.Run("BEGIN IMMEDIATE");
            _scope.Next("commits_refused");
            CommitTransaction();
        }
        catch (SqliteException e)
        {
            _logger.LogError(e, "a refused batch may come back if the system stops before the next commit");
            TryRollback();
        }
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
}
