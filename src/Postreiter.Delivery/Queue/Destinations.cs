using Postreiter.Core;

namespace Postreiter.Delivery.Queue;

/// <summary>What the queue knows of destinations at the moment: how many attempts are under way, and which are down.</summary>
/// <param name="options">How many at once, and for how long one that is down is left alone.</param>
internal sealed class Destinations(QueueOptions options)
{
    // Of destinations that are down; beyond this, those whose time is over are forgotten.
    private const int MaxKnown = 1_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<DomainName, Destination> _known = [];
    private readonly HashSet<DomainName> _full = [];

    /// <summary>Those that take no more attempts for now.</summary>
    public IReadOnlyCollection<DomainName> Full()
    {
        lock (_lock)
            return _full.Count == 0 ? [] : [.. _full];
    }

    /// <summary>An item of the destination is due.</summary>
    /// <returns>Null when an attempt may begin, which <see cref="Leave"/> ends; otherwise why the destination is left alone.</returns>
    public SmtpReply? Enter(DomainName name, DateTimeOffset now)
    {
        lock (_lock)
        {
            if (!_known.TryGetValue(name, out var destination))
            {
                Forget(now);
                _known.Add(name, destination = new Destination());
            }

            if (destination.Failure is { } failure && destination.BlockedUntil > now)
                return failure;
            destination.Running++;
            Note(name, destination);
            return null;
        }
    }

    /// <summary>An attempt has ended.</summary>
    /// <param name="name">Where.</param>
    /// <param name="failure">Why the destination could not be spoken to; null when it could.</param>
    /// <param name="now">When.</param>
    public void Leave(DomainName name, SmtpReply? failure, DateTimeOffset now)
    {
        var step = options.Schedule.DelayAfter(1, 0);
        lock (_lock)
        {
            var destination = _known[name];
            destination.Running--;
            destination.Failure = failure;
            destination.BlockedUntil = now + (step < options.ProbeInterval ? step : options.ProbeInterval);
            Note(name, destination);
            if (destination is { Running: 0, Failure: null })
                _known.Remove(name);
        }
    }

    /// <summary>Those that are down may be probed at once.</summary>
    public void EndBlocks(DateTimeOffset now)
    {
        lock (_lock)
        {
            foreach (var destination in _known.Values)
                destination.BlockedUntil = now;
        }
    }

    private void Note(DomainName name, Destination destination)
    {
        // One probe at a time where the last attempt failed.
        if (destination.Running >= (destination.Failure is null ? options.MaxPerDestination : 1))
            _full.Add(name);
        else
            _full.Remove(name);
    }

    private void Forget(DateTimeOffset now)
    {
        if (_known.Count < MaxKnown)
            return;
        foreach (var (name, destination) in _known)
        {
            if (destination.Running == 0 && destination.BlockedUntil <= now)
                _known.Remove(name);
        }
    }

    private sealed class Destination
    {
        public int Running { get; set; }

        /// <summary>Why the last attempt could not speak to it; null when it could.</summary>
        public SmtpReply? Failure { get; set; }

        public DateTimeOffset BlockedUntil { get; set; }
    }
}
