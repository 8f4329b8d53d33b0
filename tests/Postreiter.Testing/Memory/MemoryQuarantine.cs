using Postreiter.Storage;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Quarantine;
using Postreiter.Storage.Queue;

namespace Postreiter.Testing.Memory;

internal sealed class MemoryQuarantine(MemoryState state) : IQuarantineStore
{
    /// <summary>Keeps what a filing puts here; each account's once a delivery. Under the lock.</summary>
    public static void Add(MemoryState state, Filing filing, byte[] content)
    {
        foreach (var group in filing.Quarantine.GroupBy(filing.KeyOf))
        {
            if (!state.Deliveries.TryAdd((filing.DeliveryId, group.Key), 0))
                continue;
            foreach (var one in group)
            {
                var row = new QuarantinedMessage
                {
                    Id = state.NextId(),
                    DeliveryId = filing.DeliveryId,
                    AccountId = one.AccountId,
                    Sender = one.Sender,
                    Recipients = [.. one.Recipients],
                    Reason = one.Reason,
                    Received = one.Received,
                    Size = one.Prefix.Length + filing.Content.Length,
                    Blob = filing.Content.Id,
                    Prefix = one.Prefix.ToArray(),
                    Structure = filing.Structure.ToArray(),
                    IsOutgoing = one.Queue is not null,
                };
                state.Quarantine.Add(row.Id, new MemoryQuarantined(row, content, one.Queue));
            }
        }
    }

    public ValueTask<IReadOnlyList<QuarantinedMessage>> ListAsync(
        long? accountId,
        long afterId,
        int most,
        CancellationToken ct
    )
    {
        lock (state.Lock)
            return new([
                .. state
                    .Quarantine.Values.Select(static q => q.Row)
                    .Where(q => q.Id > afterId && (accountId is null || q.AccountId == accountId))
                    .Take(most),
            ]);
    }

    public ValueTask<QuarantinedMessage?> FindAsync(long id, CancellationToken ct)
    {
        lock (state.Lock)
            return new(state.Quarantine.GetValueOrDefault(id)?.Row);
    }

    public ValueTask<MessageContent> OpenAsync(QuarantinedMessage message, CancellationToken ct)
    {
        lock (state.Lock)
            return state.Quarantine.TryGetValue(message.Id, out var entry)
                ? new(new MemoryContent(entry.Row.Prefix, entry.Content))
                : throw new StoreException(StoreFault.DamagedContent, "the message is gone");
    }

    public ValueTask<long> CountBytesAsync(CancellationToken ct)
    {
        lock (state.Lock)
            return new(state.Quarantine.Values.Sum(static q => q.Row.Size));
    }

    public ValueTask<ReleaseResult> ReleaseAsync(long id, DateTimeOffset now, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (!state.Quarantine.TryGetValue(id, out var entry))
                return new(new ReleaseResult(ReleaseStatus.NotFound));
            var row = entry.Row;
            if (entry.Queue is { } item)
            {
                Enqueue(row, entry, item, now);
                state.Quarantine.Remove(id);
                state.Feed.QueueChanged();
                return new(new ReleaseResult(ReleaseStatus.Released));
            }

            if (
                !state.Accounts.TryGetValue(row.AccountId, out var account)
                || account.Find(Mailbox.Inbox) is not { } box
            )
                return new(new ReleaseResult(ReleaseStatus.NotFound));
            if (!account.Fits(row.Size, 1))
                return new(new ReleaseResult(ReleaseStatus.OverQuota));
            var message = new StoredMessage(
                0,
                0,
                MessageFlags.None,
                row.Received,
                row.Size,
                row.Blob,
                row.Prefix,
                row.Structure
            );
            var uid = box.Add(message, entry.Content, ++account.ModSeq);
            state.Quarantine.Remove(id);
            state.Feed.AccountChanged(account.Id);
            return new(new ReleaseResult(ReleaseStatus.Released, box.Id, uid));
        }
    }

    public ValueTask<bool> RemoveAsync(long id, CancellationToken ct)
    {
        lock (state.Lock)
            return new(state.Quarantine.Remove(id));
    }

    public ValueTask<int> PruneAsync(DateTimeOffset before, CancellationToken ct)
    {
        lock (state.Lock)
        {
            var old = state.Quarantine.Values.Where(q => q.Row.Received < before).Select(static q => q.Row.Id).ToList();
            foreach (var id in old)
                state.Quarantine.Remove(id);
            return new(old.Count);
        }
    }

    public ValueTask<IReadOnlyList<QuarantinedMessage>> ListUntoldAsync(int most, CancellationToken ct)
    {
        lock (state.Lock)
            return new([
                .. state
                    .Quarantine.Values.Where(static q => !q.IsTold && q.Row.AccountId != 0)
                    .Select(static q => q.Row)
                    .OrderBy(static q => q.AccountId)
                    .Take(most),
            ]);
    }

    public ValueTask NoteToldAsync(IReadOnlyList<long> ids, CancellationToken ct)
    {
        lock (state.Lock)
        {
            foreach (var id in ids)
            {
                if (state.Quarantine.TryGetValue(id, out var entry))
                    state.Quarantine[id] = entry with { IsTold = true };
            }
        }

        return ValueTask.CompletedTask;
    }

    private void Enqueue(QuarantinedMessage row, MemoryQuarantined entry, NewQueueItem item, DateTimeOffset now)
    {
        var id = state.NextId();
        var queued = new QueueItem
        {
            Id = id,
            DeliveryId = row.DeliveryId,
            Destination = item.Destination,
            Envelope = item.Envelope,
            Recipients = [.. item.Recipients],
            Blob = row.Blob,
            Prefix = row.Prefix,
            Size = row.Size,
            Created = now,
            NextAttempt = now,
            Attempts = 0,
            DelayNoticeSent = false,
            State = QueueState.Waiting,
            Lease = 0,
        };
        state.Queue.Add(id, new MemoryQueueItem(queued, entry.Content, default));
    }
}

internal sealed record MemoryQuarantined(QuarantinedMessage Row, byte[] Content, NewQueueItem? Queue)
{
    public bool IsTold { get; init; }
}
