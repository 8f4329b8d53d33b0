using Microsoft.Extensions.Logging;
using Postreiter.Settings;
using Postreiter.Storage;

namespace Postreiter.Hosting;

/// <summary>Opens the store that the settings name.</summary>
internal interface IStoreOpener
{
    /// <summary>Opens it, or makes it where there is none.</summary>
    /// <exception cref="StoreException">It is damaged, newer than the program, or cannot be reached.</exception>
    ValueTask<IStore> OpenAsync(DataFolder folder, ServerSettings settings, ILogger logger, CancellationToken ct);
}
