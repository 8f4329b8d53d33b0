namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>What a program asks of a disk.</summary>
public enum DiskCall
{
    Open,
    Create,
    Read,
    Write,
    Truncate,
    Length,
    Sync,
    SyncNames,
    Delete,
    Rename,
    List,
    Exists,
    Space,
    Lock,
    MapShared,
    LockShared,
}

/// <summary>Why a call fails; the numbers are Linux's.</summary>
public enum DiskError
{
    None = 0,
    InputOutput = 5,
    NoSpace = 28,
}

/// <summary>Calls that are to fail.</summary>
/// <param name="Error">How.</param>
/// <param name="At">The first of the matching calls that fails, from 1.</param>
internal sealed record DiskFault(DiskError Error, int At = 1)
{
    /// <summary>Every matching call from there on fails, too.</summary>
    public bool IsLasting { get; init; }

    /// <summary>Which calls match: the call and the file's name; null is all.</summary>
    public Func<DiskCall, string, bool>? Where { get; init; }

    /// <summary>Whether a full disk has a say in this call: it takes room, or makes durable what does.</summary>
    public static bool TakesRoom(DiskCall call) =>
        call
            is DiskCall.Create
                or DiskCall.Write
                or DiskCall.Truncate
                or DiskCall.Sync
                or DiskCall.SyncNames
                or DiskCall.Rename
                or DiskCall.MapShared;
}

/// <summary>What a crash leaves of writes and names that were not synced.</summary>
internal enum Loss
{
    /// <summary>All of it: the process was killed, the machine runs on.</summary>
    ProcessOnly,

    /// <summary>Nothing of it.</summary>
    AllUnsynced,

    /// <summary>The older part of it, in order; the write in the middle is torn.</summary>
    Later,

    /// <summary>Any of it, sector by sector and name by name, in any order.</summary>
    Scattered,
}
