using System.Diagnostics.Metrics;

namespace Postreiter.Delivery.Gate;

/// <summary>What the gate counts.</summary>
internal static class GateMetrics
{
    private static readonly Meter Meter = new("Postreiter.Delivery");
    private static readonly Counter<long> Checks = Meter.CreateCounter<long>("postreiter.gate.checks");
    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>("postreiter.gate.refused");
    private static readonly Counter<long> BlockedLists = Meter.CreateCounter<long>("postreiter.gate.dnsbl_blocked");
    private static readonly Counter<long> Unkept = Meter.CreateCounter<long>("postreiter.gate.traces_dropped");

    /// <summary>Counts a result of a check.</summary>
    public static void Check(string check, string result) =>
        Checks.Add(1, new("check", check), new KeyValuePair<string, object?>("result", result));

    /// <summary>Counts a refusal by the check that made it.</summary>
    public static void Refused(string check) => Refusals.Add(1, new KeyValuePair<string, object?>("check", check));

    /// <summary>Counts an answer of a list that refuses our resolver.</summary>
    public static void Blocked(string zone) => BlockedLists.Add(1, new KeyValuePair<string, object?>("zone", zone));

    /// <summary>Counts traces that could not be kept.</summary>
    public static void Dropped(int traces) => Unkept.Add(traces);
}
