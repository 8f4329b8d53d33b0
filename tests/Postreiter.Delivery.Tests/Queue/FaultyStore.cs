using Postreiter.Core;
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

namespace Postreiter.Delivery.Tests.Queue;

/// <summary>A store whose queue fails when it is told to, as one on a full disk does.</summary>
internal sealed class FaultyStore(MemoryStore inner) : IStore, IQueueStore
{
    /// <summary>Which ends of attempts fail.</summary>
    public Func<AttemptOutcome, bool> FailsToComplete { get; set; } = _ => false;

    /// <summary>Whether contents can be opened.</summary>
    public bool FailsToOpen { get; set; }

    /// <summary>How often an end failed.</summary>
    public int Failures { get; private set; }

    public IDirectoryStore Directory => inner.Directory;

    public IMailStore Mail => inner.Mail;

    public IQueueStore Queue => this;

    public IMailAuthStore MailAuth => inner.MailAuth;

    public IGateStore Gate => inner.Gate;

    public ILearningStore Learning => inner.Learning;

    public IListStore Lists => inner.Lists;

    public IQuarantineStore Quarantine => inner.Quarantine;

    public IBlobIntake Blobs => inner.Blobs;

    public IChangeFeed Changes => inner.Changes;

    public Task<StoreCheckReport> CheckAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct) =>
        inner.CheckAsync(progress, ct);

    public Task<StoreCheckReport> RepairAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct) =>
        inner.RepairAsync(progress, ct);

    public ValueTask<IReadOnlyList<QueueItem>> LeaseAsync(
        DateTimeOffset now,
        DateTimeOffset until,
        int most,
        IReadOnlyCollection<DomainName> except,
        CancellationToken ct
    ) => inner.Queue.LeaseAsync(now, until, most, except, ct);

    public ValueTask<DateTimeOffset?> NextDueAsync(IReadOnlyCollection<DomainName> except, CancellationToken ct) =>
        inner.Queue.NextDueAsync(except, ct);

    public ValueTask<bool> CompleteAsync(AttemptOutcome outcome, CancellationToken ct)
    {
        if (!FailsToComplete(outcome))
            return inner.Queue.CompleteAsync(outcome, ct);
        Failures++;
        throw new StoreException(StoreFault.DiskFull, "the disk is full");
    }

    public ValueTask<MessageContent> OpenAsync(QueueItem item, CancellationToken ct) =>
        FailsToOpen ? throw new StoreException(StoreFault.DamagedContent, "damaged") : inner.Queue.OpenAsync(item, ct);

    public ValueTask<IReadOnlyList<QueueItem>> ListAsync(long afterId, int most, CancellationToken ct) =>
        inner.Queue.ListAsync(afterId, most, ct);

    public ValueTask<QueueItem?> FindAsync(long id, CancellationToken ct) => inner.Queue.FindAsync(id, ct);

    public ValueTask<QueueCounts> CountAsync(CancellationToken ct) => inner.Queue.CountAsync(ct);

    public ValueTask<int> ActAsync(
        QueueAction action,
        QueueSelection selection,
        DateTimeOffset now,
        CancellationToken ct
    ) => inner.Queue.ActAsync(action, selection, now, ct);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
