using System.Net;
using Microsoft.Extensions.Logging;
using Postreiter.Net;
using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Spamd;

/// <summary>
/// Serves the spamd protocol, so that spamc, Exim's <c>spam=</c> condition and spamass-milter have their mails scanned here. One
/// connection is one request.
/// </summary>
public sealed class SpamdConnectionHandler : IConnectionHandler
{
    private readonly SpamdServices _services;

    /// <summary>A handler.</summary>
    /// <param name="options">Limits and waits.</param>
    /// <param name="scanner">Scans.</param>
    /// <param name="learner">Learns what TELL says; null refuses TELL, which is spamd's default too.</param>
    /// <param name="random">For the boundaries of reports; safe for threads.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="largeMails">Places for mails above 256 KiB, which bound the memory; other mails wait. Handlers may share it.</param>
    public SpamdConnectionHandler(
        SpamdOptions options,
        IMailScanner scanner,
        IMailLearner? learner,
        Random random,
        TimeProvider time,
        ILogger logger,
        SemaphoreSlim largeMails
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        _services = new SpamdServices(options, scanner, learner, random, time, logger, largeMails);
    }

    /// <inheritdoc/>
    public async Task HandleAsync(Connection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (!MayAsk(connection.Remote.Address))
        {
            _services.Logger.LogWarning(
                "{Connection}: {Remote} may not have mail scanned (spamd.allow_from)",
                connection.Id,
                connection.Remote.Address
            );
            return;
        }

        using var session = new SpamdSession(connection, _services);
        try
        {
            await session.RunAsync(stopping);
        }
        catch (Exception end) when (end is IOException or OperationCanceledException)
        {
            _services.Logger.LogDebug(end, "{Connection}: the client is gone", connection.Id);
        }
    }

    private bool MayAsk(IPAddress address)
    {
        var allowed = _services.Options.AllowFrom;
        return allowed.Count == 0 || allowed.Any(n => n.Contains(address));
    }
}

/// <summary>What every session uses.</summary>
internal sealed record SpamdServices(
    SpamdOptions Options,
    IMailScanner Scanner,
    IMailLearner? Learner,
    Random Random,
    TimeProvider Time,
    ILogger Logger,
    SemaphoreSlim LargeMails
);
