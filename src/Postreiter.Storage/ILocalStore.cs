namespace Postreiter.Storage;

/// <summary>
/// What a store can do whose bytes all lie in one data folder. A store on servers of its own is looked after with their tools.
/// </summary>
public interface ILocalStore
{
    /// <summary>
    /// Gives back the space of what was removed: contents that nothing refers to any more, and segments less than half alive,
    /// which are copied together. Runs beside normal work, in small steps.
    /// </summary>
    /// <param name="progress">Told (bytes copied, bytes to copy) now and then; may be null.</param>
    /// <param name="ct">Stops after the step at hand.</param>
    Task<CompactReport> CompactAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct);

    /// <summary>
    /// Makes a folder a consistent copy of the store as of one moment after the call, while mail flows. The second time only
    /// what is new is copied. Durable when the task completes; when it does not complete, the backup before is still whole.
    /// </summary>
    /// <param name="folder">Empty, not there, or an earlier backup of this store.</param>
    /// <param name="files">Other files that belong to it, such as the settings; those that are not there are left out.</param>
    /// <param name="progress">Told (bytes copied, bytes to copy) now and then; may be null.</param>
    /// <param name="ct">Stops it.</param>
    /// <exception cref="StoreException">The folder is used for something else, or it failed.</exception>
    Task<BackupReport> BackupAsync(
        string folder,
        IReadOnlyList<string> files,
        IProgress<(long Done, long Total)>? progress,
        CancellationToken ct
    );
}

/// <summary>What <see cref="ILocalStore.CompactAsync"/> did.</summary>
/// <param name="Segments">Segments removed.</param>
/// <param name="FreedBytes">Bytes by which the segments shrank, copies counted against them.</param>
/// <param name="CopiedBytes">Bytes of contents that were copied to stay.</param>
/// <param name="Problems">Damaged contents: they stay where they are, and their segments with them.</param>
public sealed record CompactReport(int Segments, long FreedBytes, long CopiedBytes, IReadOnlyList<string> Problems);

/// <summary>What <see cref="ILocalStore.BackupAsync"/> did.</summary>
/// <param name="Messages">Mailbox entries in the backup.</param>
/// <param name="Bytes">Bytes of the whole backup.</param>
/// <param name="CopiedBytes">Bytes written this time: the database, and contents that were not there yet.</param>
/// <param name="IsIncremental">Whether it builds on an earlier one.</param>
/// <param name="Files">Names of the other files in it.</param>
public sealed record BackupReport(
    long Messages,
    long Bytes,
    long CopiedBytes,
    bool IsIncremental,
    IReadOnlyList<string> Files
);
