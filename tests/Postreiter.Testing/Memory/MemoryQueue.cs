using Postreiter.Core;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Testing.Memory;

internal sealed class MemoryQueue(MemoryState state, MemoryMail mail) : IQueueStore
{
    private long _lastLease;

    public ValueTask<IReadOnlyList<QueueItem>> LeaseAsync(
        DateTimeOffset now,
        DateTimeOffset until,
        int most,
        IReadOnlyCollection<DomainName> except,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            var due = state
                .Queue.Values.Where(q => Due(q) <= now && !except.Contains(q.Item.Destination))
                .OrderBy(Due)
                .ThenBy(q => q.Item.Id)
                .Take(most)
                .ToList();
            var leased = new List<QueueItem>();
            foreach (var entry in due)
            {
                var item = entry.Item with { State = QueueState.Leased, Lease = ++_lastLease };
                state.Queue[item.Id] = entry with { Item = item, LeaseUntil = until };
                leased.Add(item);
            }

            return new(leased);
        }
    }

    public ValueTask<DateTimeOffset?> NextDueAsync(IReadOnlyCollection<DomainName> except, CancellationToken ct)
    {
        lock (state.Lock)
            return new(state.Queue.Values.Where(q => !except.Contains(q.Item.Destination)).Min(Due));
    }

    public async ValueTask<bool> CompleteAsync(AttemptOutcome outcome, CancellationToken ct)
    {
        var notices = new List<(Filing Filing, byte[] Content)>();
        foreach (var notice in outcome.Notices)
            notices.Add((notice, await MemoryMail.BytesAsync(notice.Content, ct)));
        lock (state.Lock)
        {
            if (
                !state.Queue.TryGetValue(outcome.ItemId, out var entry)
                || entry.Item.State != QueueState.Leased
                || entry.Item.Lease != outcome.Lease
            )
                return false;
            if (outcome.Remaining.Count == 0)
                state.Queue.Remove(outcome.ItemId);
            else
                Put(
                    entry,
                    entry.Item with
                    {
                        Recipients = [.. outcome.Remaining],
                        NextAttempt = outcome.NextAttempt,
                        Attempts = outcome.Attempts,
                        DelayNoticeSent = outcome.DelayNoticeSent,
                        State = QueueState.Waiting,
                        Lease = 0,
                    }
                );
            foreach (var (filing, content) in notices)
                mail.File(filing, content, isNotice: true);
            state.Feed.QueueChanged();
            return true;
        }
    }

    public ValueTask<MessageContent> OpenAsync(QueueItem item, CancellationToken ct)
    {
        lock (state.Lock)
            return state.Queue.TryGetValue(item.Id, out var entry)
                ? new(new MemoryContent(item.Prefix, entry.Content))
                : throw new Storage.StoreException(Storage.StoreFault.DamagedContent, "the content is gone");
    }

    public ValueTask<IReadOnlyList<QueueItem>> ListAsync(long afterId, int most, CancellationToken ct)
    {
        lock (state.Lock)
            return new([.. state.Queue.Values.Select(q => q.Item).Where(i => i.Id > afterId).Take(most)]);
    }

    public ValueTask<QueueItem?> FindAsync(long id, CancellationToken ct)
    {
        lock (state.Lock)
            return new(state.Queue.GetValueOrDefault(id)?.Item);
    }

    public ValueTask<QueueCounts> CountAsync(CancellationToken ct)
    {
        lock (state.Lock)
            return new(new QueueCounts(Count(QueueState.Waiting), Count(QueueState.Leased), Count(QueueState.Held)));
    }

    public ValueTask<int> ActAsync(
        QueueAction action,
        QueueSelection selection,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            var changed = 0;
            foreach (var entry in state.Queue.Values.ToList())
            {
                var item = entry.Item;
                if (selection.Id is { } id && id != item.Id || item.State == QueueState.Leased)
                    continue;
                if (selection.Destination is { } destination && destination != item.Destination)
                    continue;
                var applies = action switch
                {
                    QueueAction.Release => item.State == QueueState.Held,
                    QueueAction.Remove => true,
                    _ => item.State == QueueState.Waiting,
                };
                if (!applies)
                    continue;
                changed++;
                if (action == QueueAction.Remove)
                    state.Queue.Remove(item.Id);
                else if (action == QueueAction.Hold)
                    Put(entry, item with { State = QueueState.Held });
                else
                    Put(entry, item with { State = QueueState.Waiting, NextAttempt = now });
            }

            if (changed > 0)
                state.Feed.QueueChanged();
            return new(changed);
        }
    }

    private void Put(MemoryQueueItem entry, QueueItem item) => state.Queue[item.Id] = entry with { Item = item };

    private long Count(QueueState which) => state.Queue.Values.LongCount(q => q.Item.State == which);

    private static DateTimeOffset? Due(MemoryQueueItem entry) =>
        entry.Item.State switch
        {
            QueueState.Waiting => entry.Item.NextAttempt,
            QueueState.Leased => entry.LeaseUntil,
            _ => null,
        };
}
