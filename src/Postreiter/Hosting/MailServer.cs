using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Postreiter.Authentication;
using Postreiter.CommandLine;
using Postreiter.Control;
using Postreiter.Messages;
using Postreiter.Net.Listeners;
using Postreiter.Net.Sasl;
using Postreiter.Settings;
using Postreiter.Storage;

namespace Postreiter.Hosting;

/// <summary>What a server takes from outside, so that a test can put its own in place.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Random">Where names and jitter come from.</param>
/// <param name="Stores">Opens the store.</param>
/// <param name="Scanner">Makes readers of messages.</param>
internal sealed record ServerEnvironment(
    TimeProvider Time,
    Random Random,
    IStoreOpener Stores,
    Func<IMessageScanner> Scanner
);

/// <summary>The whole running server of one data folder.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    /// <summary>How long open sessions may take to end (limits-and-promises, timeouts: stop).</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan QueuePause = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly DataFolder _folder;
    private readonly DataFolderLock _lock;
    private readonly IStore _store;
    private readonly WebApplication _app;
    private readonly PasswordHasher _hasher;
    private readonly CertificateSource _certificates;
    private readonly ILoggerFactory _logs;
    private readonly MailRooms _rooms;
    private readonly CancellationTokenSource _stopQueue = new();
    private readonly Task _queue;
    private bool _stopped;

    private MailServer(
        DataFolder folder,
        DataFolderLock taken,
        IStore store,
        WebApplication app,
        PasswordHasher hasher,
        CertificateSource certificates,
        MailRooms rooms,
        TimeProvider time,
        bool runsQueue,
        ILoggerFactory logs
    )
    {
        (_folder, _lock, _store, _app) = (folder, taken, store, app);
        (_hasher, _certificates, _rooms, _time, _logs) = (hasher, certificates, rooms, time, logs);
        _queue = runsQueue ? Task.Run(RunQueueAsync) : Task.CompletedTask;
    }

    /// <summary>Where each listener really listens, by its name in section <c>listen</c>.</summary>
    public required IReadOnlyList<(string Name, EndPoint Address)> Bound { get; init; }

    /// <summary>The server's log.</summary>
    public ILogger Logger => _app.Logger;

    /// <summary>Starts it; when the task completes, every listener accepts.</summary>
    /// <exception cref="CommandFailure">Another process has the folder, the store does not open, or a listener cannot be bound.</exception>
    public static async Task<MailServer> StartAsync(
        ServerEnvironment environment,
        DataFolder folder,
        ServerSettings settings,
        CancellationToken ct
    )
    {
        // The kernel's limit for a socket's name, with the NUL: 108 octets.
        if (System.Text.Encoding.UTF8.GetByteCount(folder.ControlSocket) > 107)
            throw new CommandFailure(ExitCodes.Usage, $"{folder.ControlSocket} is too long a name for a socket");
        var taken =
            DataFolderLock.TryTake(folder)
            ?? throw new CommandFailure(ExitCodes.Failed, $"{folder.Root} is in use by another process");
        IStore? store = null;
        WebApplication? app = null;
        MailRooms? rooms = null;
        var hasher = new PasswordHasher();
        var certificates = new CertificateSource(folder);
        var logs = LoggerFactory.Create(logging => HostLogging.Configure(logging, settings.Log));
        var started = false;
        try
        {
            var storeLogger = logs.CreateLogger("Postreiter.Storage");
            store = await environment.Stores.OpenAsync(folder, settings, storeLogger, ct);
            rooms = new MailRooms(
                environment,
                settings,
                store,
                new PasswordAuthenticator(
                    store,
                    hasher,
                    new VerifiedPasswords(environment.Time, settings.Login.CacheFor),
                    LoginKey.Open(folder),
                    new LoginThrottle(environment.Time, settings.Login.LockAfter, settings.Login.LockFor),
                    logs.CreateLogger<PasswordAuthenticator>()
                ),
                logs
            );
            app = Build(environment, folder, settings, store, hasher, logs, rooms, certificates, out var listeners);
            certificates.Read(settings.Tls, app.Logger);
            RemoveStaleSockets(folder, settings);
            await app.StartAsync(ct);
            File.SetUnixFileMode(folder.ControlSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var bound = listeners.Select(l => (l.Name, l.Options.EndPoint)).ToList();
            PortsFile.Write(folder, bound);
            started = true;
            var runsQueue = settings.Roles.HasFlag(ServerRoles.Queue);
            return new MailServer(
                folder,
                taken,
                store,
                app,
                hasher,
                certificates,
                rooms,
                environment.Time,
                runsQueue,
                logs
            )
            {
                Bound = bound,
            };
        }
        catch (Exception e) when (e is StoreException or IOException or SocketException)
        {
            throw new CommandFailure(ExitCodes.Failed, $"the server does not start: {e.Message}");
        }
        finally
        {
            if (!started)
            {
                if (app is not null)
                    await app.DisposeAsync();
                rooms?.Dispose();
                if (store is not null)
                    await store.DisposeAsync();
                hasher.Dispose();
                logs.Dispose();
                await taken.DisposeAsync();
            }
        }
    }

    /// <summary>Puts what can change while running in force: the certificate.</summary>
    public void Reload(ServerSettings settings)
    {
        if (_certificates.Read(settings.Tls, Logger))
            Logger.LogInformation("Settings and certificate are read again");
    }

    /// <summary>Stops in order: no new sessions, open ones end within 10 s, then the queue, then the store.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        await _stopQueue.CancelAsync();
        await _queue;
        _stopQueue.Dispose();
        _rooms.Dispose();
        await _store.DisposeAsync();
        _hasher.Dispose();
        File.Delete(_folder.PortsFile);
        File.Delete(_folder.ControlSocket);
        await _lock.DisposeAsync();
        // Last: what the parts said while they stopped is written out.
        _logs.Dispose();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();

    // What waits in the queue is safe in the store: a fault here must not take the listeners down.
    private async Task RunQueueAsync()
    {
        while (!_stopQueue.IsCancellationRequested)
        {
            try
            {
                await _rooms.Queue().RunAsync(_stopQueue.Token);
            }
            catch (Exception e) when (!_stopQueue.IsCancellationRequested)
            {
                Logger.LogError(e, "The queue stopped; it starts again in {Pause}", QueuePause);
                await Task.Delay(QueuePause, _time, _stopQueue.Token)
                    .ContinueWith(
                        static _ => { },
                        CancellationToken.None,
                        TaskContinuationOptions.ExecuteSynchronously,
                        TaskScheduler.Default
                    );
            }
            catch (Exception e)
            {
                Logger.LogError(e, "The queue ended badly while the server stopped");
            }
        }
    }

    private static WebApplication Build(
        ServerEnvironment environment,
        DataFolder folder,
        ServerSettings settings,
        IStore store,
        PasswordHasher hasher,
        ILoggerFactory logs,
        MailRooms rooms,
        CertificateSource certificates,
        out List<(string Name, ListenOptions Options)> listeners
    )
    {
        var bound = new List<(string Name, ListenOptions Options)>();
        // Empty: no appsettings.json, no ASPNETCORE_ variables; the one file of settings says it all.
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ApplicationName = "postreiter", ContentRootPath = folder.Root }
        );
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = DrainTime);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(logs);
        HostMetrics.Configure(builder.Services, settings.TelemetryOtlp);
        builder.Services.Configure<SocketTransportOptions>(KestrelMailListeners.Configure);
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => new PausingListenerFactory(
            ActivatorUtilities.CreateInstance<SocketTransportFactory>(services),
            HandleBudget.OfProcess(environment.Time),
            logs.CreateLogger("Postreiter.Listeners")
        ));
        builder
            .WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.ListenUnixSocket(
                    folder.ControlSocket,
                    options =>
                    {
                        options.Protocols = HttpProtocols.Http1;
                        options.Use(next =>
                            connection =>
                            {
                                connection.Features.Set(ControlConnection.Instance);
                                return next(connection);
                            }
                        );
                    }
                );
                foreach (var plan in ListenerPlan.For(settings))
                {
                    var listener = new MailListener
                    {
                        Name = plan.Name,
                        Address = plan.Address,
                        ImplicitTls = plan.ImplicitTls,
                        MaxConnections = plan.MaxConnections,
                        MaxPerAddress = plan.MaxPerAddress,
                        BusyReply = plan.BusyReply,
                        NeedsCertificate = plan.NeedsTls && !settings.Tls.AllowPlaintextAuth,
                        NoCertificateReply = plan.NoTlsReply,
                        Proxies = settings.Listen.Proxies,
                        Certificate = () => certificates.Current,
                        Handler = rooms.Handler(plan.Protocol),
                    };
                    bound.Add(
                        (
                            plan.Name,
                            kestrel.ListenMail(listener, environment.Time, logs.CreateLogger("Postreiter.Listeners"))
                        )
                    );
                }

                foreach (var address in settings.Listen.Http)
                {
                    kestrel.Listen(
                        address,
                        options =>
                        {
                            options.Protocols = HttpProtocols.Http1;
                            bound.Add(("http", options));
                        }
                    );
                }
            });
        var app = builder.Build();
        HostMetrics.MapHealth(app, ct => IsHealthyAsync(store, ct));
        HostMetrics.Map(app);
        var control = new StoreControl(store, hasher, environment.Scanner, environment.Time, environment.Random)
        {
            OnQueueRetry = () => rooms.Queue().ProbeAll(),
        };
        ControlEndpoints.Map(app, control, c => c.Features.Get<ControlConnection>() is not null, app.Logger);
        listeners = bound;
        return app;
    }

    private static async ValueTask<bool> IsHealthyAsync(IStore store, CancellationToken ct)
    {
        try
        {
            await store.Queue.CountAsync(ct);
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    // A killed server leaves its sockets behind, and a bind would find the name taken. We hold the folder's lock, so
    // nobody listens on ours; of the others, those that refuse a connection are stale.
    private static void RemoveStaleSockets(DataFolder folder, ServerSettings settings)
    {
        File.Delete(folder.ControlSocket);
        var listen = settings.Listen;
        IEnumerable<EndPoint> all =
        [
            .. listen.Smtp,
            .. listen.Submission,
            .. listen.Submissions,
            .. listen.Lmtp,
            .. listen.Imap,
            .. listen.Imaps,
            .. listen.Pop3,
            .. listen.Pop3s,
            .. listen.Http,
        ];
        foreach (var unix in all.OfType<UnixDomainSocketEndPoint>())
        {
            var path = unix.ToString();
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                probe.Connect(unix);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                File.Delete(path);
            }
            catch (SocketException)
            {
                // Not there, or not ours to touch: the bind will tell.
            }
        }
    }

    /// <summary>Marks connections of the control socket.</summary>
    private sealed class ControlConnection
    {
        public static readonly ControlConnection Instance = new();
    }

    /// <summary>Signals are the command's, not the host's: a test may run several servers in one process.</summary>
    private sealed class SilentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
