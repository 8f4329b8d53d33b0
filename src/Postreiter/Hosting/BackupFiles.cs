using Postreiter.Settings;

namespace Postreiter.Hosting;

/// <summary>What of a data folder goes into a backup besides the store.</summary>
internal static class BackupFiles
{
    private static readonly EnumerationOptions InDepth = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
    };

    /// <summary>
    /// What a server cannot be had again from elsewhere, as far as it lies in the data folder: what the settings name (rules, preferences,
    /// lists, certificate and key), rule updates and the keys that sign them, the log-in key, and the settings: last, because a folder that has
    /// them is whole. A file that lies elsewhere is somebody else's to keep.
    /// </summary>
    public static IReadOnlyList<string> Of(DataFolder folder, ServerSettings settings)
    {
        string[] named =
        [
            settings.Tls.Certificate,
            settings.Tls.Key,
            .. settings.Spam.Rules,
            settings.Spam.Preferences,
            .. settings.Greylist.AllowFiles,
            settings.Senders.PublicSuffixes,
            folder.RuleUpdates,
            folder.UpdateKeys,
        ];
        return
        [
            .. named
                .Where(static path => path.Length > 0)
                .Select(folder.Resolve)
                .SelectMany(p => Inside(folder, p))
                .Distinct(),
            folder.LoginKeyFile,
            folder.SettingsFile,
        ];
    }

    private static IEnumerable<string> Inside(DataFolder folder, string path)
    {
        if (!path.StartsWith(folder.Root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            return [];
        return Directory.Exists(path)
            ? Directory.EnumerateFiles(path, "*", InDepth).Order(StringComparer.Ordinal)
            : [path];
    }
}
