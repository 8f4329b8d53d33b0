using Microsoft.Data.Sqlite;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Makes a data folder from a backup (<see cref="ILocalStore.BackupAsync"/>).</summary>
public static class SqliteRestore
{
    // Far more than any mailbox received, or any account changed, between a backup and its restore.
    private const long UidGap = 1 << 20;
    private const long ModSeqGap = 1L << 32;

    /// <summary>Whether a folder holds a backup that is complete.</summary>
    public static bool IsBackup(string folder) => File.Exists(Path.Combine(folder, BackupManifest.FileName));

    /// <summary>
    /// Restores. Mailboxes keep their UIDVALIDITY and messages their UIDs; new UIDs and MODSEQs begin far above all that may have
    /// been handed out after the backup (P7), and every message counts as changed, so that clients look again. What waited in the
    /// queue is held: it may have been sent since.
    /// </summary>
    /// <param name="backup">The backup's folder.</param>
    /// <param name="folder">The new data folder: empty or not there. The other files come last, in the order of the backup.</param>
    /// <param name="contents">Opens the backup's contents, given their folder.</param>
    /// <param name="progress">Told (bytes copied, bytes to copy) now and then; may be null.</param>
    /// <param name="ct">Stops it; the folder is then incomplete.</param>
    /// <exception cref="StoreException">There is no backup, the folder is used, or it failed.</exception>
    public static async Task<RestoreReport> RunAsync(
        string backup,
        string folder,
        Func<string, IBlobStore> contents,
        IProgress<(long Done, long Total)>? progress,
        CancellationToken ct
    )
    {
        try
        {
            return await Task.Run(() => CopyAsync(backup, folder, contents, progress, ct), ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreFault.Internal, $"the restore failed: {e.Message}", e);
        }
        catch (SqliteException e)
        {
            throw StoreWriter.AsStoreException(e);
        }
    }

    private static async Task<RestoreReport> CopyAsync(
        string backup,
        string folder,
        Func<string, IBlobStore> contents,
        IProgress<(long Done, long Total)>? progress,
        CancellationToken ct
    )
    {
        var manifest =
            BackupManifest.Read(backup)
            ?? throw new StoreException(StoreFault.Internal, $"{backup} holds no complete backup");
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new StoreException(StoreFault.Internal, $"{folder} is in use already; nothing was changed");
        DataFiles.CreatePrivate(folder);
        // Names of a backup are names, never paths.
        var state = Path.Combine(backup, Path.GetFileName(manifest.Generation));
        var database = Path.Combine(folder, SqliteStore.FileName);
        // Under another name until it is whole: a restore that was cut off leaves no store behind.
        File.Copy(Path.Combine(state, SqliteStore.FileName), database + ".new");
        var extents = SqliteBackup.Extents(database + ".new", out var messages);
        var total = extents.Sum(e => e.To);
        var done = 0L;
        var copied = new Report(bytes => progress?.Report((done += bytes, total)));
        await using (var from = contents(Path.Combine(backup, BackupManifest.BlobFolder)))
            from.CopyTo(Path.Combine(folder, BackupManifest.BlobFolder), extents, copied, ct);
        var held = StartAnew(database + ".new");
        DurableFiles.Sync(database + ".new");
        File.Move(database + ".new", database);
        DurableFiles.SyncFolder(folder);
        DataFiles.Copy(
            [.. manifest.Files.Where(DataFiles.IsName).Select(name => Path.Combine(state, name))],
            state,
            folder
        );
        DurableFiles.SyncFolder(folder);
        return new RestoreReport(manifest.Made, messages, held, manifest.Files);
    }

    private static long StartAnew(string database)
    {
        using var session = new SqlSession(database);
        session.Run("PRAGMA synchronous=FULL");
        session.Run("BEGIN IMMEDIATE");
        session.Run("UPDATE mailboxes SET uid_next = min(uid_next + $0, 4294967295)", UidGap);
        session.Run("UPDATE accounts SET modseq = modseq + $0", ModSeqGap);
        session.Run("UPDATE mailboxes SET modseq = (SELECT modseq FROM accounts a WHERE a.id = mailboxes.account_id)");
        session.Run("UPDATE messages SET modseq = (SELECT modseq FROM mailboxes b WHERE b.id = messages.id >> 32)");
        // A store of its own from now on: its backups are not those of the one it came from.
        session.Run("UPDATE counters SET value = random() & 9223372036854775807 WHERE name = 'identity'");
        var held = session.Run("UPDATE queue SET state = 2, due = NULL, lease = 0 WHERE state != 2");
        session.Run("COMMIT");
        return held;
    }

    private sealed class Report(Action<long> report) : IProgress<long>
    {
        void IProgress<long>.Report(long value) => report(value);
    }
}

/// <summary>What <see cref="SqliteRestore.RunAsync"/> did.</summary>
/// <param name="Made">When the backup was made.</param>
/// <param name="Messages">Mailbox entries.</param>
/// <param name="HeldQueueItems">Queue items that wait for an administrator's release.</param>
/// <param name="Files">Names of the other files.</param>
public sealed record RestoreReport(
    DateTimeOffset Made,
    long Messages,
    long HeldQueueItems,
    IReadOnlyList<string> Files
);
