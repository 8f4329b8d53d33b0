using System.Diagnostics.Metrics;

namespace Postreiter.Spam.Spamd;

/// <summary>What the spamd protocol server counts.</summary>
internal static class SpamdMetrics
{
    private static readonly Meter Meter = new("Postreiter.Spamd");

    /// <summary>Requests, by method and status code.</summary>
    public static readonly Counter<long> Requests = Meter.CreateCounter<long>("postreiter.spamd.requests");

    /// <summary>Counts one.</summary>
    public static void Request(string method, int status) =>
        Requests.Add(
            1,
            new KeyValuePair<string, object?>("method", method),
            new KeyValuePair<string, object?>("status", status)
        );
}
