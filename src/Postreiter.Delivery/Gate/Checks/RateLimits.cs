using System.Net;
using Postreiter.Delivery.Gate.Greylisting;

namespace Postreiter.Delivery.Gate.Checks;

/// <summary>How much each client network, /24 or /64, may do in a minute; a whole minute's worth at once. For the 50,000 networks and kinds seen last.</summary>
/// <param name="time">The clock.</param>
internal sealed class RateLimits(TimeProvider time)
{
    private const int MaxBuckets = 50_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<(long Network, RateOf Kind), Bucket> _buckets = [];
    private long? _forgot;

    /// <summary>Takes one of what is left.</summary>
    /// <param name="client">Who asks.</param>
    /// <param name="kind">For what.</param>
    /// <param name="perMinute">The limit; 0 is none.</param>
    /// <returns>False when nothing is left at the moment.</returns>
    public bool TryTake(IPAddress client, RateOf kind, int perMinute)
    {
        if (perMinute == 0)
            return true;
        var key = (GreylistKey.OfNetwork(new GreylistClient(client, default)), kind);
        var now = time.GetTimestamp();
        lock (_lock)
        {
            if (!_buckets.TryGetValue(key, out var bucket))
            {
                if (_buckets.Count >= MaxBuckets)
                    Forget(now);
                bucket = new Bucket(perMinute, now);
            }

            var gained = time.GetElapsedTime(bucket.At, now).TotalMinutes * perMinute;
            var left = Math.Min(perMinute, bucket.Left + gained);
            var isTaken = left >= 1;
            _buckets[key] = new Bucket(isTaken ? left - 1 : left, now);
            return isTaken;
        }
    }

    // Those of more than a minute ago are full again. Where that makes no room, or was tried a moment ago, all begin anew: a flood from everywhere
    // is no network's doing, and its callers do not wait for a walk each.
    private void Forget(long now)
    {
        if (_forgot is not { } last || time.GetElapsedTime(last, now) >= TimeSpan.FromSeconds(1))
        {
            _forgot = now;
            foreach (var (key, bucket) in _buckets)
            {
                if (time.GetElapsedTime(bucket.At, now) >= TimeSpan.FromMinutes(1))
                    _buckets.Remove(key);
            }
        }

        if (_buckets.Count >= MaxBuckets)
            _buckets.Clear();
    }

    private readonly record struct Bucket(double Left, long At);
}

/// <summary>What is limited.</summary>
internal enum RateOf
{
    /// <summary>Connections.</summary>
    Connections,

    /// <summary>MAIL.</summary>
    Messages,

    /// <summary>RCPT.</summary>
    Recipients,
}
