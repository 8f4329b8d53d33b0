using Postreiter.Core;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>A small store on a disk, as it is found before each operation that is to meet a fault; and the operations.</summary>
internal sealed class AnomalySite : IDisposable
{
    private static readonly EmailAddress Ann = EmailAddress.Parse("ann@our.example");
    private static readonly EmailAddress Bob = EmailAddress.Parse("bob@our.example");
    private static readonly DomainName Other = DomainName.Parse("other.example");

    /// <summary>Every operation by its name.</summary>
    public static readonly IReadOnlyDictionary<
        string,
        Func<AnomalySite, SqliteStore, CancellationToken, Task>
    > Operations = new Dictionary<string, Func<AnomalySite, SqliteStore, CancellationToken, Task>>
    {
        ["deliver small"] = (site, store, ct) => site.FileAsync(store, 1, new string('s', 60), queued: false, ct),
        ["deliver spilled"] = (site, store, ct) =>
            site.FileAsync(store, 2, new string('m', SimulatedSite.MemoryBytes + 500), queued: false, ct),
        ["deliver large"] = (site, store, ct) =>
            site.FileAsync(store, 3, new string('l', SimulatedSite.OwnFileBytes + 500), queued: false, ct),
        ["deliver and queue"] = (site, store, ct) => site.FileAsync(store, 4, "to two", queued: true, ct),
        ["flags"] = async (site, store, ct) =>
            await store.Mail.ChangeFlagsAsync(
                site._inbox.Id,
                [UidRange.All],
                new FlagChange(FlagChangeKind.Add, new MessageFlags(SystemFlags.Flagged, ["$k"])),
                null,
                ct
            ),
        ["copy"] = async (site, store, ct) =>
            await store.Mail.TransferAsync(site._inbox.Id, [UidRange.All], site._box.Id, false, ct),
        ["move"] = async (site, store, ct) =>
            await store.Mail.TransferAsync(site._inbox.Id, [UidRange.All], site._box.Id, true, ct),
        ["expunge"] = async (site, store, ct) => await store.Mail.ExpungeAsync(site._inbox.Id, null, ct),
        ["remove"] = async (site, store, ct) => await store.Mail.RemoveAsync(site._inbox.Id, [UidRange.All], ct),
        ["create"] = async (site, store, ct) =>
            await store.Mail.CreateMailboxAsync(site._inbox.AccountId, "n/m/o", SpecialUse.None, ct),
        ["rename"] = async (site, store, ct) =>
            await store.Mail.RenameMailboxAsync(site._inbox.AccountId, "a", "z/a", ct),
        ["rename INBOX"] = async (site, store, ct) =>
            await store.Mail.RenameMailboxAsync(site._inbox.AccountId, "INBOX", "old", ct),
        ["delete"] = async (site, store, ct) => await store.Mail.DeleteMailboxAsync(site._inbox.AccountId, "a", ct),
        ["subscribe"] = async (site, store, ct) =>
            await store.Mail.SubscribeAsync(site._inbox.AccountId, "a", true, ct),
        ["lease"] = async (site, store, ct) =>
            await store.Queue.LeaseAsync(Now, Now + TimeSpan.FromMinutes(5), 9, [], ct),
        ["complete with a notice"] = (site, store, ct) => site.CompleteAsync(store, [], ct),
        ["complete for later"] = (site, store, ct) => site.CompleteAsync(store, site._leased.Recipients, ct),
        ["hold"] = async (site, store, ct) =>
            await store.Queue.ActAsync(QueueAction.Hold, new QueueSelection(), Now, ct),
        ["drop from the queue"] = async (site, store, ct) =>
            await store.Queue.ActAsync(QueueAction.Remove, new QueueSelection(), Now, ct),
        ["add an account"] = async (site, store, ct) => await store.Directory.AddAccountAsync(New(Bob), ct),
        ["remove an account"] = async (site, store, ct) => await store.Directory.RemoveAccountAsync(Ann, ct),
        ["add a domain"] = async (site, store, ct) => await store.Directory.AddDomainAsync(Other, ct),
        ["set an alias"] = async (site, store, ct) =>
            await store.Directory.SetAliasAsync(new Alias("x@our.example", [Ann]), ct),
        ["collect"] = async (site, store, ct) => await store.Collector.CollectAsync(ct),
        ["undelete"] = async (site, store, ct) =>
            await store.Mail.UndeleteAsync(site._inbox.AccountId, new KeptSelection(), 10, ct),
        ["compact"] = async (site, store, ct) => await store.CompactAsync(null, ct),
        ["turn of the collector"] = async (site, store, ct) => await store.WalkAsync(store.Collector.TurnAsync, ct),
        ["read"] = async (site, store, ct) => Assert.Equal(site.Before, await site.TextAsync(store, ct)),
        ["read contents"] = (site, store, ct) => site.ReadContentsAsync(store, ct),
    };

    private static readonly TimeSpan Undelete = TimeSpan.FromMinutes(10);
    private readonly StillTime _time = new();
    private SimulatedDisk _image = null!;
    private Mailbox _inbox = null!;
    private Mailbox _box = null!;
    private QueueItem _leased = null!;

    private AnomalySite() { }

    public void Dispose() => _image.Dispose();

    /// <summary>What the store says before an operation.</summary>
    public string Before { get; private set; } = "";

    private static DateTimeOffset Now => new(2026, 3, 1, 6, 0, 0, TimeSpan.Zero);

