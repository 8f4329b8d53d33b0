using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postreiter.Storage.Blobs.Segments;

/// <summary>The real files of one folder.</summary>
public sealed partial class DiskBlobFiles : IBlobFiles
{
    private const int ReadOnlyDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC, Linux
    private readonly string _folder;

    /// <summary>Uses a folder, which is made when it is not there.</summary>
    public DiskBlobFiles(string folder)
    {
        _folder = Path.GetFullPath(folder);
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
                FileAccess.ReadWrite,
                FileShare.ReadWrite | FileShare.Delete
            )
        );

    /// <inheritdoc/>
    public void Rename(string from, string to) =>
        File.Move(Path.Combine(_folder, from), Path.Combine(_folder, to), overwrite: true);

    /// <inheritdoc/>
    public void Delete(string name) => File.Delete(Path.Combine(_folder, name));

    /// <inheritdoc/>
    public void SyncDirectory()
    {
        // .NET has no call for this. Elsewhere than on Linux the rename itself is as durable as the system makes it.
        if (!OperatingSystem.IsLinux())
            return;
        var fd = OpenDirectory(_folder, ReadOnlyDirectory);
        if (fd < 0)
            throw new IOException($"open of the blob folder failed, errno {Marshal.GetLastPInvokeError()}");
        var failed = Fsync(fd) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(fd);
        if (failed)
            throw new IOException($"fsync of the blob folder failed, errno {error}");
    }

    /// <inheritdoc/>
    public (long Free, long Total) Space()
    {
        var drive = new DriveInfo(_folder);
        return (drive.AvailableFreeSpace, drive.TotalSize);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenDirectory(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int fd);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fdatasync(SafeFileHandle fd);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int fd);

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

        public void Sync()
        {
            if (!OperatingSystem.IsLinux())
                RandomAccess.FlushToDisk(handle);
            // FlushToDisk swallows some errors; a promise needs them all (P1).
            else if (Fdatasync(handle) != 0)
                throw new IOException($"fdatasync failed, errno {Marshal.GetLastPInvokeError()}");
        }

        public void Dispose() => handle.Dispose();
    }
}
