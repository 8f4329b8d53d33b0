using Microsoft.Win32.SafeHandles;

namespace Postreiter.Storage.Blobs.Segments;

/// <summary>The real files of one folder.</summary>
public sealed class DiskBlobFiles : IBlobFiles
{
    private readonly string _folder;
    private readonly FileAccess _access;

    /// <summary>Uses a folder, which is made when it is not there.</summary>
    /// <param name="folder">Its path.</param>
    /// <param name="readOnly">Only reads, so that the folder may lie on a medium that cannot be written.</param>
    public DiskBlobFiles(string folder, bool readOnly = false)
    {
        _folder = Path.GetFullPath(folder);
        _access = readOnly ? FileAccess.Read : FileAccess.ReadWrite;
        if (!readOnly)
            Directory.CreateDirectory(_folder);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => [.. Directory.EnumerateFiles(_folder).Select(p => Path.GetFileName(p))];

    /// <inheritdoc/>
    public IBlobFile Open(string name, bool create) =>
        new DiskFile(
            File.OpenHandle(
                Path.Combine(_folder, name),
                create ? FileMode.OpenOrCreate : FileMode.Open,
                _access,
                FileShare.ReadWrite | FileShare.Delete
            )
        );

    /// <inheritdoc/>
    public void Rename(string from, string to) =>
        File.Move(Path.Combine(_folder, from), Path.Combine(_folder, to), overwrite: true);

    /// <inheritdoc/>
    public void Delete(string name) => File.Delete(Path.Combine(_folder, name));

    /// <inheritdoc/>
    public void SyncDirectory() => DurableFiles.SyncFolder(_folder);

    /// <inheritdoc/>
    public (long Free, long Total) Space()
    {
        var drive = new DriveInfo(_folder);
        return (drive.AvailableFreeSpace, drive.TotalSize);
    }

    private sealed class DiskFile(SafeFileHandle handle) : IBlobFile
    {
        public long Length => RandomAccess.GetLength(handle);

        public int Read(long offset, Span<byte> buffer)
        {
            var total = 0;
            while (total < buffer.Length)
            {
                var read = RandomAccess.Read(handle, buffer[total..], offset + total);
                if (read == 0)
                    break;
                total += read;
            }

            return total;
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(handle, bytes, offset);

        public void Truncate(long length) => RandomAccess.SetLength(handle, length);

        public void Sync() => DurableFiles.Sync(handle);

        public void Dispose() => handle.Dispose();
    }
}
