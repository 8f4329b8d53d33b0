using System.Diagnostics.Metrics;

namespace Postreiter.Imap;

/// <summary>What the IMAP server counts.</summary>
internal static class ImapMetrics
{
    private static readonly Meter Meter = new("Postreiter.Imap");

    /// <summary>Sessions open now.</summary>
    public static readonly UpDownCounter<long> Sessions = Meter.CreateUpDownCounter<long>("postreiter.imap.sessions");

    /// <summary>Sessions that wait in IDLE now.</summary>
    public static readonly UpDownCounter<long> Idle = Meter.CreateUpDownCounter<long>("postreiter.imap.idle");

    /// <summary>Log-ins, by outcome.</summary>
    public static readonly Counter<long> Logins = Meter.CreateCounter<long>("postreiter.imap.logins");

    /// <summary>Sessions and commands cut off by a limit, by its number.</summary>
    public static readonly Counter<long> Limits = Meter.CreateCounter<long>("postreiter.imap.limits");

    private static readonly Counter<long> Commands = Meter.CreateCounter<long>("postreiter.imap.commands");

    /// <summary>Counts a command, by its name and status.</summary>
    public static void Command(string name, string status) =>
        Commands.Add(
            1,
            new KeyValuePair<string, object?>("command", name),
            new KeyValuePair<string, object?>("status", status)
        );

    /// <summary>Counts a log-in, by how it ended.</summary>
    public static void Login(Net.AuthenticationStatus status) =>
        Logins.Add(1, new KeyValuePair<string, object?>("outcome", status.ToString()));

    /// <summary>Counts a limit that was met.</summary>
    public static void Limit(string number) => Limits.Add(1, new KeyValuePair<string, object?>("limit", number));
}
