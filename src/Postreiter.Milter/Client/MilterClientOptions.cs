namespace Postreiter.Milter.Client;

/// <summary>Bounds of what one milter may take.</summary>
public sealed record MilterClientOptions
{
    /// <summary>Longest wait for the answer to a step before the message, and for negotiation. Default 30 s.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait for the answer to a piece of the message and to its end; each sign of life begins it anew. Default 30 s.</summary>
    public TimeSpan ContentTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Signs of life that one step may have. Default 100.</summary>
    public int MaxProgress { get; init; } = 100;

    /// <summary>Longest time that signs of life may prolong a step. Default 5 min: so long do clients wait for most replies (RFC 5321 §4.5.3.2).</summary>
    public TimeSpan MaxStep { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Changes of one message, without pieces of the body. Default 1,000.</summary>
    public int MaxChanges { get; init; } = 1_000;

    /// <summary>Octets of all values of those. Default 256 KiB.</summary>
    public int MaxChangeBytes { get; init; } = 256 * 1024;

    /// <summary>Octets of another body. Default 50 MiB.</summary>
    public long MaxBodyBytes { get; init; } = 50L * 1024 * 1024;
}

/// <summary>Who connected, for a milter.</summary>
/// <param name="Name">Its name in the DNS, or its address in brackets.</param>
/// <param name="Address">Its address; null where there is none.</param>
/// <param name="Port">Its port.</param>
public sealed record MilterPeer(string Name, System.Net.IPAddress? Address, int Port);
