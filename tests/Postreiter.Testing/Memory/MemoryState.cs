using Postreiter.Core;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Gate;
using Postreiter.Storage.Mail;
using Postreiter.Storage.MailAuth;
using Postreiter.Storage.Queue;

namespace Postreiter.Testing.Memory;

/// <summary>Everything a <see cref="MemoryStore"/> holds; read and changed under <see cref="Lock"/>.</summary>
internal sealed class MemoryState(TimeProvider time, StoreOptions options)
{
    private uint _lastUidValidity;
    private long _lastId;

    public Lock Lock { get; } = new();

    public TimeProvider Time => time;

    public StoreOptions Options => options;

    public LocalChangeFeed Feed { get; } = new();

    public HashSet<DomainName> Domains { get; } = [];

    public SortedDictionary<long, MemoryAccount> Accounts { get; } = [];

    public SortedDictionary<string, Alias> Aliases { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<long, MemoryQueueItem> Queue { get; } = [];

    public SortedDictionary<long, MemoryQuarantined> Quarantine { get; } = [];

    /// <summary>Where a delivery went: mailbox id, or 0 for the queue, and the UID.</summary>
    public Dictionary<(TraceId Delivery, long Mailbox), uint> Deliveries { get; } = [];

    public List<DkimKeyRecord> DkimKeys { get; } = [];

    public List<SrsSecret> SrsSecrets { get; } = [];

    public HashSet<(string Reporter, string Report, DomainName Domain)> DmarcReports { get; } = [];

    /// <summary>Each with a count of 1; the value is the count.</summary>
    public Dictionary<(DomainName Domain, DmarcSum Row), long> DmarcSums { get; } = [];

    public Dictionary<(DomainName Domain, DateOnly Day, string Kind), long> DmarcResults { get; } = [];

    public Dictionary<long, GreylistRow> Greylist { get; } = [];

    public SortedDictionary<string, TraceRecord> Traces { get; } = new(StringComparer.Ordinal);

    /// <summary>By place.</summary>
    public Dictionary<long, MemoryLearned> Learned { get; } = [];

    public Dictionary<string, MemoryScope> Lists { get; } = new(StringComparer.Ordinal);

    public long NextId() => ++_lastId;

    // F11: larger than every one before, whatever the clock does.
    public uint NextUidValidity() =>
        _lastUidValidity = Math.Max(_lastUidValidity + 1, (uint)time.GetUtcNow().ToUnixTimeSeconds());

    public MemoryMailbox? Mailbox(long id) =>
        Accounts.Values.SelectMany(a => a.Mailboxes).FirstOrDefault(m => m.Id == id);

    public MemoryMailbox AddMailbox(MemoryAccount account, string name, SpecialUse use, bool subscribed)
    {
        var box = new MemoryMailbox(NextId(), account, name, NextUidValidity())
        {
            Use = use,
            Subscribed = subscribed,
            HighestModSeq = account.ModSeq,
        };
        account.Mailboxes.Add(box);
        return box;
    }
}

internal sealed class MemoryAccount(long id, EmailAddress address, DateTimeOffset created)
{
    public long Id => id;

    public EmailAddress Address => address;

    public required Credentials Credentials { get; set; }

    public required long Quota { get; set; }

    public long Used { get; set; }

    public required long QuotaMessages { get; set; }

    public long UsedMessages => Mailboxes.Sum(m => (long)m.Messages.Count);

    /// <summary>Expunged messages, ascending by id.</summary>
    public List<MemoryKept> Kept { get; } = [];

    public long ModSeq { get; set; } = 1;

    public List<MemoryMailbox> Mailboxes { get; } = [];

    /// <summary>The largest UIDVALIDITY that a name had before.</summary>
    public Dictionary<string, uint> OldNames { get; } = [];

    public MemoryMailbox Inbox => Find(Mailbox.Inbox)!;

    public MemoryMailbox? Find(string name)
    {
        var wanted = string.Equals(name, Mailbox.Inbox, StringComparison.OrdinalIgnoreCase) ? Mailbox.Inbox : name;
        return Mailboxes.Find(m => m.Name == wanted);
    }

    public bool Fits(long bytes, long messages) => ToAccount().Fits(bytes, messages);

    public Account ToAccount() => new(id, address, Credentials, Quota, Used, QuotaMessages, UsedMessages, created);
}

internal sealed class MemoryMailbox(long id, MemoryAccount account, string name, uint uidValidity)
{
    public long Id => id;

    public MemoryAccount Account => account;

    public string Name { get; set; } = name;

    public uint UidValidity { get; set; } = uidValidity;

    public uint UidNext { get; set; } = 1;

    public required long HighestModSeq { get; set; }

    public required SpecialUse Use { get; init; }

    public required bool Subscribed { get; set; }

    public SortedDictionary<uint, MemoryMessage> Messages { get; } = [];

    public SortedDictionary<uint, long> Expunged { get; } = [];

    public Mailbox ToMailbox() =>
        new(
            id,
            account.Id,
            Name,
            UidValidity,
            UidNext,
            HighestModSeq,
            Messages.Count,
            Messages.Values.Count(m => !m.Row.Flags.Has(SystemFlags.Seen)),
            Messages.Values.Count(m => m.Row.Flags.Has(SystemFlags.Deleted)),
            Messages.Values.Sum(m => m.Row.Size),
            Use,
            Subscribed
        );

    public uint Add(StoredMessage row, byte[] content, long modSeq)
    {
        var uid = UidNext++;
        Messages.Add(uid, new MemoryMessage(row with { Uid = uid, ModSeq = modSeq }, content));
        account.Used += row.Size;
        HighestModSeq = modSeq;
        return uid;
    }

    /// <summary>Keeps a message that is about to be removed.</summary>
    public void Keep(MemoryState state, MemoryMessage message)
    {
        if (state.Options.Undelete > TimeSpan.Zero)
            account.Kept.Add(new MemoryKept(state.NextId(), Name, state.Time.GetUtcNow(), message));
    }

    public void Remove(uint uid, long modSeq)
    {
        account.Used -= Messages[uid].Row.Size;
        Messages.Remove(uid);
        Expunged[uid] = modSeq;
        HighestModSeq = modSeq;
    }

    public IEnumerable<MemoryMessage> In(IReadOnlyList<UidRange> uids) =>
        Messages.Values.Where(m => uids.Any(r => m.Row.Uid >= r.First && m.Row.Uid <= r.Last));
}

internal sealed record MemoryMessage(StoredMessage Row, byte[] Content);

internal sealed record MemoryKept(long Id, string Mailbox, DateTimeOffset Removed, MemoryMessage Message);

internal sealed record MemoryQueueItem(QueueItem Item, byte[] Content, DateTimeOffset LeaseUntil);
