using System.Collections.Concurrent;

namespace Postreiter.Spam.Network;

/// <summary>
/// Zones that said that they answer us no more (`dns_block_rule`): nothing is asked of them for a time. Kept in memory, so that a restart
/// asks once more.
/// </summary>
/// <param name="time">Measures.</param>
internal sealed class BlockedZones(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, long> _until = new(StringComparer.Ordinal);

    /// <summary>Asks a zone no more for a time; what is blocked already stays so until its own time is over.</summary>
    /// <returns>Whether it was not blocked before.</returns>
    public bool Block(string zone, TimeSpan duration)
    {
        if (IsBlocked(zone))
            return false;
        _until[zone] = time.GetTimestamp() + (long)(duration.TotalSeconds * time.TimestampFrequency);
        return true;
    }

    /// <summary>Whether a zone is to be left alone now.</summary>
    public bool IsBlocked(string zone) => _until.TryGetValue(zone, out var until) && time.GetTimestamp() <= until;
}
