using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Gate;
using Postreiter.Storage.Learning;
using Postreiter.Storage.Lists;
using Postreiter.Storage.Mail;
using Postreiter.Storage.MailAuth;
using Postreiter.Storage.Quarantine;
using Postreiter.Storage.Queue;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>The embedded store: metadata in one SQLite database, contents in an <see cref="IBlobStore"/>.</summary>
public sealed class SqliteStore : IStore, ILocalStore
{
    /// <summary>The database's name in its folder.</summary>
    public const string FileName = "postreiter.db";

    private readonly string _path;
    private readonly SqliteOptions _how;
    private readonly SqlSession _writeSession;
    private readonly SqlSession _knownSession;
    private readonly WriteAheadLog _log;
    private readonly StoreWriter _writer;
    private readonly ConcurrentBag<SqlSession> _readers = [];
    private readonly LocalChangeFeed _feed = new();
    private readonly IBlobStore _blobs;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _walking = new(1);
    private readonly Task _collecting;

    private SqliteStore(
        string path,
        SqliteOptions how,
        SqlSession session,
        IBlobStore blobs,
        TimeProvider time,
        ILogger logger,
        StoreOptions options
    )
    {
        (_path, _how, _writeSession, _blobs, Time, Options) = (path, how, session, blobs, time, options);
        _knownSession = new SqlSession(path, how);
        _log = new WriteAheadLog(session, how.CheckpointPages, logger);
        var scope = new WriteScope(session, _feed, time, logger) { Undelete = options.Undelete };
        _writer = new StoreWriter(session, _knownSession, blobs, scope, _log, logger);
        Directory = new SqliteDirectory(this);
        Mail = new SqliteMail(this);
        Queue = new SqliteQueue(this);
        MailAuth = new SqliteMailAuth(this);
        Gate = new SqliteGate(this);
        Learning = new SqliteLearning(this);
        Lists = new SqliteLists(this);
        Quarantine = new SqliteQuarantine(this);
        Collector = new BlobCollector(this, blobs, time, logger);
        _collecting = Collector.RunAsync(_stopping.Token);
    }

    /// <inheritdoc/>
    public IDirectoryStore Directory { get; }

    /// <inheritdoc/>
    public IMailStore Mail { get; }

    /// <inheritdoc/>
    public IQueueStore Queue { get; }

    /// <inheritdoc/>
    public IMailAuthStore MailAuth { get; }

    /// <inheritdoc/>
    public IGateStore Gate { get; }

    /// <inheritdoc/>
    public ILearningStore Learning { get; }

    /// <inheritdoc/>
    public IListStore Lists { get; }

    /// <inheritdoc/>
    public IQuarantineStore Quarantine { get; }

    /// <inheritdoc/>
    public IBlobIntake Blobs => _blobs;

    /// <inheritdoc/>
    public IChangeFeed Changes => _feed;

    internal BlobCollector Collector { get; }

    internal TimeProvider Time { get; }

    internal StoreOptions Options { get; }

    /// <summary>Opens the database in a folder, making it when it is not there, and brings its schema up to date.</summary>
    /// <param name="directory">The folder; made when it is not there.</param>
    /// <param name="blobs">Where contents are; the store starts it and disposes it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of faults.</param>
    /// <param name="ct">Stops before the work begins.</param>
    /// <exception cref="StoreException"><see cref="StoreFault.NewerSchema"/> (nothing was written),
    /// <see cref="StoreFault.DamagedDatabase"/>.</exception>
    public static ValueTask<SqliteStore> OpenAsync(
        string directory,
        IBlobStore blobs,
        TimeProvider time,
        ILogger logger,
        CancellationToken ct
    ) => OpenAsync(directory, blobs, time, logger, new StoreOptions(), ct);

    /// <inheritdoc cref="OpenAsync(string, IBlobStore, TimeProvider, ILogger, CancellationToken)"/>
    /// <param name="directory">The folder; made when it is not there.</param>
    /// <param name="blobs">Where contents are; the store starts it and disposes it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of faults.</param>
    /// <param name="options">What every engine is told.</param>
    /// <param name="ct">Stops before the work begins.</param>
    /// <param name="how">How SQLite is used; null is the default.</param>
    public static ValueTask<SqliteStore> OpenAsync(
        string directory,
        IBlobStore blobs,
        TimeProvider time,
        ILogger logger,
        StoreOptions options,
        CancellationToken ct,
        SqliteOptions? how = null
    )
    {
        ct.ThrowIfCancellationRequested();
        how ??= new SqliteOptions();
        if (how.Vfs is null)
            System.IO.Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, FileName);
        SqlSession? session = null;
        try
        {
            session = new SqlSession(path, how);
            Schema.Open(session, how.Vfs is null ? path : null);
            // What lies behind the last known content of the newest segment is a torn tail.
            var (segment, end) = (0, 0L);
            using (
                var rows = session.Rows(
                    "SELECT segment, offset + length FROM blobs ORDER BY segment DESC, offset DESC LIMIT 1"
                )
            )
            {
                if (rows.Read())
                    (segment, end) = (rows.Row.GetInt32(0), rows.Row.GetInt64(1));
            }

            blobs.Start(segment, segment == 0 ? 0 : end);
            return new(new SqliteStore(path, how, session, blobs, time, logger, options));
        }
        catch (Exception e)
        {
            session?.Dispose();
            if (e is SqliteException or IOException)
                throw StoreWriter.AsStoreException(e);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<StoreCheckReport> CheckAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct) =>
        WalkAsync(stop => new StoreCheck(this, _blobs).RunAsync(repair: false, progress, stop), ct);

