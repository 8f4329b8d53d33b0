using System.ComponentModel.DataAnnotations;

namespace Postreiter.Delivery.Inbound;

/// <summary>L34: what one account may send to other servers in 24 h; above it RCPT gets 451 4.7.1.</summary>
public sealed record OutboundLimits
{
    /// <summary>Messages. Default 1,000; 0 sets no limit.</summary>
    [Range(0, 1_000_000)]
    public int MaxMessages { get; init; } = 1000;

    /// <summary>Recipients that the account has not written to before. Default 200; 0 sets no limit.</summary>
    [Range(0, 1_000_000)]
    public int MaxNewRecipients { get; init; } = 200;
}
