using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>
/// SQLite's file layer on <see cref="SimulatedDisk"/>s: one registration for all of them, a path begins with its disk's
/// folder. It behaves as SQLite's own layer for Unix does, error codes included.
/// </summary>
internal static unsafe partial class SimulatedVfs
{
    public const string Name = "simulated";

    private const int Ok = 0;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NoSuchFile = 10 | (23 << 8);
    private static readonly Lock Registering = new();
    private static bool s_isRegistered;

    [ThreadStatic]
    private static int t_error;

    /// <summary>Makes the layer known to SQLite; once is enough.</summary>
    public static void Register()
    {
        lock (Registering)
        {
            if (s_isRegistered)
                return;
            // The first connection of the process sets the library up.
            using (var connection = new SqliteConnection("Data Source=:memory:"))
                connection.Open();
            // Never freed: SQLite keeps them as long as the process lives.
            s_methods = Methods();
            var vfs = (Vfs*)NativeMemory.AllocZeroed((nuint)sizeof(Vfs));
            *vfs = new Vfs
            {
                Version = 2,
                FileBytes = sizeof(File),
                PathBytes = 512,
                Name = (byte*)Marshal.StringToCoTaskMemUTF8(Name),
                Open = &Open,
                Delete = &Delete,
                Access = &Access,
                FullPathname = &FullPathname,
                Randomness = &Randomness,
                Sleep = &Sleep,
                CurrentTime = &CurrentTime,
                GetLastError = &GetLastError,
                CurrentTimeInt64 = &CurrentTimeInt64,
            };
            if (VfsRegister(vfs, 0) != Ok)
                throw new InvalidOperationException("SQLite does not take the simulated file layer");
            s_isRegistered = true;
        }
    }

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_vfs_register")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static partial int VfsRegister(Vfs* vfs, int makeDefault);

    private static string Text(byte* zeroTerminated) => Marshal.PtrToStringUTF8((nint)zeroTerminated)!;

    /// <summary>Runs a call; nothing may be thrown into SQLite.</summary>
    private static int Try(int fault, Func<int> act)
    {
        try
        {
            return act();
        }
        catch (FileNotFoundException)
        {
            return CannotOpen;
        }
        catch (IOException e)
        {
            t_error = e.HResult;
            return fault;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* vfs, byte* path, File* file, int flags, int* outFlags)
    {
        const int create = 0x4;
        const int deleteOnClose = 0x8;
        const int journal = 0x800 | 0x4000 | 0x80000;
        // SQLite closes only what has methods.
        *file = default;
        var rc = Try(
            CannotOpen,
            () =>
            {
                if (path is null)
                {
                    // A temporary file has no name, and no disk: the machine's memory.
                    file->Handle = GCHandle.ToIntPtr(GCHandle.Alloc(new OpenFile(null, "", new SimulatedFile())));
                    return Ok;
                }

                var (disk, name) = SimulatedDisk.Of(Text(path));
                var opened = disk.Open(name, (flags & create) != 0, (flags & journal) != 0);
                var handle = new OpenFile(disk, name, opened) { DeleteOnClose = (flags & deleteOnClose) != 0 };
                file->Handle = GCHandle.ToIntPtr(GCHandle.Alloc(handle));
                return Ok;
            }
        );
        if (rc != Ok)
            return rc;
        file->Methods = s_methods;
        if (outFlags is not null)
            *outFlags = flags;
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Delete(Vfs* vfs, byte* path, int syncDirectory) =>
        Try(
            Fault.Delete,
            () =>
            {
                var (disk, name) = SimulatedDisk.Of(Text(path));
                if (!disk.Delete(name))
                    return NoSuchFile;
                return syncDirectory == 0
                    ? Ok
                    : Try(
                        Fault.SyncNames,
                        () =>
                        {
                            disk.SyncNames("");
                            return Ok;
                        }
                    );
            }
        );

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Access(Vfs* vfs, byte* path, int flags, int* result)
    {
        *result = 0;
        return Try(
            Fault.Access,
            () =>
            {
                var (disk, name) = SimulatedDisk.Of(Text(path));
                // An empty journal is none.
                *result = disk.Exists(name, out var length) && length > 0 ? 1 : 0;
                return Ok;
            }
        );
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FullPathname(Vfs* vfs, byte* path, int bytes, byte* result)
    {
        var text = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(path);
        if (text.Length >= bytes)
            return CannotOpen;
        text.CopyTo(new Span<byte>(result, bytes));
        result[text.Length] = 0;
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Randomness(Vfs* vfs, int bytes, byte* result)
    {
        new Random(bytes).NextBytes(new Span<byte>(result, bytes));
        return bytes;
    }

    // Time stands still in a test.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sleep(Vfs* vfs, int microseconds) => microseconds;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CurrentTime(Vfs* vfs, double* result)
    {
        *result = 2461100.5;
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CurrentTimeInt64(Vfs* vfs, long* result)
    {
        *result = 212639083200000;
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetLastError(Vfs* vfs, int bytes, byte* result) => t_error;

    /// <summary>SQLITE_IOERR and its extended codes.</summary>
    private static class Fault
    {
        public const int Read = 10 | (1 << 8);
        public const int ShortRead = 10 | (2 << 8);
        public const int Write = 10 | (3 << 8);
        public const int Sync = 10 | (4 << 8);
        public const int SyncNames = 10 | (5 << 8);
        public const int Truncate = 10 | (6 << 8);
        public const int Length = 10 | (7 << 8);
        public const int Delete = 10 | (10 << 8);
        public const int Access = 10 | (13 << 8);
        public const int Lock = 10 | (15 << 8);
        public const int SharedSize = 10 | (19 << 8);
        public const int SharedLock = 10 | (20 << 8);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Vfs
    {
        public int Version;
        public int FileBytes;
        public int PathBytes;
        public Vfs* Next;
        public byte* Name;
        public void* Data;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, File*, int, int*, int> Open;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, int, int> Delete;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, int, int*, int> Access;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, int, byte*, int> FullPathname;
        public void* LibraryOpen;
        public void* LibraryError;
        public void* LibrarySymbol;
        public void* LibraryClose;
        public delegate* unmanaged[Cdecl]<Vfs*, int, byte*, int> Randomness;
        public delegate* unmanaged[Cdecl]<Vfs*, int, int> Sleep;
        public delegate* unmanaged[Cdecl]<Vfs*, double*, int> CurrentTime;
        public delegate* unmanaged[Cdecl]<Vfs*, int, byte*, int> GetLastError;
        public delegate* unmanaged[Cdecl]<Vfs*, long*, int> CurrentTimeInt64;
    }
}
