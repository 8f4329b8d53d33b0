namespace Postreiter.Delivery.Foreign;

/// <summary>What other servers that ask our gate are told; section <c>foreign</c> of the settings.</summary>
public sealed record ForeignOptions
{
    /// <summary>Whether mail that would go to Junk here is to be held there. Default no: it has its marks.</summary>
    public bool HoldsJunk { get; init; }

    /// <summary>Whether messages get a field with what was found of their sender. Default yes.</summary>
    public bool AddsResults { get; init; } = true;

    /// <summary>L3. Default 50 MiB.</summary>
    public long MaxMessageBytes { get; init; } = 50L * 1024 * 1024;
}
