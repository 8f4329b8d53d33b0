namespace Postreiter.Control;

/// <summary>
/// Where a command and the server hand each other files that are too large for a call: the data folder, which both reach. Elsewhere a
/// server need not see what its caller sees: as a service it has a /tmp of its own and may write nowhere else.
/// </summary>
/// <param name="root">The data folder.</param>
internal sealed class ExchangeFolder(string root)
{
    private const string Prefix = "exchange-";

    /// <summary>A file that is not there yet; deleted when it is disposed.</summary>
    public ExchangeFile NewFile() => new(root, $"{Prefix}{Guid.NewGuid():N}.tmp");

    /// <summary>Deletes those of commands that were killed; only for who holds the data folder's lock, so that no command is under way.</summary>
    public void Clean()
    {
        foreach (var file in Directory.EnumerateFiles(root, Prefix + "*.tmp"))
            File.Delete(file);
    }

    /// <summary>The path of such a file.</summary>
    /// <exception cref="BadArgumentException">It is no name of one: nothing else of the data folder is read or written this way.</exception>
    public string Resolve(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name == Path.GetFileName(name)
            ? Path.Combine(root, name)
            : throw new BadArgumentException($"'{name}' is no file to exchange");
}

/// <summary>One such file.</summary>
/// <param name="root">The data folder.</param>
/// <param name="name">Its name there.</param>
internal sealed class ExchangeFile(string root, string name) : IDisposable
{
    // The data folder lets in its owner alone; whoever is in it may be another user than who wrote the file, root in particular.
    private const UnixFileMode Readable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Where it is.</summary>
    public string FullPath { get; } = Path.Combine(root, name);

    /// <summary>Writes it, so that the server may read it.</summary>
    public async Task FillAsync(Stream source, CancellationToken ct)
    {
        await using var file = new FileStream(FullPath, FileMode.CreateNew, FileAccess.Write);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file.SafeFileHandle, Readable);
        await source.CopyToAsync(file, ct);
    }

    /// <inheritdoc/>
    public void Dispose() => File.Delete(FullPath);
}
