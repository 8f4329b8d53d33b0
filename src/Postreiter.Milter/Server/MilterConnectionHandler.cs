using Microsoft.Extensions.Logging;
using Postreiter.Net;

namespace Postreiter.Milter.Server;

/// <summary>Serves the milter protocol to other mail servers: they say what happens in their sessions, a filter of ours says what is to follow.</summary>
/// <param name="options">Who may ask; bounds.</param>
/// <param name="filter">Makes a filter for a session; its argument names the connection in logs.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of callers that may not ask, of broken packets and of our own faults.</param>
public sealed partial class MilterConnectionHandler(
    MilterServerOptions options,
    Func<string, IMilterFilter> filter,
    TimeProvider time,
    ILogger log
) : IConnectionHandler
{
    /// <inheritdoc/>
    public async Task HandleAsync(Connection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (!options.Allows(connection.Remote.Address))
        {
            LogStranger(connection.Id, connection.Remote.Address);
            return;
        }

        await using var session = new MilterServerSession(connection, options, filter, time, log);
        try
        {
            if (await session.RunAsync(stopping) is { } fault)
                LogBroken(connection.Id, fault);
        }
        catch (Exception end) when (end is IOException or OperationCanceledException)
        {
            LogGone(end, connection.Id);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Connection}: {Remote} may not ask here (foreign.allow_from)")]
    private partial void LogStranger(string connection, System.Net.IPAddress remote);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Connection}: a milter's client breaks the protocol: {Fault}")]
    private partial void LogBroken(string connection, string fault);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Connection}: the milter's client is gone")]
    private partial void LogGone(Exception e, string connection);
}
