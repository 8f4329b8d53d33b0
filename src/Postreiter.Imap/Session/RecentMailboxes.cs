using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Session;

/// <summary>
/// The entries of mailboxes that were opened lately: the next SELECT reads only what has changed since, and sessions on one
/// mailbox share one array. Bounded by count and time: a mailbox that nobody opens costs nothing after ten minutes.
/// </summary>
/// <param name="most">Entries of all mailboxes together, 24 bytes each.</param>
/// <param name="time">The clock.</param>
internal sealed class RecentMailboxes(int most, TimeProvider time)
{
    // Fewer are read as quickly as they are looked up.
    private const int Least = 200;
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, Recent> _recent = [];
    private ITimer? _timer;
    private int _count;

    /// <summary>Entries held now.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>A mailbox with all its entries, as of one moment.</summary>
    /// <returns>Null when it is gone.</returns>
    public async ValueTask<MailboxChanges?> OpenAsync(IMailStore mail, long mailboxId, CancellationToken ct)
    {
        var known = Find(mailboxId);
        var changes = await mail.ReadChangesAsync(mailboxId, known?.ModSeq ?? 0, ct);
        if (known is not null && changes is not null)
        {
            var entries = Merge(known.Entries, changes);
            changes =
                entries.Length == changes.Mailbox.Messages
                    ? changes with
                    {
                        Entries = entries,
                        Expunged = [],
                    }
                    // Not what the mailbox itself says: believed is what stands in the store.
                    : await mail.ReadChangesAsync(mailboxId, 0, ct);
        }

        if (changes is null)
        {
            Keep(mailboxId, null);
            return null;
        }

        var opened = changes.Entries as MessageEntry[] ?? changes.Entries.ToArray();
        Keep(mailboxId, new Recent(opened, changes.Mailbox.HighestModSeq, time.GetTimestamp()));
        return changes with { Entries = opened };
    }

    private Recent? Find(long mailboxId)
    {
        lock (_gate)
            return _recent.GetValueOrDefault(mailboxId);
    }

    private void Keep(long mailboxId, Recent? opened)
    {
        lock (_gate)
        {
            Remove(mailboxId);
            if (opened is null || opened.Entries.Length < Least || opened.Entries.Length > most)
                return;
            _recent.Add(mailboxId, opened);
            _count += opened.Entries.Length;
            while (_count > most)
                Remove(_recent.MinBy(r => r.Value.Used).Key);
            _timer ??= time.CreateTimer(_ => DropOld(), null, Kept, Kept);
        }
    }

    private void DropOld()
    {
        lock (_gate)
        {
            foreach (var (id, recent) in _recent)
            {
                // Removing while enumerating is allowed for this collection.
                if (time.GetElapsedTime(recent.Used) >= Kept)
                    Remove(id);
            }

            if (_recent.Count > 0)
                return;
            _timer?.Dispose();
            _timer = null;
        }
    }

    private void Remove(long mailboxId)
    {
        if (_recent.Remove(mailboxId, out var recent))
            _count -= recent.Entries.Length;
    }

    private static MessageEntry[] Merge(MessageEntry[] known, MailboxChanges changes)
    {
        if (changes.Entries.Count == 0 && changes.Expunged.Count == 0)
            return known;
        // Equal flags stay one object, whichever read brought them.
        var flags = known.Select(static entry => entry.Flags).ToHashSet();
        var merged = new List<MessageEntry>(known.Length + changes.Entries.Count);
        var (next, gone) = (0, 0);
        foreach (var entry in known)
        {
            for (; next < changes.Entries.Count && changes.Entries[next].Uid < entry.Uid; next++)
                merged.Add(Shared(changes.Entries[next], flags));
            while (gone < changes.Expunged.Count && changes.Expunged[gone] < entry.Uid)
                gone++;
            if (gone < changes.Expunged.Count && changes.Expunged[gone] == entry.Uid)
                continue;
            if (next < changes.Entries.Count && changes.Entries[next].Uid == entry.Uid)
                merged.Add(Shared(changes.Entries[next++], flags));
            else
                merged.Add(entry);
        }

        for (; next < changes.Entries.Count; next++)
            merged.Add(Shared(changes.Entries[next], flags));
        return [.. merged];
    }

    private static MessageEntry Shared(MessageEntry entry, HashSet<MessageFlags> flags)
    {
        if (flags.TryGetValue(entry.Flags, out var same))
            return entry with { Flags = same };
        flags.Add(entry.Flags);
        return entry;
    }

    private sealed record Recent(MessageEntry[] Entries, long ModSeq, long Used);
}
