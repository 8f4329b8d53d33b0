using System.Runtime.CompilerServices;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Testing.Memory;

internal sealed partial class MemoryMail(MemoryState state) : IMailStore
{
    public async ValueTask<FilingResult> FileAsync(Filing filing, CancellationToken ct)
    {
        var content = await BytesAsync(filing.Content, ct);
        lock (state.Lock)
            return File(filing, content, isNotice: false);
    }

    /// <summary>Files under the lock. A notice ignores the quota and passes over accounts that are gone.</summary>
    internal FilingResult File(Filing filing, byte[] content, bool isNotice)
    {
        var targets = new List<(MailboxCopy Copy, MemoryMailbox Box)>();
        foreach (var copy in filing.Copies)
        {
            if (state.Accounts.TryGetValue(copy.AccountId, out var account))
                targets.Add((copy, account.Mailboxes.Find(m => m.Id == copy.MailboxId) ?? account.Inbox));
            else if (!isNotice)
                return new FilingResult(FilingStatus.NoSuchAccount, []);
        }

        var fresh = targets
            .Where(t => !state.Deliveries.ContainsKey((filing.DeliveryId, t.Box.Id)))
            .DistinctBy(t => t.Box.Id);
        foreach (var group in fresh.GroupBy(t => t.Box.Account))
        {
            if (
                !isNotice
                && !group.Key.Fits(group.Sum(t => t.Copy.Prefix.Length + filing.Content.Length), group.Count())
            )
                return new FilingResult(FilingStatus.OverQuota, []);
        }

        if (filing.Quarantine.Any(q => q.AccountId != 0 && !state.Accounts.ContainsKey(q.AccountId)))
            return new FilingResult(FilingStatus.NoSuchAccount, []);
        var filed = new List<FiledCopy>();
        foreach (var (copy, box) in targets)
        {
            var was = state.Deliveries.TryGetValue((filing.DeliveryId, box.Id), out var uid);
            if (!was)
            {
                var row = new StoredMessage(
                    0,
                    0,
                    copy.Flags,
                    copy.InternalDate,
                    copy.Prefix.Length + filing.Content.Length,
                    filing.Content.Id,
                    copy.Prefix.ToArray(),
                    filing.Structure.ToArray()
                );
                uid = box.Add(row, content, ++box.Account.ModSeq);
                state.Deliveries.Add((filing.DeliveryId, box.Id), uid);
                state.Feed.AccountChanged(box.Account.Id);
            }

            filed.Add(new FiledCopy(box.Id, box.UidValidity, uid, was));
        }

        if (filing.Queue.Count > 0 && state.Deliveries.TryAdd((filing.DeliveryId, filing.QueueKey), 0))
            Enqueue(filing, content);
        MemoryQuarantine.Add(state, filing, content);
        if (filing.Trace is { } trace)
            state.Traces[trace.Id.ToString()] = trace;
        return new FilingResult(FilingStatus.Filed, filed);
    }

    internal static async ValueTask<byte[]> BytesAsync(PendingBlob blob, CancellationToken ct)
    {
        var bytes = new byte[blob.Length];
        for (var at = 0; at < bytes.Length; )
        {
            var read = await blob.ReadAsync(at, bytes.AsMemory(at), ct);
            if (read == 0)
                throw new InvalidOperationException("a pending blob is shorter than it says");
            at += read;
        }

        return bytes;
    }

    public ValueTask<MailboxChanges?> ReadChangesAsync(long mailboxId, long afterModSeq, CancellationToken ct)
    {
        lock (state.Lock)
        {
            if (state.Mailbox(mailboxId) is not { } box)
                return new((MailboxChanges?)null);
            var rows = box.Messages.Values.Select(m => m.Row).Where(m => m.ModSeq > afterModSeq);
            var gone = box.Expunged.Where(e => afterModSeq > 0 && e.Value > afterModSeq).Select(e => e.Key);
            return new(new MailboxChanges(box.ToMailbox(), [.. rows.Select(Entry)], [.. gone]));
        }
    }

    public async IAsyncEnumerable<StoredMessage> ReadMessagesAsync(
        long mailboxId,
        IReadOnlyList<UidRange> uids,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        await ValueTask.CompletedTask;
        List<StoredMessage> rows;
        lock (state.Lock)
            rows = [.. state.Mailbox(mailboxId)?.In(uids).Select(m => m.Row) ?? []];
        foreach (var row in rows)
        {
            ct.ThrowIfCancellationRequested();
            yield return row;
        }
    }

    public ValueTask<MessageContent> OpenAsync(StoredMessage message, CancellationToken ct)
    {
        lock (state.Lock)
        {
            var content = state
                .Accounts.Values.SelectMany(a => a.Mailboxes)
                .SelectMany(b => b.Messages.Values)
                .FirstOrDefault(m => m.Row.Blob == message.Blob)
                ?.Content;
            return content is null
                ? throw new Storage.StoreException(Storage.StoreFault.DamagedContent, "the content is gone")
                : new(new MemoryContent(message.Prefix, content));
        }
    }

