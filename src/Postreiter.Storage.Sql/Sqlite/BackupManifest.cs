using System.Text.Json;
using System.Text.Json.Serialization;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>
/// What a backup folder holds: <c>backup.json</c>, replaced by one rename when everything it names is durable. The database and
/// the other files lie in <see cref="Generation"/>, contents in <c>blobs</c>; whatever else is there does not count.
/// </summary>
internal sealed record BackupManifest
{
    /// <summary>Its name.</summary>
    public const string FileName = "backup.json";

    /// <summary>There from the first moment on: only a folder that is empty or has it is written to.</summary>
    public const string MarkerName = "postreiter-backup";

    /// <summary>Where contents lie.</summary>
    public const string BlobFolder = "blobs";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        WriteIndented = true,
    };

    /// <summary>Form of the folder.</summary>
    public int Format { get; init; } = 1;

    /// <summary>The store's own name.</summary>
    public required string Store { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Made { get; init; }

    /// <summary>The folder of the database and the other files.</summary>
    public required string Generation { get; init; }

    /// <summary>Bytes of each segment that count.</summary>
    public required SortedDictionary<int, long> Segments { get; init; }

    /// <summary>Names of the other files, with "/" where they are in folders.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Reads it; null when there is none.</summary>
    /// <exception cref="StoreException">It is not readable.</exception>
    public static BackupManifest? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            var manifest = File.Exists(path)
                ? JsonSerializer.Deserialize<BackupManifest>(File.ReadAllBytes(path), Json)
                : null;
            return manifest is { Format: > 1 }
                ? throw new StoreException(StoreFault.NewerSchema, $"{path} was written by a newer program")
                : manifest;
        }
        catch (JsonException e)
        {
            throw new StoreException(StoreFault.Internal, $"{path} is damaged: {e.Message}", e);
        }
    }

    /// <summary>Makes this the folder's content, durably and at once.</summary>
    public void Write(string folder)
    {
        var path = Path.Combine(folder, FileName);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(this, Json));
        DurableFiles.Sync(path + ".new");
        File.Move(path + ".new", path, overwrite: true);
        DurableFiles.SyncFolder(folder);
    }
}
