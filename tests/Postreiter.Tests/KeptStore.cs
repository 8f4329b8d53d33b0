using Microsoft.Extensions.Logging;
using Postreiter.Hosting;
using Postreiter.Messages;
using Postreiter.Settings;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Gate;
using Postreiter.Storage.Learning;
using Postreiter.Storage.Lists;
using Postreiter.Storage.Mail;
using Postreiter.Storage.MailAuth;
using Postreiter.Storage.Quarantine;
using Postreiter.Storage.Queue;
using Postreiter.Testing;

namespace Postreiter.Tests;

/// <summary>A store in memory that outlives its openings, as a disk does, counts them, and can be down.</summary>
internal sealed class KeptStore : IStore, IStoreOpener
{
    private readonly MemoryStore _store = new(TimeProvider.System);

    /// <summary>Makes everything fail.</summary>
    public bool IsDown { get; set; }

    /// <summary>Openings that were not closed yet.</summary>
    public int Open { get; private set; }

    public IDirectoryStore Directory => Up.Directory;

    public IMailStore Mail => Up.Mail;

    public IQueueStore Queue => Up.Queue;

    public IMailAuthStore MailAuth => Up.MailAuth;

    public IGateStore Gate => Up.Gate;

    public ILearningStore Learning => Up.Learning;

    public IListStore Lists => Up.Lists;
    public IQuarantineStore Quarantine => Up.Quarantine;

    public IBlobIntake Blobs => Up.Blobs;

    public IChangeFeed Changes => Up.Changes;

    private MemoryStore Up => IsDown ? throw new StoreException(StoreFault.Busy, "the store is down") : _store;

    /// <summary>Reads nothing out of a message.</summary>
    public static IMessageScanner Scanner() => MessageScanner.Create();

    public ValueTask<IStore> OpenAsync(DataFolder folder, ServerSettings settings, ILogger logger, CancellationToken ct)
    {
        Open++;
        return ValueTask.FromResult<IStore>(this);
    }

    public Task<StoreCheckReport> CheckAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct) =>
        Up.CheckAsync(progress, ct);

    public Task<StoreCheckReport> RepairAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct) =>
        Up.RepairAsync(progress, ct);

    public ValueTask DisposeAsync()
    {
        Open--;
        return ValueTask.CompletedTask;
    }
}