    public ValueTask<FlagChangeResult> ChangeFlagsAsync(
        long mailboxId,
        IReadOnlyList<UidRange> uids,
        FlagChange change,
        long? unchangedSince,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            var (entries, modified) = (new List<MessageEntry>(), new List<uint>());
            if (state.Mailbox(mailboxId) is not { } box)
                return new(new FlagChangeResult(entries, modified));
            var modSeq = box.Account.ModSeq + 1;
            foreach (var message in box.In(uids).ToList())
            {
                var row = message.Row;
                if (row.ModSeq > unchangedSince)
                {
                    modified.Add(row.Uid);
                    continue;
                }

                var after = row.Flags.After(change);
                if (!after.Equals(row.Flags))
                {
                    row = row with { Flags = after, ModSeq = modSeq };
                    box.Messages[row.Uid] = message with { Row = row };
                    box.HighestModSeq = modSeq;
                    box.Account.ModSeq = modSeq;
                }

                entries.Add(Entry(row));
            }

            if (box.Account.ModSeq == modSeq)
                state.Feed.AccountChanged(box.Account.Id);
            return new(new FlagChangeResult(entries, modified));
        }
    }

    public ValueTask<IReadOnlyList<uint>> ExpungeAsync(
        long mailboxId,
        IReadOnlyList<UidRange>? uids,
        CancellationToken ct
    ) => Remove(mailboxId, uids ?? [UidRange.All], onlyDeleted: true);

    public ValueTask<IReadOnlyList<uint>> RemoveAsync(
        long mailboxId,
        IReadOnlyList<UidRange> uids,
        CancellationToken ct
    ) => Remove(mailboxId, uids, onlyDeleted: false);

    private ValueTask<IReadOnlyList<uint>> Remove(long mailboxId, IReadOnlyList<UidRange> uids, bool onlyDeleted)
    {
        lock (state.Lock)
        {
            if (state.Mailbox(mailboxId) is not { } box)
                return new([]);
            List<uint> gone =
            [
                .. box.In(uids).Where(m => !onlyDeleted || m.Row.Flags.Has(SystemFlags.Deleted)).Select(m => m.Row.Uid),
            ];
            if (gone.Count == 0)
                return new(gone);
            var modSeq = ++box.Account.ModSeq;
            foreach (var uid in gone)
            {
                box.Keep(state, box.Messages[uid]);
                box.Remove(uid, modSeq);
            }

            state.Feed.AccountChanged(box.Account.Id);
            return new(gone);
        }
    }

    public ValueTask<TransferResult> TransferAsync(
        long fromMailboxId,
        IReadOnlyList<UidRange> uids,
        long toMailboxId,
        bool move,
        CancellationToken ct
    )
    {
        lock (state.Lock)
        {
            if (state.Mailbox(toMailboxId) is not { } to)
                return new(new TransferResult(TransferStatus.NoTarget, 0, []));
            var from = state.Mailbox(fromMailboxId);
            if (from is not null && from.Account != to.Account)
                return new(new TransferResult(TransferStatus.NoTarget, 0, []));
            var messages = from?.In(uids).ToList() ?? [];
            if (!move && messages.Count > 0 && !to.Account.Fits(messages.Sum(m => m.Row.Size), messages.Count))
                return new(new TransferResult(TransferStatus.OverQuota, 0, []));
            return new(new TransferResult(TransferStatus.Done, to.UidValidity, Transfer(from, messages, to, move)));
        }
    }

    private List<(uint From, uint To)> Transfer(
        MemoryMailbox? from,
        List<MemoryMessage> messages,
        MemoryMailbox to,
        bool move
    )
    {
        var pairs = new List<(uint From, uint To)>();
        if (from is null || messages.Count == 0)
            return pairs;
        var modSeq = ++to.Account.ModSeq;
        foreach (var message in messages)
        {
            pairs.Add((message.Row.Uid, to.Add(message.Row, message.Content, modSeq)));
            if (move)
                from.Remove(message.Row.Uid, modSeq);
        }

        state.Feed.AccountChanged(to.Account.Id);
        return pairs;
    }

    private void Enqueue(Filing filing, byte[] content)
    {
        foreach (var item in filing.Queue)
        {
            var id = state.NextId();
            var row = new QueueItem
            {
                Id = id,
                DeliveryId = filing.DeliveryId,
                Destination = item.Destination,
                Envelope = item.Envelope,
                Recipients = [.. item.Recipients],
                Blob = filing.Content.Id,
                Prefix = item.Prefix.ToArray(),
                Size = item.Prefix.Length + filing.Content.Length,
                Created = item.Created,
                NextAttempt = item.NextAttempt,
                Attempts = 0,
                DelayNoticeSent = false,
                State = QueueState.Waiting,
                Lease = 0,
            };
            state.Queue.Add(id, new MemoryQueueItem(row, content, default));
        }

        state.Feed.QueueChanged();
    }

    private static MessageEntry Entry(StoredMessage row) => new(row.Uid, row.ModSeq, row.Flags);
}
