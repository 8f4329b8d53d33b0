namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>Who is delayed.</summary>
public enum GreylistMode
{
    /// <summary>Nobody.</summary>
    Off,

    /// <summary>Every triplet that is not known.</summary>
    On,

    /// <summary>Those that are not known, of callers with something against them.</summary>
    Smart,
}

/// <summary>How greylisting works; section <c>greylist</c> of the settings.</summary>
public sealed record GreylistOptions
{
    /// <summary>A client with so many triplets that came back is not delayed any more. Source: postgrey and RFC 6647 §4.</summary>
    internal const int PassesOfClient = 5;

    /// <summary>Whom it delays. Default smart.</summary>
    public GreylistMode Mode { get; init; } = GreylistMode.Smart;

    /// <summary>How long a triplet waits, counted from its first coming. Default 5 min.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>From its first coming, within which it must be back. Default 2 days.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromDays(2);

    /// <summary>How long it stays known after its last use. Default 36 days.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(36);

    internal GreylistTimes Times =>
        new((uint)Delay.TotalSeconds, (uint)Window.TotalSeconds, (uint)Lifetime.TotalSeconds);
}
