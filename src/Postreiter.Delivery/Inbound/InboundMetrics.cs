using System.Diagnostics.Metrics;

namespace Postreiter.Delivery.Inbound;

/// <summary>What reception counts.</summary>
internal static class InboundMetrics
{
    private static readonly Meter Meter = new("Postreiter.Delivery");
    private static readonly Counter<long> Limits = Meter.CreateCounter<long>("postreiter.inbound.limits");

    private static readonly Counter<long> Methods = Meter.CreateCounter<long>("postreiter.inbound.authentication");
    private static readonly Counter<long> Verdicts = Meter.CreateCounter<long>("postreiter.inbound.verdicts");

    /// <summary>Counts a result of SPF, DKIM, DMARC, ARC or iprev.</summary>
    public static void Authentication(string method, string result) =>
        Methods.Add(1, new("method", method), new KeyValuePair<string, object?>("result", result));

    /// <summary>Counts what became of a message by what is known of its sender.</summary>
    public static void Verdict(string action) => Verdicts.Add(1, new KeyValuePair<string, object?>("action", action));

    /// <summary>Counts a limit that was met, by its number.</summary>
    public static void Limit(string number) => Limits.Add(1, new KeyValuePair<string, object?>("limit", number));
}
