using System.Diagnostics.Metrics;

namespace Postreiter.Delivery.Filtering;

/// <summary>What the spam filter counts.</summary>
internal static class SpamMetrics
{
    private static readonly Meter Meter = new("Postreiter.Delivery.Spam");
    private static readonly Counter<long> Verdicts = Meter.CreateCounter<long>("postreiter.inbound.spam");

    /// <summary>Counts a message: clean, junk, refused or unscanned.</summary>
    public static void Verdict(string verdict) =>
        Verdicts.Add(1, new KeyValuePair<string, object?>("verdict", verdict));
}
