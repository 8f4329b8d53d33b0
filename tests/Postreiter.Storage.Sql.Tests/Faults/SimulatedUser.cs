using System.Text;
using Postreiter.Core;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>
/// Somebody with an account and a destination of their own, who does one thing after another. What they do comes from a
/// seed; what they see afterwards is kept, so that after a crash it can be said whether they see the same again.
/// </summary>
internal sealed class SimulatedUser(int number, int users, Random random, TimeProvider time)
{
    private static readonly string[] Names = ["INBOX", "a", "a/b", "b", "c"];
    private readonly EmailAddress _address = EmailAddress.Parse($"user{number}@our.example");
    private readonly DomainName _destination = Destination(number);
    private readonly List<string> _seen = [];
    private int _done;
    private int _texts;
    private bool _lastIsDone;
    private (int Step, Func<IStore, CancellationToken, Task<FilingResult>> File)? _last;

    /// <summary>Steps that were answered.</summary>
    public int Done => Volatile.Read(ref _done);

    /// <summary>What was seen after a number of steps; null when that many were not taken yet.</summary>
    public string? Seen(int steps) => steps < _seen.Count ? _seen[steps] : null;

    public int Number => number;

    public Task<string> TextAsync(IStore store, CancellationToken ct) =>
        UserText.OfAsync(store, _address, _destination, ct);

    /// <summary>Goes on after a crash or a restart that left so many of the steps done.</summary>
    public void Resume(int steps)
    {
        var seen = Seen(steps) ?? "";
        _seen.Clear();
        _seen.Add(seen);
        // Whoever has had an answer does not ask again.
        if (_last?.Step < steps)
            _last = null;
        _lastIsDone = _last?.Step == steps;
        _done = 0;
    }

    /// <summary>Takes what is there as the beginning.</summary>
    public async Task BeginAsync(IStore store, CancellationToken ct)
    {
        _seen.Clear();
        _seen.Add(await TextAsync(store, ct));
    }

    /// <summary>Looks at what the last step did.</summary>
    public async Task LookAsync(IStore store, CancellationToken ct) => _seen.Add(await TextAsync(store, ct));

    /// <summary>
    /// Files again what was last filed, as one does who got no answer: it is there once, whatever became of it before.
    /// </summary>
    public async Task RepeatAsync(IStore store, CancellationToken ct)
    {
        if (_last is not { } last)
            return;
        var before = await TextAsync(store, ct);
        var result = await last.File(store, ct);
        if (_lastIsDone)
        {
            Assert.Equal(FilingStatus.Filed, result.Status);
            Assert.All(result.Copies, c => Assert.True(c.WasThere));
            Assert.Equal(before, await TextAsync(store, ct));
        }

        _last = null;
    }

    /// <summary>Files one more message, whose UID must be new.</summary>
    public async Task<FiledCopy> FileAsync(IStore store, CancellationToken ct)
    {
        var account = (await store.Directory.FindAccountAsync(_address, ct))!;
        var inbox = (await store.Mail.FindMailboxAsync(account.Id, Mailbox.Inbox, ct))!;
        var copy = Assert.Single((await Filing(account, [inbox], 40, queued: false)(store, ct)).Copies);
        Assert.Equal(inbox.UidNext, copy.Uid);
        return copy;
    }

    /// <summary>One thing, chosen now; when this returns the store has been asked.</summary>
    public async Task StepAsync(IStore store, CancellationToken ct)
    {
        await ActAsync(store, ct);
        Interlocked.Increment(ref _done);
    }

    private async Task ActAsync(IStore store, CancellationToken ct)
    {
        if (await store.Directory.FindAccountAsync(_address, ct) is not { } account)
        {
            await store.Directory.AddAccountAsync(
                new NewAccount(_address, new Credentials("h", new ScramKeys([1], 4096, [2], [3]))),
                ct
            );
            return;
        }

        var boxes = await store.Mail.ListMailboxesAsync(account.Id, ct);
        var (box, other) = (boxes[random.Next(boxes.Count)], boxes[random.Next(boxes.Count)]);
        var uids = Some(box);
        var mail = store.Mail;
        switch (random.Next(21))
        {
            case < 7:
                int[] sizes = [40, 300, SimulatedSite.MemoryBytes + 700, SimulatedSite.OwnFileBytes + 900];
                var file = Filing(
                    account,
                    random.Next(3) == 0 ? [box, other] : [box],
                    sizes[random.Next(4)],
                    queued: random.Next(3) == 0
                );
                _last = (_done + 1, file);
                Assert.Equal(FilingStatus.Filed, (await file(store, ct)).Status);
                break;
            case 7 or 8:
                var flags = new MessageFlags((SystemFlags)random.Next(32), random.Next(2) == 0 ? ["$k"] : []);
                await mail.ChangeFlagsAsync(
                    box.Id,
                    uids,
                    new FlagChange((FlagChangeKind)random.Next(3), flags),
                    null,
                    ct
                );
                break;
            case 9 or 10:
                await mail.TransferAsync(box.Id, uids, other.Id, move: random.Next(2) == 0, ct);
                break;
            case 11:
                await mail.ExpungeAsync(box.Id, null, ct);
                break;
            case 12:
                await mail.RemoveAsync(box.Id, uids, ct);
                break;
            case 13:
                await mail.CreateMailboxAsync(account.Id, Name(), SpecialUse.None, ct);
                break;
            case 14:
                await mail.RenameMailboxAsync(account.Id, box.Name, Name(), ct);
                break;
            case 15:
                await mail.DeleteMailboxAsync(account.Id, box.Name, ct);
                break;
            case 17:
                await mail.UndeleteAsync(account.Id, new KeptSelection(), random.Next(1, 4), ct);
                break;
            case 16:
                await mail.SubscribeAsync(account.Id, box.Name, random.Next(2) == 0, ct);
                break;
            default:
                await SendAsync(store, account, boxes[0], ct);
                break;
        }
    }

