using System.Diagnostics.Metrics;

namespace Postreiter.Spam.Scanning;

/// <summary>What scans count.</summary>
internal static class ScanMetrics
{
    private static readonly Meter Meter = new("Postreiter.Spam");
    private static readonly Counter<long> Given = Meter.CreateCounter<long>("postreiter.spam.rules_given_up");
    private static readonly Counter<long> Limit = Meter.CreateCounter<long>("postreiter.spam.time_limit");

    /// <summary>A rule's pattern took too long over a mail.</summary>
    public static void GivenUp(string rule) => Given.Add(1, new KeyValuePair<string, object?>("rule", rule));

    /// <summary>A scan was ended by <c>time_limit</c>.</summary>
    public static void Late() => Limit.Add(1);
}
