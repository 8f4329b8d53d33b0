using System.Diagnostics.Metrics;

namespace Postreiter.Authentication;

/// <summary>What log-ins of all protocols count.</summary>
internal static class LoginMetrics
{
    private static readonly Meter Meter = new("Postreiter.Login");

    /// <summary>Log-ins that failed.</summary>
    public static readonly Counter<long> Failed = Meter.CreateCounter<long>("postreiter.login.failed");

    /// <summary>Addresses that were locked out.</summary>
    public static readonly Counter<long> LockedOut = Meter.CreateCounter<long>("postreiter.login.locked_out");

    private static readonly Counter<long> Limits = Meter.CreateCounter<long>("postreiter.login.limits");

    /// <summary>Counts a limit that was met: an attempt from an address that is locked out.</summary>
    public static void Limit(string number) => Limits.Add(1, new KeyValuePair<string, object?>("limit", number));
}
