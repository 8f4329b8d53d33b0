using Postreiter.Testing;
using Postreiter.Testing.StoreContract;

namespace Postreiter.Storage.Tests;

public sealed class MemoryStoreTests : StoreContractTests
{
    protected override ValueTask<IStore> OpenAsync(TimeProvider time) => new(new MemoryStore(time));
}
