using Postreiter.Settings;

namespace Postreiter.Hosting;

/// <summary>What of a data folder goes into a backup besides the store.</summary>
internal static class BackupFiles
{
    /// <summary>
    /// Certificate, its key and the log-in key, as far as they lie in the data folder, and the settings: last, because a folder
    /// that has them is whole. A certificate that lies elsewhere is somebody else's to keep.
    /// </summary>
    public static IReadOnlyList<string> Of(DataFolder folder, ServerSettings settings) =>
        [
            .. new[] { settings.Tls.Certificate, settings.Tls.Key }
                .Select(folder.Resolve)
                .Where(path => Path.GetDirectoryName(path) == folder.Root),
            folder.LoginKeyFile,
            folder.SettingsFile,
        ];
}
