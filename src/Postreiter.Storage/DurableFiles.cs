using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postreiter.Storage;

/// <summary>Makes files and names survive a power loss. Errors are <see cref="IOException"/>: a promise needs them all (P1).</summary>
public static partial class DurableFiles
{
    private const int ReadOnlyFolder = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC, Linux

    /// <summary>Makes the bytes and the length of an open file durable (fdatasync).</summary>
    public static void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            RandomAccess.FlushToDisk(file);
        // FlushToDisk swallows some errors.
        else if (Fdatasync(file) != 0)
            throw Failed("fdatasync", Marshal.GetLastPInvokeError());
    }

    /// <summary>Makes the bytes and the length of a file durable.</summary>
    public static void Sync(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        Sync(file);
    }

    /// <summary>Makes new names, renames and deletions in a folder durable.</summary>
    public static void SyncFolder(string path)
    {
        // .NET has no call for this. Elsewhere than on Linux the rename itself is as durable as the system makes it.
        if (!OperatingSystem.IsLinux())
            return;
        var fd = OpenFolder(path, ReadOnlyFolder);
        if (fd < 0)
            throw Failed("open of a folder", Marshal.GetLastPInvokeError());
        var failed = Fsync(fd) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(fd);
        if (failed)
            throw Failed("fsync of a folder", error);
    }

    // The number goes along as .NET's own errors have it: a full disk is told from others by it (F1).
    private static IOException Failed(string call, int error) => new($"{call} failed, errno {error}", error);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fsync(int fd);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Fdatasync(SafeFileHandle fd);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int fd);
}
