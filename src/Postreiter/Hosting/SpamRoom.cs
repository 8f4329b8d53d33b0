using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Filtering;
using Postreiter.Spam.Scanning;
using Postreiter.Spam.Spamd;

namespace Postreiter.Hosting;

/// <summary>The scan of spam: one gate in front of one engine, for the sessions and for the spamd protocol.</summary>
internal sealed class SpamRoom : IDisposable
{
    private readonly ServerEnvironment _environment;
    private readonly ILoggerFactory _logs;
    private readonly SemaphoreSlim _largeMails = new(8);

    public SpamRoom(ServerEnvironment environment, DomainName hostname, ILoggerFactory logs)
    {
        (_environment, _logs) = (environment, logs);
        Filter = new SpamFilter(Scanner, hostname, environment.Time, logs.CreateLogger<SpamFilter>());
    }

    /// <summary>Scans.</summary>
    public GatedScanner Scanner { get; } = new();

    /// <summary>Scans messages from outside.</summary>
    public SpamFilter Filter { get; }

    /// <summary>A server of the spamd protocol. TELL is refused: there is no learning yet.</summary>
    public SpamdConnectionHandler Handler(SpamdOptions options) =>
        new(
            options,
            Scanner,
            learner: null,
            _environment.Random,
            _environment.Time,
            _logs.CreateLogger<SpamdConnectionHandler>(),
            _largeMails
        );

    public void Dispose()
    {
        Scanner.Dispose();
        _largeMails.Dispose();
    }
}
