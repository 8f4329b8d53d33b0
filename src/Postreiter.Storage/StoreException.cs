namespace Postreiter.Storage;

/// <summary>Why a store could not do its work.</summary>
public enum StoreFault
{
    /// <summary>Anything else of our own: 451 4.3.0, NO [SERVERBUG].</summary>
    Internal,

    /// <summary>The disk is full or nearly so: 452 4.3.1, NO [OVERQUOTA] (F1).</summary>
    DiskFull,

    /// <summary>The database stayed locked for 5 s: 451 4.3.0, NO [INUSE] (F3).</summary>
    Busy,

    /// <summary>One content cannot be read or its checksum is wrong: NO [SERVERBUG] for that message alone (F5).</summary>
    DamagedContent,

    /// <summary>The database is damaged (F4); the store does not open.</summary>
    DamagedDatabase,

    /// <summary>The schema is newer than the program (P15); the store does not open and nothing was written.</summary>
    NewerSchema,
}

/// <summary>A fault on our side of the store. Never caused by what a peer sent; never answered with a 5yz.</summary>
public sealed class StoreException : Exception
{
    /// <summary>A fault with the words for the log.</summary>
    public StoreException(StoreFault fault, string message, Exception? inner = null)
        : base(message, inner) => Fault = fault;

    /// <summary>Which kind of fault it is.</summary>
    public StoreFault Fault { get; }
}
