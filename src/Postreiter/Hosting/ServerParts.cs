using Microsoft.Extensions.Logging;
using Postreiter.Authentication;
using Postreiter.CommandLine;
using Postreiter.MailAuth.Dmarc;
using Postreiter.Net.Sasl;
using Postreiter.Settings;
using Postreiter.Spam.Scanning;
using Postreiter.Storage;

namespace Postreiter.Hosting;

/// <summary>What a running server is made of, but for its listeners; opened and closed in order.</summary>
internal sealed class ServerParts : IAsyncDisposable
{
    private readonly DataFolderLock _lock;
    private readonly LogLevelSwitch _level;

    private ServerParts(
        ServerEnvironment environment,
        DataFolder folder,
        ServerSettings settings,
        DataFolderLock taken,
        IStore store,
        ILoggerFactory logs,
        LogLevelSwitch level,
        PublicSuffixList suffixes
    )
    {
        (Environment, Folder, Settings, _lock, Store, Logs) = (environment, folder, settings, taken, store, logs);
        _level = level;
        Logger = logs.CreateLogger("Postreiter");
        Certificates = new CertificateSource(folder, environment.Time);
        Verified = new VerifiedPasswords(environment.Time) { Keep = settings.Login.CacheFor };
        Throttle = new LoginThrottle(environment.Time) { Lockout = Lockout(settings) };
        Rooms = new MailRooms(
            environment,
            settings,
            store,
            new PasswordAuthenticator(
                store,
                Hasher,
                Verified,
                LoginKey.Open(folder),
                Throttle,
                logs.CreateLogger<PasswordAuthenticator>()
            ),
            logs,
            suffixes
        );
        Queue = new QueueLoop(Rooms.Queue, environment.Time, Logger);
        Rooms.Gate.Use(settings, Folder.Resolve);
        LoadRules();
    }

    public ServerEnvironment Environment { get; }

    public DataFolder Folder { get; }

    /// <summary>In force now.</summary>
    public ServerSettings Settings { get; private set; }

    public IStore Store { get; }

    public ILoggerFactory Logs { get; }

    public ILogger Logger { get; }

    public PasswordHasher Hasher { get; } = new();

    public VerifiedPasswords Verified { get; }

    public LoginThrottle Throttle { get; }

    public CertificateSource Certificates { get; }

    public MailRooms Rooms { get; }

    public QueueLoop Queue { get; }

    /// <summary>Takes the folder and opens the store.</summary>
    /// <exception cref="CommandFailure">Another process has the folder, or the store does not open.</exception>
    public static async Task<ServerParts> OpenAsync(
        ServerEnvironment environment,
        DataFolder folder,
        ServerSettings settings,
        CancellationToken ct
    )
    {
        DataFolderLock taken;
        try
        {
            taken =
                DataFolderLock.TryTake(folder)
                ?? throw new CommandFailure(ExitCodes.Failed, $"{folder.Root} is in use by another process");
            folder.Exchange.Clean();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(ExitCodes.Failed, $"{folder.Root} cannot be used: {e.Message}");
        }

        var level = new LogLevelSwitch { Level = settings.Log.Level };
        var logs = LoggerFactory.Create(logging => HostLogging.Configure(logging, settings.Log, level));
        IStore? store = null;
        try
        {
            var storeLogger = logs.CreateLogger("Postreiter.Storage");
            store = await environment.Stores.OpenAsync(folder, settings, storeLogger, ct);
            return new ServerParts(
                environment,
                folder,
                settings,
                taken,
                store,
                logs,
                level,
                Suffixes(folder, settings)
            );
        }
        catch (Exception e)
        {
            if (store is not null)
                await store.DisposeAsync();
            logs.Dispose();
            await taken.DisposeAsync();
            // F4, P15: what is wrong with the store is told in its own words.
            if (e is StoreException or IOException or UnauthorizedAccessException)
                throw new CommandFailure(ExitCodes.Failed, $"the server does not start: {e.Message}");
            if (e is InvalidDataException)
                throw new CommandFailure(ExitCodes.Usage, $"dmarc.public_suffixes: {e.Message}");
            throw;
        }
    }

    /// <summary>Puts what can change while running in force.</summary>
    public void Reload(ServerSettings settings)
    {
        Settings = settings;
        _level.Level = settings.Log.Level;
        Verified.Keep = settings.Login.CacheFor;
        Throttle.Lockout = Lockout(settings);
        Rooms.Reload(settings);
        Rooms.Gate.Use(settings, Folder.Resolve);
        LoadRules();
    }

    /// <summary>Closes all.</summary>
    public async ValueTask DisposeAsync()
    {
        Queue.Dispose();
        // They use all that is closed below.
        await Rooms.StopLateScansAsync();
        await Rooms.Spam.DisposeAsync();
        Rooms.Dispose();
        await Store.DisposeAsync();
        Hasher.Dispose();
        await _lock.DisposeAsync();
        // Last: what the parts said while they stopped is written out.
        Logs.Dispose();
    }

    /// <summary>Reads the spam rules again, in the background.</summary>
    public void LoadRules() =>
        Rooms.Spam.Load(
            RuleSources.WithStarter(
                RuleSources.WithUpdates(Settings.Spam.Rules.Select(Folder.Resolve), Folder.RuleUpdates),
                RuleSources.Packaged,
                RuleSources.Starter
            ),
            servesClients: Settings.Listen.Spamd.Count + Settings.Listen.Spamds.Count > 0,
            networkBudget: RoomOptions.SpamNetwork(Settings),
            preferences: Folder.Resolve(Settings.Spam.Preferences)
        );

    /// <summary>The public suffixes of the settings.</summary>
    /// <exception cref="InvalidDataException">The file is none of theirs.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static PublicSuffixList Suffixes(DataFolder folder, ServerSettings settings) =>
        settings.Senders.PublicSuffixes is { Length: > 0 } path
            ? PublicSuffixList.Load(folder.Resolve(path))
            : PublicSuffixList.Shipped;

    private static LoginLockout Lockout(ServerSettings settings) =>
        new(settings.Login.LockAfter, settings.Login.LockFor);
}
