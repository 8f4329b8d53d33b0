namespace Postreiter.Messages.Parsing;

/// <summary>L4: what is kept of a message's own header.</summary>
internal static class HeaderLimits
{
    /// <summary>Bytes in all.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>Fields.</summary>
    public const int MaxFields = 1000;

    /// <summary>Bytes of one field with all its lines.</summary>
    public const int MaxFieldBytes = 64 * 1024;
}

/// <summary>L14 and L15: how much of one message is described before the rest is opaque.</summary>
internal sealed class PartBudget
{
    /// <summary>Levels of parts in parts.</summary>
    public const int MaxDepth = 100;

    private const int MaxParts = 10_000;

    // Headers of parts are read from one buffer; this bounds the strings that stay.
    private const int MaxHeaderBytes = 1024 * 1024;

    private int _parts;
    private int _headerBytes;
    private int _addresses = 10_000;

    /// <summary>Bytes that headers of parts may still have.</summary>
    public int HeaderBytesLeft => Math.Max(0, Math.Min(HeaderLimits.MaxFieldBytes, MaxHeaderBytes - _headerBytes));

    /// <summary>One more part; false when there are enough.</summary>
    public bool TakePart() => ++_parts <= MaxParts;

    /// <summary>A part's header was read.</summary>
    public void TakeHeader(int bytes) => _headerBytes += bytes;

    /// <summary>How many addresses may still be read; the reader says how many it took.</summary>
    public int AddressesLeft => _addresses;

    /// <summary>Addresses were read.</summary>
    public void TakeAddresses(int count) => _addresses -= count;
}
