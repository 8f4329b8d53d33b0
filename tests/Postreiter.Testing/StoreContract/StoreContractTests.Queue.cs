using Postreiter.Core;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;
using Xunit;

namespace Postreiter.Testing.StoreContract;

public abstract partial class StoreContractTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static NewQueueItem QueueItemTo(string domain, TimeSpan due = default) =>
        new()
        {
            Destination = DomainName.Parse(domain),
            Envelope = new QueueEnvelope
            {
                ReversePath = Ann,
                EnvelopeId = "env",
                Return = DsnReturn.Headers,
                SmtpUtf8 = true,
                Body = BodyType.EightBitMime,
            },
            Recipients =
            [
                new QueueRecipient(EmailAddress.Parse("x@" + domain), DsnNotify.Failure | DsnNotify.Delay, "rfc822;y"),
                new QueueRecipient(EmailAddress.Parse("z@" + domain)),
            ],
            Prefix = "Received: q\r\n"u8.ToArray(),
            Created = Start,
            NextAttempt = Start + due,
        };

    private async Task EnqueueAsync(params NewQueueItem[] items)
    {
        var filing = new Filing
        {
            DeliveryId = NewId(),
            Content = await BlobAsync("body"),
            Structure = default,
            Queue = items,
        };
        Assert.Equal(FilingStatus.Filed, (await Store.Mail.FileAsync(filing, Ct)).Status);
    }

    [Fact]
    public async Task A_queue_item_keeps_everything()
    {
        using var feed = Store.Changes.SubscribeToQueue();
        var put = QueueItemTo("far.example");
        await EnqueueAsync(put);
        Assert.True(feed.TryTake());
        var item = Assert.Single(await Store.Queue.ListAsync(0, 5, Ct));
        Assert.Equal(put.Envelope, item.Envelope);
        Assert.Equal(put.Recipients, item.Recipients);
        Assert.Equal(
            (put.Destination, Start, Start, 0),
            (item.Destination, item.Created, item.NextAttempt, item.Attempts)
        );
        Assert.Equal((QueueState.Waiting, 17L, 0L), (item.State, item.Size, item.Lease));
        Assert.Equal("Received: q\r\nbody", await TextAsync(await Store.Queue.OpenAsync(item, Ct)));
        Assert.Equal(item.Id, (await Store.Queue.FindAsync(item.Id, Ct))!.Id);
        Assert.Null(await Store.Queue.FindAsync(item.Id + 1, Ct));
        Assert.Empty(await Store.Queue.ListAsync(item.Id, 5, Ct));
    }

    [Fact]
    public async Task Leases_go_to_one_holder_and_come_back_when_they_run_out()
    {
        await EnqueueAsync(
            QueueItemTo("b.example", Minute),
            QueueItemTo("a.example"),
            QueueItemTo("c.example", 9 * Minute)
        );
        Assert.Equal(Start, await Store.Queue.NextDueAsync([], Ct));
        var now = Start + 2 * Minute;
        DomainName[] busy = [DomainName.Parse("a.example"), DomainName.Parse("b.example")];
        Assert.Empty(await Store.Queue.LeaseAsync(now, now + Minute, 5, busy, Ct));
        Assert.Equal(Start + 9 * Minute, await Store.Queue.NextDueAsync(busy, Ct));
        Assert.Null(await Store.Queue.NextDueAsync([.. busy, DomainName.Parse("c.example")], Ct));
        var first = Assert.Single(await Store.Queue.LeaseAsync(now, now + Minute, 1, [], Ct));
        Assert.Equal("a.example", first.Destination.Ascii);
        Assert.Equal(QueueState.Leased, first.State);
        var second = Assert.Single(await Store.Queue.LeaseAsync(now, now + 2 * Minute, 5, [], Ct));
        Assert.Equal("b.example", second.Destination.Ascii);
        Assert.NotEqual(first.Lease, second.Lease);
        Assert.Equal(new QueueCounts(1, 2, 0), await Store.Queue.CountAsync(Ct));
        Assert.Equal(now + Minute, await Store.Queue.NextDueAsync([], Ct));
        var again = Assert.Single(await Store.Queue.LeaseAsync(now + Minute, now + 9 * Minute, 5, [], Ct));
        Assert.Equal(first.Id, again.Id);
        var late = new AttemptOutcome
        {
            ItemId = first.Id,
            Lease = first.Lease,
            Remaining = [],
            Attempts = 1,
        };
        Assert.False(await Store.Queue.CompleteAsync(late, Ct));
        Assert.True(await Store.Queue.CompleteAsync(late with { Lease = again.Lease }, Ct));
        Assert.False(await Store.Queue.CompleteAsync(late with { Lease = again.Lease }, Ct));
        Assert.Null(await Store.Queue.FindAsync(first.Id, Ct));
    }

    [Fact]
    public async Task Many_who_lease_at_once_get_each_item_once_and_in_order()
    {
        var items = Enumerable.Range(0, 40).Select(i => QueueItemTo($"d{i}.example")).ToArray();
        await EnqueueAsync(items);
        var now = Start + Minute;
        var got = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(_ => Task.Run(() => Store.Queue.LeaseAsync(now, now + Minute, 2, [], Ct).AsTask()))
        );
        Assert.All(got, g => Assert.InRange(g.Count, 1, 2));
        var ids = got.SelectMany(g => g.Select(i => i.Id)).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        while (await Store.Queue.LeaseAsync(now, now + Minute, 7, [], Ct) is { Count: > 0 } more)
        {
            Assert.Equal(more.Select(i => i.Id).Order(), more.Select(i => i.Id));
            ids.AddRange(more.Select(i => i.Id));
        }

        Assert.Equal(40, ids.Distinct().Count());
    }

    [Fact]
    public async Task P5_an_attempt_ends_with_what_remains_and_its_notices_in_one_step()
    {
        var (_, inbox) = await AddAnnAsync(quota: 1);
        await EnqueueAsync(QueueItemTo("far.example"));
        var item = Assert.Single(await Store.Queue.LeaseAsync(Start, Start + Minute, 5, [], Ct));
        var left = item.Recipients[1] with { LastResult = "451 4.7.1 later" };
        var outcome = new AttemptOutcome
        {
            ItemId = item.Id,
            Lease = item.Lease,
            Remaining = [left],
            NextAttempt = Start + 5 * Minute,
            Attempts = 1,
            DelayNoticeSent = true,
            // A notice is owed: the quota does not stop it.
            Notices = [await FilingAsync(inbox, "a notice")],
        };
        Assert.False(await Store.Queue.CompleteAsync(outcome with { Lease = item.Lease + 50 }, Ct));
        Assert.Empty(await RowsAsync(inbox));
        Assert.True(await Store.Queue.CompleteAsync(outcome, Ct));
        Assert.Single(await RowsAsync(inbox));
        var now = (await Store.Queue.FindAsync(item.Id, Ct))!;
        Assert.Equal([left], now.Recipients);
        Assert.Equal((1, true, QueueState.Waiting, 0L), (now.Attempts, now.DelayNoticeSent, now.State, now.Lease));
        Assert.Equal(Start + 5 * Minute, await Store.Queue.NextDueAsync([], Ct));
    }

    [Fact]
    public async Task An_administrator_holds_releases_retries_and_removes()
    {
        await EnqueueAsync(
            QueueItemTo("a.example", Minute),
            QueueItemTo("b.example", Minute),
            QueueItemTo("c.example")
        );
        var queue = Store.Queue;
        var leased = Assert.Single(await queue.LeaseAsync(Start, Start + Minute, 5, [], Ct));
        var all = new QueueSelection();
        var b = new QueueSelection(Destination: DomainName.Parse("b.example"));
        Assert.Equal(1, await queue.ActAsync(QueueAction.Hold, b, Start, Ct));
        Assert.Equal(0, await queue.ActAsync(QueueAction.Hold, b, Start, Ct));
        Assert.Equal(new QueueCounts(1, 1, 1), await queue.CountAsync(Ct));
        Assert.Equal(1, await queue.ActAsync(QueueAction.Retry, all, Start, Ct));
        Assert.Equal(
            ["a.example"],
            (await queue.LeaseAsync(Start, Start + Minute, 5, [], Ct)).Select(i => i.Destination.Ascii)
        );
        Assert.Equal(1, await queue.ActAsync(QueueAction.Release, all, Start, Ct));
        Assert.Equal(0, await queue.ActAsync(QueueAction.Remove, new QueueSelection(leased.Id), Start, Ct));
        Assert.Equal(1, await queue.ActAsync(QueueAction.Remove, all, Start, Ct));
        Assert.Equal(2, (await queue.ListAsync(0, 5, Ct)).Count);
    }
}
