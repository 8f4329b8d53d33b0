namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Small files that go with a store: settings, keys.</summary>
internal static class DataFiles
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes a folder that only its owner may look into: mail and keys will be in it.</summary>
    public static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, Private);
    }

    /// <summary>Copies those that are there, with their modes, durably.</summary>
    /// <returns>Their names.</returns>
    public static IReadOnlyList<string> Copy(IReadOnlyList<string> files, string folder)
    {
        var names = new List<string>();
        foreach (var file in files.Where(File.Exists))
        {
            var name = Path.GetFileName(file);
            var to = Path.Combine(folder, name);
            File.Copy(file, to, overwrite: true);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(to, File.GetUnixFileMode(file) | UnixFileMode.UserRead | UnixFileMode.UserWrite);
            DurableFiles.Sync(to);
            names.Add(name);
        }

        return names;
    }
}
