using System.Net;

namespace Postreiter.Spam.Spamd;

/// <summary>Limits and waits of the spamd protocol server.</summary>
public sealed record SpamdOptions
{
    /// <summary>For <c>_HOSTNAME_</c> in marks and reports.</summary>
    public required string HostName { get; init; }

    /// <summary>
    /// Largest mail in octets, also after it is unpacked. Default 50 MiB. A larger one is answered with 65. Clients then keep the
    /// mail as it was.
    /// </summary>
    public long MaxMailBytes { get; init; } = 50L << 20;

    /// <summary>Longest wait for the first line of a request. Default 30 s, as spamd's --timeout-tcp. Answered with 79.</summary>
    public TimeSpan FirstLineTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time for all of a request. Default 5 min, as spamd's --timeout-child. Answered with 79.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Networks that may ask; empty for everybody. Others are let go without a word. Default this machine.</summary>
    public IReadOnlyList<IPNetwork> AllowFrom { get; init; } =
    [new(IPAddress.Parse("127.0.0.0"), 8), new(IPAddress.IPv6Loopback, 128)];
}
