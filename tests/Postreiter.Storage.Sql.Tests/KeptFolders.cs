using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Gate;
using Postreiter.Storage.Learning;
using Postreiter.Storage.Lists;
using Postreiter.Storage.Mail;
using Postreiter.Storage.MailAuth;
using Postreiter.Storage.Quarantine;
using Postreiter.Storage.Queue;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Storage.Sql.Tests;

/// <summary>
/// Data folders as each schema version wrote them (<c>folders/schema-N</c>, with what is in them as <c>expected.txt</c>).
/// Before the schema changes, the last program that writes the old one makes its folder:
/// <c>Postreiter.Storage.Sql.Tests -explicit only -method '*Make_the_folder_of_this_schema'</c>.
/// </summary>
public sealed class KeptFolders
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Where the folders are.</summary>
    public static string Root() => Path.Combine(Path.GetDirectoryName(Here())!, "folders");

    private static string Here([CallerFilePath] string here = "") => here;

    [Fact(Explicit = true)]
    public async Task Make_the_folder_of_this_schema()
    {
        var ct = TestContext.Current.CancellationToken;
        var making = Path.Combine(Root(), "making");
        Directory.CreateDirectory(making);
        var time = new FakeTimeProvider(Start);
        // Small sizes: several segments and a file of its own in a few KiB.
        var sizes = new SegmentOptions
        {
            OwnFileBytes = 2048,
            SegmentBytes = 1024,
            MinFreeBytes = 0,
            MinFreeShare = 0,
        };
        var blobs = new SegmentStore(new DiskBlobFiles(Path.Combine(making, "blobs")), time, sizes);
        await using (var store = await SqliteStore.OpenAsync(making, blobs, time, NullLogger.Instance, ct))
        {
            await FillAsync(store, time, ct);
            await File.WriteAllTextAsync(Path.Combine(making, "expected.txt"), await StoreText.OfAsync(store), ct);
        }

        long version;
        using (var session = new SqlSession(Path.Combine(making, SqliteStore.FileName)))
            version = session.Integer("PRAGMA user_version");
        Directory.Move(making, Path.Combine(Root(), $"schema-{version}"));
    }

    private static async Task FillAsync(SqliteStore store, FakeTimeProvider time, CancellationToken ct)
    {
        var random = new Random(1);
        var (directory, mail) = (store.Directory, store.Mail);
        await directory.AddDomainAsync(DomainName.Parse("our.example"), ct);
        await directory.AddDomainAsync(DomainName.Parse("other.example"), ct);
        var ann = EmailAddress.Parse("ann@our.example");
        await directory.SetAliasAsync(new Alias("sales@our.example", [ann, EmailAddress.Parse("x@far.example")]), ct);
        var secret = new Credentials("$argon2id$kept", new ScramKeys([1, 2], 4096, [3, 4], [5, 6]));
        var first = (await directory.AddAccountAsync(new NewAccount(ann, secret, 1 << 20), ct))!;
        await directory.AddAccountAsync(new NewAccount(EmailAddress.Parse("bob@other.example"), secret), ct);
        await mail.CreateMailboxAsync(first.Id, "Lists/Dev/Grüße", SpecialUse.None, ct);
        await mail.CreateMailboxAsync(first.Id, "gone", SpecialUse.None, ct);
        var inbox = (await mail.FindMailboxAsync(first.Id, Mailbox.Inbox, ct))!;
        var lists = (await mail.FindMailboxAsync(first.Id, "Lists/Dev/Grüße", ct))!;
        var gone = (await mail.FindMailboxAsync(first.Id, "gone", ct))!;
        for (var i = 0; i < 8; i++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            await using var writer = store.Blobs.Begin();
            var text = $"Subject: {i}\r\n\r\n{new string((char)('a' + i), i == 3 ? 2500 : 300)}\r\n";
            await writer.WriteAsync(Encoding.UTF8.GetBytes(text), ct);
            var flags = new MessageFlags((SystemFlags)(i * 3 % 32), i % 2 == 0 ? ["$Work"] : []);
            MailboxCopy Copy(Mailbox box) =>
                new()
                {
                    AccountId = first.Id,
                    MailboxId = box.Id,
                    Flags = flags,
                    InternalDate = time.GetUtcNow().ToOffset(TimeSpan.FromHours(1)),
                    Prefix = Encoding.UTF8.GetBytes($"Received: {box.Name}\r\n"),
                };
            NewQueueItem[] queue =
            [
                new NewQueueItem
                {
                    Destination = DomainName.Parse("far.example"),
                    Envelope = new QueueEnvelope { ReversePath = ann, EnvelopeId = "env" },
                    Recipients =
                    [
                        new QueueRecipient(EmailAddress.Parse("x@far.example"), DsnNotify.Failure, "rfc822;y"),
                    ],
                    Prefix = "Received: q\r\n"u8.ToArray(),
                    Created = time.GetUtcNow(),
                    NextAttempt = time.GetUtcNow(),
                },
            ];
            var filing = new Filing
            {
                DeliveryId = TraceId.Create(time.GetUtcNow(), random),
                Content = await writer.CompleteAsync(ct),
                Structure = "structure"u8.ToArray(),
                Copies = i < 5 ? [Copy(inbox), Copy(lists)] : [Copy(i == 7 ? gone : inbox)],
                Queue = i < 2 ? queue : [],
            };
            await mail.FileAsync(filing, ct);
        }

        await mail.TransferAsync(inbox.Id, [new UidRange(2)], lists.Id, move: true, ct);
        await mail.RemoveAsync(inbox.Id, [new UidRange(6)], ct);
        await mail.DeleteMailboxAsync(first.Id, "gone", ct);
        await mail.ChangeFlagsAsync(
            inbox.Id,
            [new UidRange(1)],
            new FlagChange(FlagChangeKind.Add, new MessageFlags(SystemFlags.Flagged, ["abc"])),
            null,
            ct
        );
        await FillMailAuthAsync(store, time.GetUtcNow(), ct);
        await FillGateAsync(store, time.GetUtcNow(), ct);
        await FillLearningAsync(store, ct);
        await FillListsAsync(store, time.GetUtcNow(), ct);
        await FillQuarantineAsync(store, time.GetUtcNow(), ct);
        await store.Queue.LeaseAsync(time.GetUtcNow(), time.GetUtcNow() + TimeSpan.FromMinutes(5), 1, [], ct);
    }

    /// <summary>Counts in a page, and a mail learned since; a mail of an account.</summary>
    internal static async Task FillLearningAsync(IStore store, CancellationToken ct)
    {
        var counts = new LearnedCounts(1, 0, new LearnedExpiry(1, 2, 3), [new LearnedPage(7, new byte[17])]);
        Assert.True(await store.Learning.ReplaceAsync(ILearningStore.Server, counts, [new LearnedName("a", true)], ct));
        var account = (await store.Directory.ListAccountsAsync(ct))[0].Id;
        var mail = new MailToLearn("b", null, IsSpam: false, MayRelearn: true, new byte[5], 4);
        Assert.Equal([true], await store.Learning.LearnAsync(ILearningStore.Server, [mail], ct));
        Assert.Equal([true], await store.Learning.LearnAsync(account, [mail], ct));
    }

    /// <summary>An entry of the site, one of an account, and its threshold.</summary>
    internal static async Task FillListsAsync(IStore store, DateTimeOffset now, CancellationToken ct)
    {
        var account = (await store.Directory.ListAccountsAsync(ct))[0].Address.Key;
        foreach (var scope in (string[])[IListStore.Site, account])
        {
            var entry = new ListEntry("far.example", ListKind.Block, ListOrigin.Move, now);
            Assert.Equal([ListChange.Added], await store.Lists.AddAsync(scope, [entry], ct));
        }

        Assert.True(await store.Lists.SetThresholdAsync(account, 3.5, ct));
    }

    /// <summary>A copy of an account, and one that would go to another server.</summary>
    internal static async Task FillQuarantineAsync(IStore store, DateTimeOffset now, CancellationToken ct)
    {
        var account = (await store.Directory.ListAccountsAsync(ct))[0];
        await using var writer = store.Blobs.Begin();
        await writer.WriteAsync("Subject: kept apart\r\n\r\nbody\r\n"u8.ToArray(), ct);
        var mine = new NewQuarantined
        {
            AccountId = account.Id,
            Sender = EmailAddress.Parse("s@far.example"),
            Recipients = [account.Address],
            Reason = "for a test",
            Received = now,
            Prefix = "Received: here\r\n"u8.ToArray(),
        };
        var item = new NewQueueItem
        {
            Destination = DomainName.Parse("far.example"),
            Envelope = new QueueEnvelope { ReversePath = account.Address },
            Recipients = [new QueueRecipient(EmailAddress.Parse("x@far.example"))],
            Created = now,
            NextAttempt = now,
        };
        var filing = new Filing
        {
            DeliveryId = TraceId.Create(now, new Random(3)),
            Content = await writer.CompleteAsync(ct),
            Structure = new byte[3],
            Quarantine =
            [
                mine,
                mine with
                {
                    AccountId = 0,
                    Sender = null,
                    Recipients = [EmailAddress.Parse("x@far.example")],
                    Queue = item,
                },
            ],
        };
        Assert.Equal(FilingStatus.Filed, (await store.Mail.FileAsync(filing, ct)).Status);
    }

    /// <summary>A key in use and one that waits, a secret, a report's sum and a result.</summary>
    internal static async Task FillMailAuthAsync(IStore site, DateTimeOffset now, CancellationToken ct)
    {
        var (store, domain) = (site.MailAuth, DomainName.Parse("our.example"));
        await site.Directory.AddDomainAsync(domain, ct);
        foreach (var selector in (string[])["r1", "r2"])
        {
            var key = new DkimKeyRecord
            {
                Domain = domain,
                Selector = selector,
                Algorithm = DkimKeyAlgorithm.Rsa,
                PrivateKey = Encoding.ASCII.GetBytes(selector),
                Created = now,
            };
            Assert.True(await store.AddDkimKeyAsync(key, ct));
        }

        Assert.True(await store.ActivateDkimKeyAsync(domain, "r1", now, ct));
        await store.AddSrsSecretAsync(new SrsSecret("secret"u8.ToArray(), now), now, ct);
        var day = DateOnly.FromDateTime(now.UtcDateTime);
        var row = new DmarcSum(day, "Far", System.Net.IPAddress.Loopback, "our.example", "none", true, false, 5);
        Assert.True(await store.AddDmarcReportAsync(new DmarcReportRecord("Far", "1", domain, now, [row]), ct));
        await store.CountDmarcResultsAsync([new DmarcTally(day, DomainName.Parse("far.example"), "kind", 3)], ct);
    }

    /// <summary>A triplet that waits, and a trace.</summary>
    internal static async Task FillGateAsync(IStore site, DateTimeOffset now, CancellationToken ct)
    {
        var seconds = (uint)now.ToUnixTimeSeconds();
        var state = new GreylistState(-7, seconds, seconds, 0);
        await site.Gate.SaveGreylistAsync(
            [new GreylistRow(state, "192.0.2.0/24", "x@far.example", "ann@our.example")],
            ct
        );
        Assert.Equal(-7, Assert.Single(await site.Gate.ListGreylistAsync(0, 10, ct)).State.Key);
        var id = TraceId.Create(now, new Random(9));
        var trace = new TraceRecord(id, [EmailAddress.Parse("ann@our.example")], "{}"u8.ToArray());
        await site.Gate.SaveTracesAsync([trace], ct);
        Assert.NotNull(await site.Gate.FindTraceAsync(id, ct));
    }
}
