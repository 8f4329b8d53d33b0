using System.Diagnostics.Metrics;

namespace Postreiter.Spam.Network;

/// <summary>Counts of what rules asked.</summary>
internal static class SpamNetworkMetrics
{
    private static readonly Meter Meter = new("Postreiter.Spam");

    /// <summary>Questions asked.</summary>
    public static readonly Counter<long> Asked = Meter.CreateCounter<long>("postreiter.spam.lookups");

    /// <summary>Questions without an answer in time.</summary>
    public static readonly Counter<long> Unanswered = Meter.CreateCounter<long>("postreiter.spam.lookups_unanswered");

    /// <summary>Times a zone said that it answers us no more.</summary>
    public static readonly Counter<long> Blocked = Meter.CreateCounter<long>("postreiter.spam.zones_blocked");
}
