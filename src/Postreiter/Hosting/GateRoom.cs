using Microsoft.Extensions.Logging;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Delivery.Lists;
using Postreiter.Dns;
using Postreiter.Settings;
using Postreiter.Storage;

namespace Postreiter.Hosting;

/// <summary>The gate of a running server: greylisting, the checks before the message, and the traces.</summary>
internal sealed class GateRoom : IDisposable
{
    private readonly ILogger<GateRoom> _logger;
    private readonly GreylistSync _sync;
    private readonly TraceWriter _traces;
    private readonly StoredLists _lists;

    public GateRoom(
        ServerEnvironment environment,
        ServerSettings settings,
        IStore store,
        IDnsResolver dns,
        ILoggerFactory logs
    )
    {
        var time = environment.Time;
        _logger = logs.CreateLogger<GateRoom>();
        var greylist = new Greylist(time, environment.Random.NextInt64());
        _sync = new GreylistSync(greylist, store, time, logs.CreateLogger<GreylistSync>());
        _traces = new TraceWriter(store, time, logs.CreateLogger<TraceWriter>());
        _lists = new StoredLists(store, time);
        Gate = new ReceptionGate(
            greylist,
            _traces,
            dns,
            settings.Hostname,
            time,
            environment.Random,
            logs.CreateLogger<ReceptionGate>()
        )
        {
            Stored = _lists,
        };
    }

    /// <summary>Decides before the message.</summary>
    public ReceptionGate Gate { get; }

    /// <summary>Reads whom greylisting knows.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public Task LoadAsync(CancellationToken ct) => _sync.LoadAsync(ct);

    /// <summary>Saves what is new and takes over what others changed, at once.</summary>
    /// <exception cref="StoreException">The store cannot.</exception>
    public async Task SyncAsync(CancellationToken ct)
    {
        await _sync.SyncAsync(ct);
        await _traces.FlushAsync();
    }

    /// <summary>Keeps memory and store together until it is stopped.</summary>
    public Task RunAsync(CancellationToken ct) => Task.WhenAll(_sync.RunAsync(ct), _traces.RunAsync(ct));

    /// <summary>Saves what is left at the end; a store that cannot is not waited for.</summary>
    public async Task SaveAsync()
    {
        try
        {
            await _traces.FlushAsync();
            await _sync.SyncAsync(CancellationToken.None);
        }
        catch (StoreException e)
        {
            _logger.LogError(e, "What greylisting and the traces had left could not be saved");
        }
    }

    /// <summary>Puts settings in force.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="resolve">Makes a path of the settings a path of this machine.</param>
    public void Use(ServerSettings settings, Func<string, string> resolve)
    {
        var (gate, greylist) = (settings.Gate, settings.Greylist);
        Gate.Greylist.Options = new GreylistOptions
        {
            Mode = greylist.Mode,
            Delay = greylist.Delay,
            Window = greylist.Window,
            Lifetime = greylist.Lifetime,
        };
        _traces.Keep = gate.KeepTraces;
        Gate.Options = new GateOptions
        {
            LocalNetworks = settings.Senders.LocalNetworks,
            DnsLists = gate.DnsLists,
            Lists = new GateLists(settings.Lists.Allow, settings.Lists.Block),
            Welcome = settings.Lists.Welcome,
            GreylistAllow = Allow(greylist, resolve),
            Budget = gate.DnsTimeout,
            GreetDelay = gate.GreetDelay,
            OnEarlyTalker = Policy(gate.OnEarlyTalker),
            OnNoDomain = Policy(gate.OnNoDomain),
            OnBackscatter = Policy(settings.BounceTags.OnBackscatter),
            RejectAt = settings.Spam.RejectAt,
            Threshold = settings.Spam.Threshold,
            ConnectionsPerMinute = gate.ConnectionsPerMinute,
            MessagesPerMinute = gate.MessagesPerMinute,
            RecipientsPerMinute = gate.RecipientsPerMinute,
            KeepTraces = gate.KeepTraces,
        };
    }

    public void Dispose()
    {
        _sync.Dispose();
        _lists.Dispose();
    }

    private GreylistAllow Allow(GreylistSettings greylist, Func<string, string> resolve)
    {
        var lines = new List<string>(greylist.Allow);
        foreach (var path in greylist.AllowFiles.Select(resolve).Where(File.Exists))
        {
            try
            {
                lines.AddRange(File.ReadAllLines(path));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _logger.LogWarning("greylist.allow_files: {Path} cannot be read: {Reason}", path, e.Message);
            }
        }

        var allow = new GreylistAllow(lines);
        if (allow.Mistakes.Count > 0)
            _logger.LogWarning(
                "greylist: {Count} entries of clients that are never delayed cannot be read, the first: {Entry}",
                allow.Mistakes.Count,
                allow.Mistakes[0]
            );
        return allow;
    }

    private static FailurePolicy Policy(RefusalAction action) =>
        action == RefusalAction.Reject ? FailurePolicy.Reject : FailurePolicy.Mark;
}
