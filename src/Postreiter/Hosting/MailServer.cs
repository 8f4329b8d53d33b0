using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Postreiter.CommandLine;
using Postreiter.Dns;
using Postreiter.Messages;
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
)
{
    /// <summary>Asks the DNS as the settings say.</summary>
    public Func<ServerSettings, IDnsResolver> Dns { get; init; } =
        settings => new DnsResolver(settings.DnsServers, Time);
}

/// <summary>The whole running server of one data folder.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly ServerParts _parts;
    private readonly WebApplication _app;
    private readonly Task _queue;
    private readonly Task _rotation;
    private readonly Task _reporting;
    private readonly Task _quarantine;
    private readonly Task _gate;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _watch;
    private readonly ServerSettings _atStart;
    private bool _stopped;

    private MailServer(ServerParts parts, WebApplication app, ServerSettings settings)
    {
        (_parts, _app, _atStart) = (parts, app, settings);
        _queue = settings.Roles.HasFlag(ServerRoles.Queue) ? Task.Run(parts.Queue.RunAsync) : Task.CompletedTask;
        _rotation = settings.Roles.HasFlag(ServerRoles.Queue)
            ? Task.Run(() => parts.Rooms.Rotation.RunAsync(_stopping.Token))
            : Task.CompletedTask;
        _quarantine = settings.Roles.HasFlag(ServerRoles.Queue)
            ? Task.Run(() => parts.Rooms.Quarantine.RunAsync(_stopping.Token))
            : Task.CompletedTask;
        // Each process keeps what it has counted; who has the queue sends.
        _reporting = Task.Run(() => parts.Rooms.Reporting.RunAsync(_stopping.Token));
        _gate = Task.Run(() => parts.Rooms.Gate.RunAsync(_stopping.Token));
        _watch = parts.Certificates.Watch(Logger);
    }

    /// <summary>Where each listener really listens, by its name in section <c>listen</c>.</summary>
    public required IReadOnlyList<(string Name, EndPoint Address)> Bound { get; init; }

    /// <summary>What it is made of.</summary>
    internal ServerParts Parts => _parts;

    /// <summary>The server's log.</summary>
    public ILogger Logger => _parts.Logger;

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
        var parts = await ServerParts.OpenAsync(environment, folder, settings, ct);
        WebApplication? app = null;
        try
        {
            // We hold the folder's lock: nobody listens on a control socket that is there.
            File.Delete(folder.ControlSocket);
            ListenerCheck.Run(MailHost.Addresses(settings));
            parts.Certificates.Read(settings.Tls, parts.Logger);
            await parts.Rooms.Gate.LoadAsync(ct);
            app = MailHost.Build(parts, out var listeners);
            await app.StartAsync(ct);
            MailHost.SetSocketModes(folder, listeners);
            var bound = listeners.Select(l => (l.Name, Address: l.Options.EndPoint)).ToList();
            PortsFile.Write(folder, bound);
            var server = new MailServer(parts, app, settings) { Bound = bound };
            server.Logger.LogInformation(
                "Postreiter {Version} serves {Folder} as {Hostname}: {Listeners}",
                VersionCommand.Version,
                folder.Root,
                settings.Hostname,
                string.Join(", ", bound.Select(b => $"{b.Name} {EndPoints.Format(b.Address)}"))
            );
            return server;
        }
        catch (Exception e)
        {
            if (app is not null)
                await app.DisposeAsync();
            await parts.DisposeAsync();
            if (e is StoreException or IOException or SocketException or UnauthorizedAccessException)
                throw new CommandFailure(ExitCodes.Failed, $"the server does not start: {e.Message}");
            throw;
        }
    }

    /// <summary>
    /// Puts settings and certificate in force for sessions to come; those that are open go on as they began. Keys that need a
    /// restart are named in the log.
    /// </summary>
    public void Reload(ServerSettings settings)
    {
        var before = _parts.Settings;
        _parts.Reload(settings);
        // What is delivered now is not disturbed for nothing.
        if (SettingKeys.All.Any(k => k.Name.StartsWith("outbound.", StringComparison.Ordinal) && Differs(k)))
            _parts.Queue.Restart();
        if (_parts.Certificates.Read(settings.Tls, Logger))
            Logger.LogInformation("Settings and certificate are read again");
        var waiting = SettingKeys.All.Where(k => k.Effect == SettingEffect.AtStart && !k.IsSame(settings, _atStart));
        var keys = string.Join(", ", waiting.Select(k => k.Name));
        if (keys.Length > 0)
            Logger.LogWarning("These changes wait for a restart: {Keys}", keys);

        bool Differs(SettingKey key) => !key.IsSame(before, settings);
    }

    /// <summary>
    /// Stops in order: no new sessions; open ones end, and attempts of the queue too, within 10 s; then the store closes.
    /// </summary>
    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        _parts.Queue.Stop();
        await _stopping.CancelAsync();
        await _watch.DisposeAsync();
        await Task.WhenAll(_app.StopAsync(CancellationToken.None), _queue, _rotation, _reporting, _quarantine, _gate);
        // What sessions left behind that ended since.
        await _parts.Rooms.Gate.SaveAsync();
        _stopping.Dispose();
        await _app.DisposeAsync();
        File.Delete(_parts.Folder.PortsFile);
        File.Delete(_parts.Folder.ControlSocket);
        await _parts.DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();
}
