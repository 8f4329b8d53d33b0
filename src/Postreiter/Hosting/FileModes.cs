using System.Runtime.InteropServices;

namespace Postreiter.Hosting;

/// <summary>The mode of what the process creates.</summary>
internal static partial class FileModes
{
    /// <summary>From now on nobody but the owner reads or writes it (umask 077); .NET has no call for that.</summary>
    public static void SetOwnerOnly() => _ = SetMask(0b111_111);

    [LibraryImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint SetMask(uint mask);
}
