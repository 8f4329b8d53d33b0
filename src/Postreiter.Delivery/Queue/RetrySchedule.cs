namespace Postreiter.Delivery.Queue;

/// <summary>When a deferred message is tried again, when its sender is warned and when it is given up.</summary>
/// <remarks>Source: RFC 5321 §4.5.4.1 (give up after at least 4–5 days); the steps are ours (<c>outbound.retry</c>).</remarks>
public sealed record RetrySchedule
{
    /// <summary>
    /// Waiting times after the first, second, … failed attempt; the last one repeats. At least one, each above zero.
    /// Default 5 min, 15 min, 30 min, 1 h, 2 h, 4 h.
    /// </summary>
    public IReadOnlyList<TimeSpan> Steps { get; init; } =
    [
        TimeSpan.FromMinutes(5),
        TimeSpan.FromMinutes(15),
        TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1),
        TimeSpan.FromHours(2),
        TimeSpan.FromHours(4),
    ];

    /// <summary>Age at which a message is returned to its sender. Default 5 days.</summary>
    public TimeSpan GiveUp { get; init; } = TimeSpan.FromDays(5);

    /// <summary>Age at which the sender is told, once, that a message still waits. Default 4 hours.</summary>
    public TimeSpan WarnAfter { get; init; } = TimeSpan.FromHours(4);

    /// <summary>Waiting time between failed attempt <paramref name="attempt"/> and the next one.</summary>
    /// <param name="attempt">Attempts made so far, 1 or more.</param>
    /// <param name="jitter">Drawn by the caller from [0, 1); tests pass 0.</param>
    /// <returns>The step of that attempt, the last one for all later ones, lengthened by up to 10 % of itself.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="attempt"/> is below 1.</exception>
    /// <remarks>The 10 % is ours: it keeps a backlog from waking all at once.</remarks>
    public TimeSpan DelayAfter(int attempt, double jitter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        var step = Steps[Math.Min(attempt, Steps.Count) - 1];
        return step + (step * (0.1 * jitter));
    }
}
