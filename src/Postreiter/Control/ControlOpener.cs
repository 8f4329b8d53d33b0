using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Authentication;
using Postreiter.CommandLine;
using Postreiter.Hosting;
using Postreiter.Messages;
using Postreiter.Settings;
using Postreiter.Storage;

namespace Postreiter.Control;

/// <summary>Finds the way to a data folder's store: by the running server, or by opening it.</summary>
internal static class ControlOpener
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Finds it.</summary>
    /// <exception cref="CommandFailure">Another process holds the folder and does not answer, or the store does not open.</exception>
    public static async Task<IControl> OpenAsync(
        DataFolder folder,
        ServerSettings settings,
        IStoreOpener stores,
        Func<IMessageScanner> scanner,
        TimeProvider time,
        Random random,
        CancellationToken ct
    )
    {
        if (!Directory.Exists(folder.Root))
            throw new CommandFailure(ExitCodes.Usage, $"{folder.Root} is not there; postreiter init makes it");
        var start = time.GetTimestamp();
        while (true)
        {
            if (await ConnectAsync(folder, ct) is { } running)
                return running;
            if (DataFolderLock.TryTake(folder) is { } taken)
                return await OpenStoreAsync(folder, settings, stores, scanner, time, random, taken, ct);
            // A server that starts or stops holds the lock while its socket is not there.
            if (time.GetElapsedTime(start) > Patience)
                throw new CommandFailure(
                    ExitCodes.Failed,
                    $"{folder.Root} is in use by another process, which does not answer"
                );
            await Task.Delay(Pause, time, ct);
        }
    }

    /// <summary>The running server of a data folder; null when none runs.</summary>
    public static async Task<IControl?> ConnectAsync(DataFolder folder, CancellationToken ct)
    {
        if (!File.Exists(folder.ControlSocket))
            return null;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await probe.ConnectAsync(new UnixDomainSocketEndPoint(folder.ControlSocket), ct);
            return new RemoteControl(folder.ControlSocket);
        }
        catch (SocketException)
        {
            // Left behind by a server that was killed.
            return null;
        }
    }

    private static async Task<IControl> OpenStoreAsync(
        DataFolder folder,
        ServerSettings settings,
        IStoreOpener stores,
        Func<IMessageScanner> scanner,
        TimeProvider time,
        Random random,
        DataFolderLock taken,
        CancellationToken ct
    )
    {
        try
        {
            var store = await stores.OpenAsync(folder, settings, NullLogger.Instance, ct);
            return new StoreControl(store, folder, new PasswordHasher(), scanner, time, random, store, taken);
        }
        catch (StoreException e)
        {
            await taken.DisposeAsync();
            throw new CommandFailure(ExitCodes.Failed, $"the store does not open: {e.Message}");
        }
    }
}
