using Postreiter.Settings;

namespace Postreiter.Hosting;

/// <summary>
/// Held by the one process that has the store of a data folder open. The system takes it away when the process dies, so
/// nothing is left behind.
/// </summary>
internal sealed class DataFolderLock : IAsyncDisposable
{
    private readonly FileStream _file;

    private DataFolderLock(FileStream file) => _file = file;

    /// <summary>Takes the lock; null when another process has it.</summary>
    /// <exception cref="UnauthorizedAccessException">The folder is not ours to write.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static DataFolderLock? TryTake(DataFolder folder)
    {
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            return new DataFolderLock(new FileStream(folder.LockFile, options));
        }
        catch (IOException e)
            when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _file.DisposeAsync();
}
