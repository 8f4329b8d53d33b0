using System.Diagnostics.Metrics;

namespace Postreiter.Delivery.Scanning;

/// <summary>What scanning counts.</summary>
internal static class ScannerMetrics
{
    private static readonly Meter Meter = new("Postreiter.Delivery.Scanning");
    private static readonly Counter<long> Scans = Meter.CreateCounter<long>("postreiter.scanner.scans");
    private static readonly Histogram<double> Waits = Meter.CreateHistogram<double>("postreiter.scanner.wait", "s");

    /// <summary>Counts a scan: clean, infected or failed; and the time from the message's end to the answer.</summary>
    public static void Count(ScanStep step)
    {
        var scanner = new KeyValuePair<string, object?>("scanner", step.Scanner);
        var result = new KeyValuePair<string, object?>("result", step.Answer.State.ToString().ToLowerInvariant());
        Scans.Add(1, scanner, result);
        Waits.Record(step.Elapsed.TotalSeconds, scanner);
    }
}
