using System.Diagnostics.Metrics;

namespace Postreiter.Pop3;

/// <summary>What the POP3 server counts.</summary>
internal static class Pop3Metrics
{
    private static readonly Meter Meter = new("Postreiter.Pop3");

    /// <summary>Sessions open now.</summary>
    public static readonly UpDownCounter<long> Sessions = Meter.CreateUpDownCounter<long>("postreiter.pop3.sessions");

    /// <summary>Log-ins, by outcome.</summary>
    public static readonly Counter<long> Logins = Meter.CreateCounter<long>("postreiter.pop3.logins");

    /// <summary>Messages sent whole by RETR.</summary>
    public static readonly Counter<long> Retrieved = Meter.CreateCounter<long>("postreiter.pop3.retrieved");

    /// <summary>Messages removed at QUIT.</summary>
    public static readonly Counter<long> Removed = Meter.CreateCounter<long>("postreiter.pop3.removed");

    /// <summary>Sessions ended by a limit, by its number.</summary>
    public static readonly Counter<long> Limits = Meter.CreateCounter<long>("postreiter.pop3.limits");

    /// <summary>Counts a limit that was met.</summary>
    public static void Limit(string number) => Limits.Add(1, new KeyValuePair<string, object?>("limit", number));
}
