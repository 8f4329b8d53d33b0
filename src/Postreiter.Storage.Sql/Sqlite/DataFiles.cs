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

    /// <summary>Copies those that are there, with their modes, durably. One that goes away meanwhile is not there.</summary>
    /// <param name="files">Files.</param>
    /// <param name="root">The folder whose form is kept: what is below it keeps its path, all else only its name.</param>
    /// <param name="folder">Where to.</param>
    /// <returns>Their names below <paramref name="folder"/>, with "/" between levels.</returns>
    public static IReadOnlyList<string> Copy(IReadOnlyList<string> files, string root, string folder)
    {
        var names = new List<string>();
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var name = Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/');
            if (!IsName(name))
                name = Path.GetFileName(file);
            var to = Path.Combine(folder, name);
            try
            {
                if (!File.Exists(file))
                    continue;
                for (
                    var above = Path.GetDirectoryName(to)!;
                    above.Length > folder.Length;
                    above = Path.GetDirectoryName(above)!
                )
                    folders.Add(above);
                CreatePrivate(Path.GetDirectoryName(to)!);
                File.Copy(file, to, overwrite: true);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                continue;
            }

            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(to, File.GetUnixFileMode(file) | UnixFileMode.UserRead | UnixFileMode.UserWrite);
            DurableFiles.Sync(to);
            names.Add(name);
        }

        foreach (var made in folders.Where(Directory.Exists))
            DurableFiles.SyncFolder(made);
        return names;
    }

    /// <summary>Whether this is a place below a folder, and nothing that leads out of it.</summary>
    public static bool IsName(string name) => name.Split('/').All(static level => level is not ("" or "." or ".."));
}
