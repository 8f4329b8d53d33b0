using System.Diagnostics.Metrics;

namespace Postreiter.Delivery.Gate.Greylisting;

/// <summary>What greylisting counts.</summary>
internal static class GreylistMetrics
{
    private static readonly Meter Meter = new("Postreiter.Delivery");
    private static readonly Counter<long> Delays = Meter.CreateCounter<long>("postreiter.greylist.delayed");
    private static readonly Counter<long> Returns = Meter.CreateCounter<long>("postreiter.greylist.came_back");
    private static readonly Counter<long> Losses = Meter.CreateCounter<long>("postreiter.greylist.never_came_back");
    private static readonly Histogram<double> Lateness = Meter.CreateHistogram<double>(
        "postreiter.greylist.lateness",
        "s",
        "How long after the end of the delay those came that came back"
    );

    /// <summary>Counts a recipient that was refused for now: a new triplet, or one that came too early.</summary>
    public static void Delayed(string why) => Delays.Add(1, new KeyValuePair<string, object?>("why", why));

    /// <summary>Counts a triplet that came back, and how long after the end of its delay.</summary>
    public static void CameBack(uint late)
    {
        Returns.Add(1);
        Lateness.Record(late);
    }

    /// <summary>Counts triplets that did not come back within the window.</summary>
    public static void NeverCameBack(int count)
    {
        if (count > 0)
            Losses.Add(count);
    }
}
