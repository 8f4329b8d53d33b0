using Microsoft.Extensions.Logging;
using Postreiter.CommandLine;
using Postreiter.Settings;
using Postreiter.Storage;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Hosting;

/// <summary>Opens the embedded store: SQLite for metadata, segment files for contents, both in the data folder.</summary>
/// <param name="time">The clock.</param>
internal sealed class SqliteStoreOpener(TimeProvider time) : IStoreOpener
{
    /// <inheritdoc/>
    public async ValueTask<IStore> OpenAsync(
        DataFolder folder,
        ServerSettings settings,
        ILogger logger,
        CancellationToken ct
    )
    {
        if (settings.Store.Url != "sqlite:")
            throw new CommandFailure(ExitCodes.Usage, "store.url: this version keeps metadata in \"sqlite:\" only");
        if (settings.Store.Blobs != "segments:")
            throw new CommandFailure(ExitCodes.Usage, "store.blobs: this version keeps contents in \"segments:\" only");
        var blobs = new SegmentStore(new DiskBlobFiles(folder.Resolve("blobs")), time, new SegmentOptions());
        var options = new StoreOptions { Undelete = settings.Store.Undelete };
        return await SqliteStore.OpenAsync(folder.Root, blobs, time, logger, options, ct);
    }
}
