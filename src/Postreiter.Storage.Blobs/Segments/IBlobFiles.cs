namespace Postreiter.Storage.Blobs.Segments;

/// <summary>The few file operations that segments need, in one folder; tests put faults here. Errors are <see cref="IOException"/>.</summary>
public interface IBlobFiles
{
    /// <summary>Names of the files, any order.</summary>
    IReadOnlyList<string> List();

    /// <summary>Opens a file for reading and writing.</summary>
    /// <exception cref="FileNotFoundException">It is not there and <paramref name="create"/> is false.</exception>
    IBlobFile Open(string name, bool create);

    /// <summary>Renames, replacing the target.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes; no error when it is not there.</summary>
    void Delete(string name);

    /// <summary>Makes new names, renames and deletions durable.</summary>
    void SyncDirectory();

    /// <summary>Bytes free and bytes in all on the volume.</summary>
    (long Free, long Total) Space();
}

/// <summary>An open file.</summary>
public interface IBlobFile : IDisposable
{
    /// <summary>Bytes in it.</summary>
    long Length { get; }

    /// <summary>Reads at an offset; less than asked only at the end.</summary>
    int Read(long offset, Span<byte> buffer);

    /// <summary>Writes at an offset.</summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Cuts the file.</summary>
    void Truncate(long length);

    /// <summary>Makes bytes and length durable (fdatasync).</summary>
    void Sync();
}
