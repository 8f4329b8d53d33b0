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
using Postreiter.Testing.Memory;

namespace Postreiter.Testing;

/// <summary>A store in memory, for tests: one lock around plain collections. It passes the contract suite.</summary>
public sealed class MemoryStore : IStore
{
    private readonly MemoryState _state;

    public MemoryStore(TimeProvider time, StoreOptions? options = null)
    {
        _state = new MemoryState(time, options ?? new StoreOptions());
        var mail = new MemoryMail(_state);
        (Directory, Mail, Queue) = (new MemoryDirectory(_state), mail, new MemoryQueue(_state, mail));
        MailAuth = new MemoryMailAuth(_state);
        Gate = new MemoryGate(_state);
        Learning = new MemoryLearning(_state);
        Lists = new MemoryLists(_state);
        Quarantine = new MemoryQuarantine(_state);
    }

    public IDirectoryStore Directory { get; }

    public IMailStore Mail { get; }

    public IQueueStore Queue { get; }

    public IMailAuthStore MailAuth { get; }

    public IGateStore Gate { get; }

    public ILearningStore Learning { get; }

    public IListStore Lists { get; }

    public IQuarantineStore Quarantine { get; }

    public IBlobIntake Blobs { get; } = new MemoryBlobs();

    public IChangeFeed Changes => _state.Feed;

    public Task<StoreCheckReport> CheckAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct)
    {
        lock (_state.Lock)
        {
            var boxes = _state.Accounts.Values.SelectMany(a => a.Mailboxes).ToList();
            var messages = boxes.Sum(b => (long)b.Messages.Count);
            var blobs = boxes
                .SelectMany(b => b.Messages.Values.Select(m => m.Row.Blob))
                .Concat(_state.Accounts.Values.SelectMany(a => a.Kept).Select(k => k.Message.Row.Blob))
                .Concat(_state.Queue.Values.Select(q => q.Item.Blob))
                .Concat(_state.Quarantine.Values.Select(q => q.Row.Blob))
                .Distinct()
                .Count();
            progress?.Report((messages, messages));
            return Task.FromResult(
                new StoreCheckReport(_state.Accounts.Count, boxes.Count, messages, _state.Queue.Count, blobs, [], [])
            );
        }
    }

    public Task<StoreCheckReport> RepairAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct) =>
        CheckAsync(progress, ct);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
