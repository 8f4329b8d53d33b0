using Microsoft.Extensions.Logging;
using Postreiter.Imap.Session;
using Postreiter.Messages;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Storage;

namespace Postreiter.Imap;

/// <summary>Serves IMAP4rev2 and IMAP4rev1 (RFC 9051, RFC 3501) on one connection at a time; shared by all.</summary>
/// <param name="options">Limits and timeouts.</param>
/// <param name="authenticator">Says who is who.</param>
/// <param name="store">The mail.</param>
/// <param name="newScanner">Gives a fresh scanner for each appended message.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For delivery ids; must be safe to use from many threads.</param>
/// <param name="logger">Told of our own faults, with the connection's id.</param>
/// <param name="teacher">Hears of mail that is moved into Junk and out of it; null for nobody.</param>
public sealed partial class ImapConnectionHandler(
    ImapOptions options,
    IAuthenticator authenticator,
    IStore store,
    Func<IMessageScanner> newScanner,
    TimeProvider time,
    Random random,
    ILogger<ImapConnectionHandler> logger,
    IMailTeacher? teacher = null
) : IConnectionHandler
{
    private readonly ImapServices _services = new(
        options,
        authenticator,
        new SaslServer(authenticator),
        store,
        new RecentMailboxes(options.RecentEntries, time),
        newScanner,
        time,
        random,
        logger,
        teacher
    );

    /// <inheritdoc/>
    public async Task HandleAsync(Connection connection, CancellationToken stopping)
    {
        ImapMetrics.Sessions.Add(1);
        using var session = new ImapSession(connection, _services, stopping);
        try
        {
            await session.RunAsync();
        }
        catch (PeerGoneException e)
        {
            // The peer is gone: nobody is left to tell.
            LogGone(logger, connection.Id, e.Message);
            connection.Abort();
        }
        catch (Exception e)
        {
            LogFault(logger, e, connection.Id);
            connection.Abort();
        }
        finally
        {
            ImapMetrics.Sessions.Add(-1);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "IMAP {ConnectionId}: ended: {Reason}")]
    private static partial void LogGone(ILogger logger, string connectionId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "IMAP {ConnectionId}: the session failed")]
    private static partial void LogFault(ILogger logger, Exception e, string connectionId);
}
