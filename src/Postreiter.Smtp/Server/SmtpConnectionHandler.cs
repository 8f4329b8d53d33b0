using Microsoft.Extensions.Logging;
using Postreiter.Net;
using Postreiter.Net.Sasl;

namespace Postreiter.Smtp.Server;

/// <summary>Serves SMTP or LMTP (RFC 5321, RFC 2033) on the connections of one listener; shared by all of them.</summary>
/// <param name="options">Name, limits, timeouts.</param>
/// <param name="role">What kind of door it is.</param>
/// <param name="policy">Decides at each step.</param>
/// <param name="intake">Takes the messages.</param>
/// <param name="sasl">Log-in; null where none is offered. Used on submission listeners only.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For names of messages; must be safe to use from many threads.</param>
/// <param name="logger">Told of our own faults and of limits that were met.</param>
public sealed class SmtpConnectionHandler(
    SmtpServerOptions options,
    ListenerRole role,
    IReceptionPolicy policy,
    IMessageIntake intake,
    SaslServer? sasl,
    TimeProvider time,
    Random random,
    ILogger<SmtpConnectionHandler> logger
) : IConnectionHandler
{
    internal SmtpServerOptions Options => options;

    internal ListenerRole Role => role;

    internal IReceptionPolicy Policy => policy;

    internal IMessageIntake Intake => intake;

    internal SaslServer? Sasl { get; } = role == ListenerRole.Submission ? sasl : null;

    internal TimeProvider Time => time;

    internal Random Random => random;

    internal ILogger Log => logger;

    /// <inheritdoc/>
    public async Task HandleAsync(Connection connection, CancellationToken stopping)
    {
        var name = new KeyValuePair<string, object?>("role", SmtpMetrics.Name(role));
        SmtpMetrics.Sessions.Add(1, name);
        try
        {
            await using var session = new SmtpSession(this, connection, stopping);
            await session.RunAsync();
        }
        finally
        {
            SmtpMetrics.Sessions.Add(-1, name);
        }
    }
}