    private async Task SendAsync(IStore store, Account account, Mailbox inbox, CancellationToken ct)
    {
        var (now, queue) = (time.GetUtcNow(), store.Queue);
        var mine = (await queue.ListAsync(0, 10_000, ct)).Where(i => i.Destination.Equals(_destination)).ToList();
        if (mine.Find(i => i.State == QueueState.Leased) is { } item && random.Next(4) > 0)
        {
            var isLast = random.Next(2) == 0;
            await using var notice = new SimulatedNotice(store);
            await queue.CompleteAsync(
                new AttemptOutcome
                {
                    ItemId = item.Id,
                    Lease = item.Lease,
                    Remaining = isLast ? [] : item.Recipients,
                    NextAttempt = now + TimeSpan.FromMinutes(1),
                    Attempts = item.Attempts + 1,
                    Notices =
                        random.Next(2) == 0
                            ? [await notice.FilingAsync(NewText(60), NewId(), Copies(account, [inbox]), ct)]
                            : [],
                },
                ct
            );
        }
        else if (random.Next(3) > 0)
        {
            var others = Enumerable.Range(0, users).Where(u => u != number).Select(Destination).ToList();
            await queue.LeaseAsync(now + TimeSpan.FromMinutes(2), now + TimeSpan.FromMinutes(5), 2, others, ct);
        }
        else
        {
            await queue.ActAsync((QueueAction)random.Next(4), new QueueSelection(null, _destination), now, ct);
        }
    }

    private Func<IStore, CancellationToken, Task<FilingResult>> Filing(
        Account account,
        Mailbox[] boxes,
        int size,
        bool queued
    )
    {
        // Some texts come again, and come from several users: they share one content.
        var text = random.Next(3) == 0 ? new string((char)('a' + random.Next(3)), size) : NewText(size);
        var (id, copies, now) = (NewId(), Copies(account, boxes), time.GetUtcNow());
        NewQueueItem[] queue = queued
            ?
            [
                new NewQueueItem
                {
                    Destination = _destination,
                    Envelope = new QueueEnvelope { ReversePath = _address },
                    Recipients = [new QueueRecipient(EmailAddress.Parse($"x@{_destination}"))],
                    Created = now,
                    NextAttempt = now,
                },
            ]
            : [];
        return async (store, ct) =>
        {
            await using var notice = new SimulatedNotice(store);
            var filing = await notice.FilingAsync(text, id, copies, ct);
            return await store.Mail.FileAsync(filing with { Queue = queue }, ct);
        };
    }

    private MailboxCopy[] Copies(Account account, Mailbox[] boxes) =>
        [
            .. boxes.Select(b => new MailboxCopy
            {
                AccountId = account.Id,
                MailboxId = b.Id,
                InternalDate = time.GetUtcNow(),
                Prefix = new byte[b.Name.Length],
                Flags = new MessageFlags((SystemFlags)(_texts % 32), []),
            }),
        ];

    private static DomainName Destination(int user) => DomainName.Parse($"to{user}.example");

    private UidRange[] Some(Mailbox box)
    {
        var first = (uint)random.Next(1, (int)box.UidNext + 1);
        return [new UidRange(first, first + (uint)random.Next(3))];
    }

    private string Name() => Names[random.Next(1, Names.Length)] + (random.Next(3) == 0 ? "/x" : "");

    private string NewText(int size) => $"{number}.{++_texts}.".PadRight(size, 'x');

    private TraceId NewId() => TraceId.Create(time.GetUtcNow(), random);
}

/// <summary>A message on its way into the store; its writer lives until it is filed.</summary>
internal sealed class SimulatedNotice(IStore store) : IAsyncDisposable
{
    private readonly Postreiter.Storage.Blobs.BlobWriter _writer = store.Blobs.Begin();

    public async Task<Filing> FilingAsync(string text, TraceId id, MailboxCopy[] copies, CancellationToken ct)
    {
        // Two pieces: the second meets the limit of the memory.
        var bytes = Encoding.UTF8.GetBytes(text);
        await _writer.WriteAsync(bytes.AsMemory(0, bytes.Length / 2), ct);
        await _writer.WriteAsync(bytes.AsMemory(bytes.Length / 2), ct);
        return new Filing
        {
            DeliveryId = id,
            Content = await _writer.CompleteAsync(ct),
            Structure = "structure"u8.ToArray(),
            Copies = copies,
        };
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
