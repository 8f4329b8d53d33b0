namespace Postreiter.Delivery.Quarantine;

/// <summary>How long and how much is kept apart, and when its owners are told.</summary>
public sealed record QuarantineOptions
{
    /// <summary>How long a message is kept; then it is deleted. Default 30 days.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// Most octets kept in all. What would be kept above that is deferred with 452 4.3.1: nothing that was taken is thrown away before its
    /// time. Default 1 GiB.
    /// </summary>
    public long MaxBytes { get; init; } = 1L << 30;

    /// <summary>When in the day, UTC, each account is told what of its mail is kept; null tells nobody. Default null.</summary>
    public TimeOnly? Digest { get; init; }
}
