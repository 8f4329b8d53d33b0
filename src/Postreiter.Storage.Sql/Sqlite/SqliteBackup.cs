using System.Globalization;
using Microsoft.Data.Sqlite;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>
/// Makes a backup: first the database, as of one moment, then the contents that it names, of which none goes meanwhile; last
/// the manifest, which makes it the valid one.
/// </summary>
internal sealed class SqliteBackup(string databasePath, IBlobStore blobs, TimeProvider time)
{
    private const string GenerationPrefix = "state-";

    /// <summary>Runs; the caller holds <see cref="SqliteStore.WalkAsync"/>.</summary>
    public Task<BackupReport> RunAsync(
        string folder,
        IReadOnlyList<string> files,
        IProgress<(long Done, long Total)>? progress,
        CancellationToken ct
    )
    {
        try
        {
            return Task.FromResult(Run(Path.GetFullPath(folder), files, progress, ct));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreFault.Internal, $"the backup failed: {e.Message}", e);
        }
    }

    private BackupReport Run(
        string folder,
        IReadOnlyList<string> files,
        IProgress<(long Done, long Total)>? progress,
        CancellationToken ct
    )
    {
        var identity = Identity(databasePath);
        var before = Prepare(folder, identity);
        var generation = NextGeneration(before);
        var state = Path.Combine(folder, generation);
        if (Directory.Exists(state))
            Directory.Delete(state, recursive: true);
        DataFiles.CreatePrivate(state);
        var database = Path.Combine(state, SqliteStore.FileName);
        CopyDatabase(databasePath, database);
        DurableFiles.Sync(database);
        ct.ThrowIfCancellationRequested();

        var extents = Extents(database, out var messages);
        var wanted = extents.ConvertAll(e =>
            e.Segment == 0 ? e : e with { From = Math.Min(before?.Segments.GetValueOrDefault(e.Segment) ?? 0, e.To) }
        );
        var counter = new Counter(progress, wanted.Sum(e => e.To - e.From));
        blobs.CopyTo(Path.Combine(folder, BackupManifest.BlobFolder), wanted, counter, ct);
        var names = DataFiles.Copy(files, Path.GetDirectoryName(Path.GetFullPath(databasePath))!, state);
        DurableFiles.SyncFolder(state);
        DurableFiles.SyncFolder(folder);
        ct.ThrowIfCancellationRequested();
        new BackupManifest
        {
            Store = identity,
            Made = time.GetUtcNow(),
            Generation = generation,
            Segments = new(extents.Where(e => e.Segment != 0).ToDictionary(e => e.Segment, e => e.To)),
            Files = names,
        }.Write(folder);

        // From here on it is the valid one; what only the one before needed goes.
        foreach (var old in Directory.EnumerateDirectories(folder, GenerationPrefix + "*").Where(d => d != state))
            Directory.Delete(old, recursive: true);
        blobs.PruneCopy(Path.Combine(folder, BackupManifest.BlobFolder), extents);
        var size = new FileInfo(database).Length;
        return new BackupReport(
            messages,
            size + extents.Sum(e => e.To),
            size + counter.Copied,
            before is not null,
            names
        );
    }

    /// <summary>What of the segments and files of their own a database refers to.</summary>
    internal static List<BlobExtent> Extents(string database, out long messages)
    {
        using var session = new SqlSession(database);
        messages = session.Integer("SELECT count(*) FROM messages");
        return
        [
            .. session.List(
                "SELECT segment, max(offset + length) FROM blobs WHERE segment > 0 GROUP BY segment",
                r => new BlobExtent(r.GetInt32(0), default, 0, r.GetInt64(1))
            ),
            .. session.List(
                "SELECT id, length FROM blobs WHERE segment = 0",
                r => new BlobExtent(0, new BlobId(r.GetBytes(0)), 0, r.GetInt64(1))
            ),
        ];
    }

    private static string Identity(string database)
    {
        using var session = new SqlSession(database);
        return session
            .Integer("SELECT value FROM counters WHERE name = 'identity'")
            .ToString("x16", CultureInfo.InvariantCulture);
    }

    private static BackupManifest? Prepare(string folder, string identity)
    {
        var marker = Path.Combine(folder, BackupManifest.MarkerName);
        if (!File.Exists(marker))
        {
            if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
                throw new StoreException(StoreFault.Internal, $"{folder} is used for something else");
            DataFiles.CreatePrivate(folder);
            File.WriteAllText(marker, "This folder is a backup of a Postreiter store: postreiter store restore\n");
        }

        var before = BackupManifest.Read(folder);
        return before is not null && before.Store != identity
            ? throw new StoreException(StoreFault.Internal, $"{folder} is the backup of another store")
            : before;
    }

    private static string NextGeneration(BackupManifest? before)
    {
        var last =
            before is not null
            && int.TryParse(before.Generation.AsSpan(GenerationPrefix.Length), CultureInfo.InvariantCulture, out var n)
                ? n
                : 0;
        return GenerationPrefix + (last + 1).ToString(CultureInfo.InvariantCulture);
    }

    // SQLite's online backup: one snapshot, beside writers and readers.
    private static void CopyDatabase(string from, string to)
    {
        using var source = Open(from, SqliteOpenMode.ReadWrite);
        using var target = Open(to, SqliteOpenMode.ReadWriteCreate);
        source.BackupDatabase(target);
        // One file, complete in itself.
        using var command = target.CreateCommand();
        command.CommandText = "PRAGMA journal_mode=DELETE";
        command.ExecuteNonQuery();
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        var options = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
        };
        var connection = new SqliteConnection(options.ToString());
        connection.Open();
        return connection;
    }

    private sealed class Counter(IProgress<(long Done, long Total)>? progress, long total) : IProgress<long>
    {
        public long Copied { get; private set; }

        public void Report(long value)
        {
            Copied += value;
            progress?.Report((Math.Min(Copied, total), total));
        }
    }
}
