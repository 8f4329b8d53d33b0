using System.Globalization;
using System.Runtime.InteropServices;

namespace Postreiter.Hosting;

/// <summary>The share of the processors that the process gets.</summary>
internal static partial class ProcessPriority
{
    // Of 19: less than a tenth of what a process of the same machine gets that somebody waits for.
    private const int Bulk = 10;

    /// <summary>From now on the process gives way to others. Linux alone; elsewhere nothing happens.</summary>
    /// <remarks>
    /// There a priority is a thread's. Threads take over that of the thread that makes them, so that those to come have it too; .NET's own call
    /// sets the first thread's alone.
    /// </remarks>
    public static void GiveWay()
    {
        if (!OperatingSystem.IsLinux())
            return;
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            if (int.TryParse(Path.GetFileName(thread), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                _ = SetPriority(0, id, Bulk);
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetPriority(int which, int id, int priority);
}
