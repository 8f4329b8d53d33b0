using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Sql.Sqlite;
using Postreiter.Testing.StoreContract;

namespace Postreiter.Storage.Sql.Tests;

public sealed class SqliteStoreTests : StoreContractTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postreiter-store-").FullName;

    protected override async ValueTask<IStore> OpenAsync(TimeProvider time)
    {
        var blobs = new SegmentStore(
            new DiskBlobFiles(Path.Combine(_folder, "blobs")),
            time,
            new SegmentOptions { MinFreeBytes = 0, MinFreeShare = 0 }
        );
        return await SqliteStore.OpenAsync(_folder, blobs, time, NullLogger.Instance, Ct);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