    /// <inheritdoc/>
    public Task<StoreCheckReport> RepairAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct) =>
        WalkAsync(stop => new StoreCheck(this, _blobs).RunAsync(repair: true, progress, stop), ct);

    /// <inheritdoc/>
    public Task<CompactReport> CompactAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct) =>
        WalkAsync(stop => Collector.CompactAsync(progress, stop), ct);

    /// <inheritdoc/>
    public Task<BackupReport> BackupAsync(
        string folder,
        IReadOnlyList<string> files,
        IProgress<(long Done, long Total)>? progress,
        CancellationToken ct
    ) => WalkAsync(stop => new SqliteBackup(_path, _blobs, Time).RunAsync(folder, files, progress, stop), ct);

    /// <summary>
    /// One at a time: what walks over contents (a check, a backup) and what removes them (the collector, compaction). So a
    /// walk finds every content where it saw its row.
    /// </summary>
    internal async Task<T> WalkAsync<T>(Func<CancellationToken, Task<T>> walk, CancellationToken ct)
    {
        // The end of the store is the end of the walk.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping.Token);
        await _walking.WaitAsync(stop.Token);
        try
        {
            return await Task.Run(() => walk(stop.Token), stop.Token);
        }
        catch (Exception e) when (e is SqliteException or IOException)
        {
            throw StoreWriter.AsStoreException(e);
        }
        finally
        {
            _walking.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        // At once, and not by a task that comes some time: what walks must not find that it is through before it hears of the end.
        _stopping.Cancel();
        return CloseAsync();
    }

    private async ValueTask CloseAsync()
    {
        await _collecting;
        await _walking.WaitAsync();
        await _writer.DisposeAsync();
        _stopping.Dispose();
        _walking.Dispose();
        if (!_log.IsTrusted)
        {
            foreach (var session in _readers.Append(_knownSession).Append(_writeSession))
                session.KeepLog();
        }

        foreach (var reader in _readers)
            reader.Dispose();
        _knownSession.Dispose();
        _writeSession.Dispose();
        await _blobs.DisposeAsync();
    }

    /// <summary>Reads one snapshot.</summary>
    internal T Read<T>(Func<SqlSession, T> read)
    {
        try
        {
            if (!_readers.TryTake(out var session))
                session = new SqlSession(_path, _how);
            var isWhole = false;
            try
            {
                session.Run("BEGIN");
                var result = read(session);
                session.Run("COMMIT");
                isWhole = true;
                return result;
            }
            finally
            {
                // After a fault it may still hold its snapshot: the next reader gets a new session.
                if (isWhole)
                    _readers.Add(session);
                else
                    session.Dispose();
            }
        }
        catch (SqliteException e)
        {
            throw StoreWriter.AsStoreException(e);
        }
    }

    internal ValueTask<T> WriteAsync<T>(
        Func<WriteScope, T> work,
        CancellationToken ct,
        IReadOnlyList<PendingBlob>? contents = null,
        bool alone = false,
        bool moves = false
    ) => _writer.RunAsync(work, ct, contents, alone, moves);

    internal MessageContent OpenContent(BlobId id, ReadOnlyMemory<byte> prefix)
    {
        var at = FindContent(id);
        try
        {
            return _blobs.Open(prefix, id, at.Item1, at.Item2);
        }
        catch (StoreException e)
            when (e.Fault == StoreFault.DamagedContent && FindContent(id).Item1 is var now && now != at.Item1)
        {
            // Compaction moved it between the two steps, and its old segment is gone.
            return _blobs.Open(prefix, id, now, at.Item2);
        }
    }

    private Tuple<BlobLocation, long> FindContent(BlobId id) =>
        Read(session =>
            session.First(
                "SELECT segment, offset, length FROM blobs WHERE id = $0",
                r => Tuple.Create(new BlobLocation(r.GetInt32(0), r.GetInt64(1)), r.GetInt64(2)),
                id.ToArray()
            )
        ) ?? throw new StoreException(StoreFault.DamagedContent, $"content {id} is not in the store");
}
