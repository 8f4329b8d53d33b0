using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Postreiter.Control;
using Postreiter.Net.Listeners;
using Postreiter.Settings;
using Postreiter.Storage;

namespace Postreiter.Hosting;

/// <summary>Builds the host of all listeners: mail, HTTP and the control socket.</summary>
internal static class MailHost
{
    /// <summary>How long open sessions may take to end (limits-and-promises, timeouts: stop).</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(10);

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode Everybody =
        Private | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>Every address that a process with these settings listens on.</summary>
    public static IEnumerable<(string Name, EndPoint Address)> Addresses(ServerSettings settings) =>
        [
            .. ListenerPlan.For(settings).Select(p => (p.Name, p.Address)),
            .. settings.Listen.Http.Select(a => ("http", ListenerPlan.OnThisMachine(a))),
        ];

    /// <summary>
    /// Who may open a listener's unix socket is settled by its folder, as with other servers; the control socket is for us alone.
    /// </summary>
    public static void SetSocketModes(DataFolder folder, IEnumerable<(string Name, ListenOptions Options)> listeners)
    {
        File.SetUnixFileMode(folder.ControlSocket, Private);
        foreach (var (_, options) in listeners)
        {
            if (options.SocketPath is { } path)
                File.SetUnixFileMode(path, Everybody);
        }
    }

    /// <summary>Builds it.</summary>
    /// <param name="parts">What the sessions need.</param>
    /// <param name="listeners">The listeners by name; their end points are the real ones after the start.</param>
    public static WebApplication Build(
        ServerParts parts,
        out IReadOnlyList<(string Name, ListenOptions Options)> listeners
    )
    {
        var bound = new List<(string Name, ListenOptions Options)>();
        // Empty: no appsettings.json, no ASPNETCORE_ variables; the one file of settings says it all.
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ApplicationName = "postreiter", ContentRootPath = parts.Folder.Root }
        );
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = DrainTime);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(parts.Logs);
        HostMetrics.Configure(builder.Services, parts.Settings.TelemetryOtlp);
        builder.Services.AddSingleton(_ => new QueueGauge(parts.Store.Queue, parts.Environment.Time));
        builder.Services.Configure<SocketTransportOptions>(KestrelMailListeners.Configure);
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => new PausingListenerFactory(
            ActivatorUtilities.CreateInstance<SocketTransportFactory>(services),
            HandleBudget.OfProcess(parts.Environment.Time),
            parts.Logs.CreateLogger("Postreiter.Listeners")
        ));
        builder
            .WebHost.UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.ListenUnixSocket(parts.Folder.ControlSocket, UseControl);
                foreach (var plan in ListenerPlan.For(parts.Settings))
                    bound.Add((plan.Name, ListenMail(kestrel, plan, parts)));
                foreach (var address in parts.Settings.Listen.Http)
                    bound.Add(("http", ListenHttp(kestrel, ListenerPlan.OnThisMachine(address))));
            });
        var app = builder.Build();
        _ = app.Services.GetRequiredService<QueueGauge>();
        HostMetrics.MapHealth(app, ct => IsHealthyAsync(parts.Store, ct));
        HostMetrics.Map(app);
        var environment = parts.Environment;
        var control = new StoreControl(
            parts.Store,
            parts.Folder,
            parts.Hasher,
            environment.Scanner,
            environment.Time,
            environment.Random
        )
        {
            OnRulesReload = parts.LoadRules,
            OnQueueRetry = parts.Rooms.ProbeAll,
            SyncGate = parts.Rooms.Gate.SyncAsync,
        };
        ControlEndpoints.Map(app, control, c => c.Features.Get<ControlConnection>() is not null, app.Logger);
        listeners = bound;
        return app;
    }

    private static void UseControl(ListenOptions options)
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

    private static ListenOptions ListenMail(KestrelServerOptions kestrel, ListenerPlan plan, ServerParts parts)
    {
        var listener = new MailListener
        {
            Name = plan.Name,
            Address = plan.Address,
            ImplicitTls = plan.ImplicitTls,
            Limits = () => plan.Limits(parts.Settings),
            BusyReply = plan.BusyReply,
            NeedsCertificate = () => plan.NeedsTls(parts.Settings),
            NoCertificateReply = plan.NoTlsReply,
            Proxies = parts.Settings.Listen.Proxies,
            Certificate = () => parts.Certificates.Current,
            Handler = parts.Rooms.Handler(plan.Protocol),
        };
        return kestrel.ListenMail(listener, parts.Environment.Time, parts.Logs.CreateLogger("Postreiter.Listeners"));
    }

    private static ListenOptions ListenHttp(KestrelServerOptions kestrel, EndPoint address)
    {
        ListenOptions? options = null;
        void Use(ListenOptions listen)
        {
            listen.Protocols = HttpProtocols.Http1;
            options = listen;
        }

        if (address is UnixDomainSocketEndPoint unix)
            kestrel.ListenUnixSocket(unix.ToString()!, Use);
        else
            kestrel.Listen(address, Use);
        return options!;
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
