using Microsoft.Extensions.Logging;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Storage;

namespace Postreiter.Pop3;

/// <summary>
/// Serves POP3 (RFC 1939) with CAPA (RFC 2449), STLS (RFC 2595) and AUTH (RFC 5034). Use one handler for all POP3
/// listeners, with and without implicit TLS: it keeps the mailboxes that are open.
/// </summary>
public sealed class Pop3ConnectionHandler : IConnectionHandler
{
    private readonly Pop3Services _services;

    /// <summary>A handler.</summary>
    /// <param name="options">Limits and waits.</param>
    /// <param name="sasl">SASL mechanisms, for AUTH.</param>
    /// <param name="authenticator">Checks passwords, for USER and PASS.</param>
    /// <param name="store">The mailboxes.</param>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="logger">The log.</param>
    public Pop3ConnectionHandler(
        Pop3Options options,
        SaslServer sasl,
        IAuthenticator authenticator,
        IStore store,
        TimeProvider time,
        ILogger logger
    ) => _services = new Pop3Services(options, sasl, authenticator, store, time, logger, new MaildropLocks());

    private Pop3ConnectionHandler(Pop3Services services) => _services = services;

    /// <summary>A handler with other options that keeps the mailboxes which are open with this one.</summary>
    public Pop3ConnectionHandler With(Pop3Options options) => new(_services with { Options = options });

    /// <inheritdoc/>
    public async Task HandleAsync(Connection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Pop3Metrics.Sessions.Add(1);
        using var session = new Pop3Session(connection, _services);
        try
        {
            await session.RunAsync(stopping);
        }
        catch (Exception end) when (end is IOException or OperationCanceledException)
        {
            _services.Logger.LogDebug(end, "{Connection}: the peer is gone", connection.Id);
        }
        finally
        {
            Pop3Metrics.Sessions.Add(-1);
        }
    }
}

/// <summary>What every session uses.</summary>
internal sealed record Pop3Services(
    Pop3Options Options,
    SaslServer Sasl,
    IAuthenticator Authenticator,
    IStore Store,
    TimeProvider Time,
    ILogger Logger,
    MaildropLocks Locks
);