    /// <summary>Makes the store; it is left as by kill -9, with a log that the next few pages fill.</summary>
    public static async Task<AnomalySite> MakeAsync(CancellationToken ct)
    {
        var site = new AnomalySite();
        using var disk = new SimulatedDisk(new Random(1));
        await using var store = await site.OpenAsync(disk, ct);
        var account = (await store.Directory.AddAccountAsync(New(Ann), ct))!;
        await store.Mail.CreateMailboxAsync(account.Id, "a", SpecialUse.None, ct);
        site._inbox = (await store.Mail.FindMailboxAsync(account.Id, "INBOX", ct))!;
        site._box = (await store.Mail.FindMailboxAsync(account.Id, "a", ct))!;
        var id = 100;
        foreach (var size in new[] { 30, 40, SimulatedSite.MemoryBytes + 100, SimulatedSite.OwnFileBytes + 1 })
            await site.FileAsync(store, ++id, $"{id}".PadRight(size, '.'), queued: id % 2 == 0, ct);
        await store.Queue.LeaseAsync(Now, Now + TimeSpan.FromMinutes(5), 1, [], ct);
        site._leased = (await store.Queue.ListAsync(0, 9, ct)).Single(i => i.State == QueueState.Leased);
        // Contents that nobody needs any more, one of them with a file of its own: they go after an hour.
        await site.FileAsync(store, 200, "dead", queued: false, ct);
        await site.FileAsync(store, 201, "dead".PadRight(SimulatedSite.OwnFileBytes + 1), queued: false, ct);
        await store.Mail.RemoveAsync(site._inbox.Id, [new UidRange(5, 6)], ct);
        site._time.Advance(Undelete * 2);
        await store.Mail.ChangeFlagsAsync(
            site._inbox.Id,
            [new UidRange(1)],
            new FlagChange(FlagChangeKind.Add, new MessageFlags(SystemFlags.Deleted, [])),
            null,
            ct
        );
        await store.Collector.CollectAsync(ct);
        site._time.Advance(TimeSpan.FromHours(2));
        // And one that can be brought back.
        await store.Mail.RemoveAsync(site._inbox.Id, [new UidRange(2)], ct);
        site.Before = await site.TextAsync(store, ct);
        site._image = disk.AfterCrash(Loss.ProcessOnly, new Random(1));
        return site;
    }

    /// <summary>A disk of its own with the store on it.</summary>
    public SimulatedDisk Disk(int seed) => _image.AfterCrash(Loss.ProcessOnly, new Random(seed));

    public ValueTask<SqliteStore> OpenAsync(SimulatedDisk disk, CancellationToken ct, int checkpointPages = 40) =>
        SimulatedSite.OpenAsync(disk, _time, ct, Undelete, checkpointPages);

    /// <summary>All that the store says.</summary>
    public async Task<string> TextAsync(SqliteStore store, CancellationToken ct)
    {
        var text = await UserText.OfAsync(store, Ann, Other, ct) + await UserText.OfAsync(store, Bob, Other, ct);
        var domains = await store.Directory.ListDomainsAsync(ct);
        var aliases = await store.Directory.ListAliasesAsync(ct);
        return text + string.Join(' ', domains) + string.Join(' ', aliases.Select(a => a.Key));
    }

    private static NewAccount New(EmailAddress address) =>
        new(address, new Credentials("h", new ScramKeys([1], 4096, [2], [3])));

    /// <summary>Files one message for Ann.</summary>
    public async Task FileAsync(SqliteStore store, int id, string text, bool queued, CancellationToken ct)
    {
        await using var message = new SimulatedNotice(store);
        var filing = await message.FilingAsync(text, Id(id), queued ? [Copy(_inbox), Copy(_box)] : [Copy(_inbox)], ct);
        var item = new NewQueueItem
        {
            Destination = Other,
            Envelope = new QueueEnvelope { ReversePath = Ann },
            Recipients = [new QueueRecipient(EmailAddress.Parse("x@other.example"))],
            Created = Now,
            NextAttempt = Now - TimeSpan.FromHours(1),
        };
        var result = await store.Mail.FileAsync(filing with { Queue = queued ? [item] : [] }, ct);
        Assert.Equal(FilingStatus.Filed, result.Status);
    }

    private async Task CompleteAsync(SqliteStore store, IReadOnlyList<QueueRecipient> remaining, CancellationToken ct)
    {
        await using var notice = new SimulatedNotice(store);
        var outcome = new AttemptOutcome
        {
            ItemId = _leased.Id,
            Lease = _leased.Lease,
            Remaining = remaining,
            NextAttempt = Now + TimeSpan.FromHours(1),
            Attempts = 1,
            Notices = remaining.Count > 0 ? [] : [await notice.FilingAsync("a notice", Id(300), [Copy(_inbox)], ct)],
        };
        Assert.True(await store.Queue.CompleteAsync(outcome, ct));
    }

    private async Task ReadContentsAsync(SqliteStore store, CancellationToken ct)
    {
        await foreach (var message in store.Mail.ReadMessagesAsync(_inbox.Id, [UidRange.All], ct))
        {
            await using var content = await store.Mail.OpenAsync(message, ct);
            var bytes = new byte[content.Length];
            Assert.Equal(bytes.Length, await content.ReadAsync(0, bytes, ct));
            // Past the prefix it begins with the number of its delivery.
            Assert.Equal("10"u8, bytes.AsSpan(2, 2));
        }
    }

    private static MailboxCopy Copy(Mailbox box) =>
        new()
        {
            AccountId = box.AccountId,
            MailboxId = box.Id,
            InternalDate = Now,
            Prefix = "\r\n"u8.ToArray(),
        };

    private static TraceId Id(int number) => TraceId.Create(Now, new Random(number));
}
