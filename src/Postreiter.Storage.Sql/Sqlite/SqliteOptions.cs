namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>How <see cref="SqliteStore"/> uses SQLite.</summary>
public sealed record SqliteOptions
{
    /// <summary>SQLite's name for the layer that reaches files; null is the system's own. Tests put faults there.</summary>
    public string? Vfs { get; init; }

    /// <summary>
    /// Pages of 4 KiB that the write-ahead log takes before they are copied into the database, 1 or more. Default 4000: 16 MB,
    /// read again after a crash in a fraction of a second.
    /// </summary>
    public int CheckpointPages { get; init; } = 4000;
}
