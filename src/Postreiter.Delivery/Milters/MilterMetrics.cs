using System.Diagnostics.Metrics;

namespace Postreiter.Delivery.Milters;

/// <summary>What is counted of milters.</summary>
internal static class MilterMetrics
{
    private static readonly Meter Meter = new("Postreiter.Delivery");
    private static readonly Counter<long> Answers = Meter.CreateCounter<long>("postreiter.milter.answers");

    /// <summary>Counts what a milter decided.</summary>
    public static void Count(string milter, string result) =>
        Answers.Add(1, new("milter", milter), new KeyValuePair<string, object?>("result", result));
}
