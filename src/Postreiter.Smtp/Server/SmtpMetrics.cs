using System.Diagnostics.Metrics;
using Postreiter.Core;

namespace Postreiter.Smtp.Server;

/// <summary>What the SMTP server counts.</summary>
internal static class SmtpMetrics
{
    private static readonly Meter Meter = new("Postreiter.Smtp");

    /// <summary>Sessions open now, by role.</summary>
    public static readonly UpDownCounter<long> Sessions = Meter.CreateUpDownCounter<long>("postreiter.smtp.sessions");

    private static readonly Counter<long> Messages = Meter.CreateCounter<long>("postreiter.smtp.messages");
    private static readonly Counter<long> Logins = Meter.CreateCounter<long>("postreiter.smtp.logins");
    private static readonly Counter<long> Limits = Meter.CreateCounter<long>("postreiter.smtp.limits");

    /// <summary>Counts a message at its end, by role and by how it was answered: accepted, deferred or refused.</summary>
    public static void Message(ListenerRole role, SmtpReply reply) =>
        Messages.Add(
            1,
            new KeyValuePair<string, object?>("role", Name(role)),
            new KeyValuePair<string, object?>(
                "outcome",
                reply.IsPositive ? "accepted"
                    : reply.IsTransient ? "deferred"
                    : "refused"
            )
        );

    /// <summary>Counts a log-in, by how it ended.</summary>
    public static void Login(Net.AuthenticationStatus status) =>
        Logins.Add(1, new KeyValuePair<string, object?>("outcome", status.ToString()));

    /// <summary>Counts a limit that was met, by its number.</summary>
    public static void Limit(string number) => Limits.Add(1, new KeyValuePair<string, object?>("limit", number));

    /// <summary>The role as metrics name it.</summary>
    public static string Name(ListenerRole role) =>
        role switch
        {
            ListenerRole.Submission => "submission",
            ListenerRole.Lmtp => "lmtp",
            _ => "mx",
        };
}
