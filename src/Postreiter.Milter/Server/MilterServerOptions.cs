using System.Net;

namespace Postreiter.Milter.Server;

/// <summary>Who may ask, and how much it may bring.</summary>
public sealed record MilterServerOptions
{
    /// <summary>Networks that may ask; empty is everybody. Default loopback.</summary>
    public IReadOnlyList<IPNetwork> AllowFrom { get; init; } =
    [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>Octets of a header; with more, the message is refused with 552 5.3.4 (L4). Default 256 KiB.</summary>
    public int MaxHeaderBytes { get; init; } = 256 * 1024;

    /// <summary>Fields of a header, likewise. Default 1,000.</summary>
    public int MaxFields { get; init; } = 1_000;

    /// <summary>Longest wait for the next step: as long as a session of the asking server may last. Default 1 h.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often a sign of life is given while a message is judged. Default 10 s.</summary>
    public TimeSpan ProgressEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether a client may ask.</summary>
    public bool Allows(IPAddress client)
    {
        ArgumentNullException.ThrowIfNull(client);
        var address = client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client;
        return AllowFrom.Count == 0 || AllowFrom.Any(n => n.Contains(address));
    }
}
