using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Postreiter.Storage.Sql.Tests.Faults;

internal static unsafe partial class SimulatedVfs
{
    private const int Busy = 5;
    private static IoMethods* s_methods;

    private static IoMethods* Methods()
    {
        var methods = (IoMethods*)NativeMemory.AllocZeroed((nuint)sizeof(IoMethods));
        *methods = new IoMethods
        {
            Version = 2,
            Close = &Close,
            Read = &Read,
            Write = &Write,
            Truncate = &Truncate,
            Sync = &Sync,
            FileSize = &FileSize,
            Lock = &Lock,
            Unlock = &Unlock,
            CheckReservedLock = &CheckReservedLock,
            FileControl = &FileControl,
            SectorSize = &SectorSize,
            DeviceCharacteristics = &DeviceCharacteristics,
            SharedMap = &SharedMap,
            SharedLock = &SharedLock,
            SharedBarrier = &SharedBarrier,
            SharedUnmap = &SharedUnmap,
        };
        return methods;
    }

    private static OpenFile Of(File* file) => (OpenFile)GCHandle.FromIntPtr(file->Handle).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(File* file)
    {
        var open = Of(file);
        GCHandle.FromIntPtr(file->Handle).Free();
        file->Methods = null;
        open.Disk?.Do(() => open.Contents.Locks.Unlock(open, LockState.Free));
        // Like Unix, without a word when it fails.
        if (open is { DeleteOnClose: true, Disk: { } disk })
            Try(
                Ok,
                () =>
                {
                    disk.Delete(open.Name);
                    return Ok;
                }
            );
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(File* file, byte* buffer, int bytes, long offset)
    {
        var rc = Try(
            Fault.Read,
            () =>
            {
                var open = Of(file);
                var to = new Span<byte>(buffer, bytes);
                var read = open.Disk is { } disk
                    ? disk.Read(open.Name, open.Contents, offset, to)
                    : open.Contents.Read(offset, to);
                if (read == bytes)
                    return Ok;
                to[read..].Clear();
                return Fault.ShortRead;
            }
        );
        return rc;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(File* file, byte* buffer, int bytes, long offset)
    {
        var rc = Try(
            Fault.Write,
            () =>
            {
                var open = Of(file);
                var from = new ReadOnlySpan<byte>(buffer, bytes);
                if (open.Disk is { } disk)
                    disk.Write(open.Name, open.Contents, offset, from);
                else
                    open.Contents.Write(0, offset, from);
                return Ok;
            }
        );
        return rc == Fault.Write && t_error == (int)DiskError.NoSpace ? Full : rc;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(File* file, long length) =>
        Try(
            Fault.Truncate,
            () =>
            {
                var open = Of(file);
                if (open.Disk is { } disk)
                    disk.Truncate(open.Name, open.Contents, length);
                else
                    open.Contents.Truncate(0, length);
                return Ok;
            }
        );

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(File* file, int flags) =>
        Try(
            Fault.Sync,
            () =>
            {
                var open = Of(file);
                open.Disk?.Sync(open.Name, open.Contents);
                return Ok;
            }
        );

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FileSize(File* file, long* length) =>
        Try(
            Fault.Length,
            () =>
            {
                var open = Of(file);
                *length = open.Disk?.Length(open.Name, open.Contents) ?? open.Contents.Length;
                return Ok;
            }
        );

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Lock(File* file, int level) =>
        Try(
            Fault.Lock,
            () =>
            {
                var open = Of(file);
                return open.Disk!.Do(DiskCall.Lock, open.Name, () => open.Contents.Locks.TryLock(open, level))
                    ? Ok
                    : Busy;
            }
        );

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Unlock(File* file, int level)
    {
        var open = Of(file);
        open.Disk?.Do(() => open.Contents.Locks.Unlock(open, level));
        return Ok;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CheckReservedLock(File* file, int* result)
    {
        *result = 0;
        return Try(
            Fault.Lock,
            () =>
            {
                var open = Of(file);
                *result = open.Disk!.Do(DiskCall.Lock, open.Name, () => open.Contents.Locks.IsReserved) ? 1 : 0;
                return Ok;
            }
        );
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FileControl(File* file, int operation, void* argument) => 12; // SQLITE_NOTFOUND

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SectorSize(File* file) => 4096;

    // What SQLite takes for granted on Unix: a write leaves the bytes beside it alone when the power fails.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceCharacteristics(File* file) => 0x1000;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SharedMap(File* file, int index, int size, int extend, nint* result)
    {
        *result = 0;
        return Try(
            Fault.SharedSize,
            () =>
            {
                var open = Of(file);
                *result = open.Disk!.Do(
                    DiskCall.MapShared,
                    open.Name,
                    () =>
                    {
                        var shared = open.Contents.Shared ??= new SharedMemory();
                        shared.Join(open);
                        return shared.Map(index, size, extend != 0);
                    }
                );
                return Ok;
            }
        );
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SharedLock(File* file, int first, int count, int flags)
    {
        const int unlock = 1;
        const int exclusive = 8;
        var open = Of(file);
        if ((flags & unlock) != 0)
        {
            open.Disk!.Do(() => open.Contents.Shared!.TryLock(open, first, count, take: false, exclusive: false));
            return Ok;
        }

        return Try(
            Fault.SharedLock,
            () =>
                open.Disk!.Do(
                    DiskCall.LockShared,
                    open.Name,
                    () => open.Contents.Shared!.TryLock(open, first, count, take: true, (flags & exclusive) != 0)
                )
                    ? Ok
                    : Busy
        );
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void SharedBarrier(File* file) => Thread.MemoryBarrier();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SharedUnmap(File* file, int delete)
    {
        var open = Of(file);
        open.Disk!.Do(() =>
        {
            if (open.Contents.Shared?.Leave(open) == true)
                open.Contents.Shared = null;
        });
        return Ok;
    }

    /// <summary>What a handle of SQLite stands for; without a disk a temporary file.</summary>
    private sealed record OpenFile(SimulatedDisk? Disk, string Name, SimulatedFile Contents)
    {
        public bool DeleteOnClose { get; init; }

        public bool Equals(OpenFile? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct File
    {
        public IoMethods* Methods;
        public nint Handle;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct IoMethods
    {
        public int Version;
        public delegate* unmanaged[Cdecl]<File*, int> Close;
        public delegate* unmanaged[Cdecl]<File*, byte*, int, long, int> Read;
        public delegate* unmanaged[Cdecl]<File*, byte*, int, long, int> Write;
        public delegate* unmanaged[Cdecl]<File*, long, int> Truncate;
        public delegate* unmanaged[Cdecl]<File*, int, int> Sync;
        public delegate* unmanaged[Cdecl]<File*, long*, int> FileSize;
        public delegate* unmanaged[Cdecl]<File*, int, int> Lock;
        public delegate* unmanaged[Cdecl]<File*, int, int> Unlock;
        public delegate* unmanaged[Cdecl]<File*, int*, int> CheckReservedLock;
        public delegate* unmanaged[Cdecl]<File*, int, void*, int> FileControl;
        public delegate* unmanaged[Cdecl]<File*, int> SectorSize;
        public delegate* unmanaged[Cdecl]<File*, int> DeviceCharacteristics;
        public delegate* unmanaged[Cdecl]<File*, int, int, int, nint*, int> SharedMap;
        public delegate* unmanaged[Cdecl]<File*, int, int, int, int> SharedLock;
        public delegate* unmanaged[Cdecl]<File*, void> SharedBarrier;
        public delegate* unmanaged[Cdecl]<File*, int, int> SharedUnmap;
    }
}
