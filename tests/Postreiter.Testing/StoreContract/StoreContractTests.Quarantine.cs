using Postreiter.Core;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Quarantine;
using Xunit;

namespace Postreiter.Testing.StoreContract;

public abstract partial class StoreContractTests
{
    private async Task<(Filing Filing, FilingStatus Status)> QuarantineAsync(params NewQuarantined[] messages)
    {
        var filing = new Filing
        {
            DeliveryId = NewId(),
            Content = await BlobAsync("body"),
            Structure = new byte[] { 1, 2, 3 },
            Quarantine = messages,
        };
        return (filing, (await Store.Mail.FileAsync(filing, Ct)).Status);
    }

    private static NewQuarantined Kept(long account, DateTimeOffset? received = null) =>
        new()
        {
            AccountId = account,
            Sender = EmailAddress.Parse("s@far.example"),
            Recipients = [Ann, EmailAddress.Parse("sales@our.example")],
            Reason = "macros: t.doc",
            Received = received ?? Start,
            Prefix = "Received: q\r\n"u8.ToArray(),
        };

    [Fact]
    public async Task What_is_quarantined_keeps_everything_and_is_in_no_mailbox()
    {
        var (account, _) = await AddAnnAsync();
        var (filing, status) = await QuarantineAsync(Kept(account.Id), Kept(0) with { Sender = null });
        Assert.Equal(FilingStatus.Filed, status);
        var rows = await Store.Quarantine.ListAsync(null, 0, 10, Ct);
        Assert.Equal([account.Id, 0], rows.Select(static r => r.AccountId));
        var row = rows[0];
        Assert.Equal(
            ("s@far.example", "macros: t.doc", Start, 17L, false, filing.DeliveryId),
            (row.Sender.ToString(), row.Reason, row.Received, row.Size, row.IsOutgoing, row.DeliveryId)
        );
        Assert.Equal([Ann, EmailAddress.Parse("sales@our.example")], row.Recipients);
        Assert.Equal(new byte[] { 1, 2, 3 }, row.Structure.ToArray());
        Assert.Null(rows[1].Sender);
        await using (var content = await Store.Quarantine.OpenAsync(row, Ct))
            Assert.Equal(17, content.Length);
        Assert.Equal(34, await Store.Quarantine.CountBytesAsync(Ct));
        Assert.Single(await Store.Quarantine.ListAsync(account.Id, 0, 10, Ct));
        Assert.Empty(await Store.Quarantine.ListAsync(null, rows[1].Id, 10, Ct));
        Assert.Equal(0, (await Store.Directory.FindAccountAsync(Ann, Ct))!.UsedBytes);
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task P3_a_delivery_is_quarantined_once()
    {
        var (account, _) = await AddAnnAsync();
        var (filing, _) = await QuarantineAsync(Kept(account.Id));
        await Store.Mail.FileAsync(filing with { Content = await BlobAsync("body") }, Ct);
        var row = Assert.Single(await Store.Quarantine.ListAsync(null, 0, 10, Ct));
        await Store.Quarantine.ReleaseAsync(row.Id, Start, Ct);
        await Store.Mail.FileAsync(filing with { Content = await BlobAsync("body") }, Ct);
        Assert.Empty(await Store.Quarantine.ListAsync(null, 0, 10, Ct));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task Parts_of_a_delivery_are_sent_on_each_and_each_once()
    {
        var (account, _) = await AddAnnAsync();
        var filing = new Filing
        {
            DeliveryId = NewId(),
            Content = await BlobAsync("body"),
            Structure = default,
        };
        foreach (var part in new[] { 1, 2, 2 })
        {
            var item = QueueItemTo($"p{part}.example");
            await Store.Mail.FileAsync(
                filing with
                {
                    Part = part,
                    Content = await BlobAsync("body"),
                    Queue = [item],
                    Quarantine = [Kept(0) with { Queue = item }, Kept(account.Id)],
                },
                Ct
            );
        }

        Assert.Equal(
            ["p1.example", "p2.example"],
            (await Store.Queue.ListAsync(0, 9, Ct)).Select(static q => q.Destination.Ascii)
        );
        // An account's own copy is one for all parts.
        Assert.Equal(
            [0, account.Id, 0],
            (await Store.Quarantine.ListAsync(null, 0, 9, Ct)).Select(static r => r.AccountId)
        );
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task Nothing_is_quarantined_for_an_account_that_is_gone()
    {
        var (account, _) = await AddAnnAsync();
        await Store.Directory.RemoveAccountAsync(Ann, Ct);
        var (_, status) = await QuarantineAsync(Kept(account.Id));
        Assert.Equal(FilingStatus.NoSuchAccount, status);
        Assert.Empty(await Store.Quarantine.ListAsync(null, 0, 10, Ct));
    }

    [Fact]
    public async Task What_is_released_is_in_the_inbox_once_and_here_no_more()
    {
        var (account, _) = await AddAnnAsync();
        await QuarantineAsync(Kept(account.Id));
        var id = (await Store.Quarantine.ListAsync(null, 0, 1, Ct))[0].Id;
        using var feed = Store.Changes.SubscribeToAccount(account.Id);
        var released = await Store.Quarantine.ReleaseAsync(id, Start + Minute, Ct);
        Assert.Equal(ReleaseStatus.Released, released.Status);
        Assert.True(feed.TryTake());
        Assert.Equal(ReleaseStatus.NotFound, (await Store.Quarantine.ReleaseAsync(id, Start, Ct)).Status);
        var inbox = (await Store.Mail.FindMailboxAsync(account.Id, Mailbox.Inbox, Ct))!;
        Assert.Equal((inbox.Id, 1L, 1L), (released.MailboxId, inbox.Messages, inbox.Unseen));
        var row = await Store.Mail.ReadMessagesAsync(inbox.Id, [UidRange.All], Ct).SingleAsync(Ct);
        Assert.Equal((released.Uid, Start, 17L), (row.Uid, row.InternalDate, row.Size));
        Assert.Equal(new byte[] { 1, 2, 3 }, row.Structure.ToArray());
        await using (var content = await Store.Mail.OpenAsync(row, Ct))
            Assert.Equal(17, content.Length);
        Assert.Equal(17, (await Store.Directory.FindAccountAsync(Ann, Ct))!.UsedBytes);
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task F2_what_does_not_fit_when_it_is_released_stays()
    {
        var (account, _) = await AddAnnAsync();
        await Store.Directory.SetQuotaAsync(Ann, 16, null, Ct);
        await QuarantineAsync(Kept(account.Id));
        var id = (await Store.Quarantine.ListAsync(null, 0, 1, Ct))[0].Id;
        Assert.Equal(ReleaseStatus.OverQuota, (await Store.Quarantine.ReleaseAsync(id, Start, Ct)).Status);
        Assert.NotNull(await Store.Quarantine.FindAsync(id, Ct));
        Assert.Equal(0, (await Store.Directory.FindAccountAsync(Ann, Ct))!.UsedBytes);
    }

    [Fact]
    public async Task What_goes_out_when_it_is_released_is_in_the_queue()
    {
        using var feed = Store.Changes.SubscribeToQueue();
        var item = QueueItemTo("far.example");
        await QuarantineAsync(Kept(0) with { Queue = item, Prefix = item.Prefix });
        Assert.False(feed.TryTake());
        var row = Assert.Single(await Store.Quarantine.ListAsync(null, 0, 10, Ct));
        Assert.True(row.IsOutgoing);
        var now = Start + Minute;
        Assert.Equal(ReleaseStatus.Released, (await Store.Quarantine.ReleaseAsync(row.Id, now, Ct)).Status);
        Assert.True(feed.TryTake());
        var queued = Assert.Single(await Store.Queue.ListAsync(0, 5, Ct));
        Assert.Equal(item.Envelope, queued.Envelope);
        Assert.Equal(item.Recipients, queued.Recipients);
        Assert.Equal(
            (item.Destination, now, now, 17L),
            (queued.Destination, queued.Created, queued.NextAttempt, queued.Size)
        );
        Assert.Empty(await Store.Quarantine.ListAsync(null, 0, 10, Ct));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task What_is_removed_or_old_or_of_a_removed_account_is_gone()
    {
        var (account, _) = await AddAnnAsync();
        for (var i = 0; i < 4; i++)
            await QuarantineAsync(Kept(i == 3 ? account.Id : 0, Start + (i * Minute)));
        var rows = await Store.Quarantine.ListAsync(null, 0, 10, Ct);
        Assert.True(await Store.Quarantine.RemoveAsync(rows[1].Id, Ct));
        Assert.False(await Store.Quarantine.RemoveAsync(rows[1].Id, Ct));
        Assert.Equal(1, await Store.Quarantine.PruneAsync(Start + Minute, Ct));
        Assert.Equal(0, await Store.Quarantine.PruneAsync(Start + Minute, Ct));
        Assert.Equal(
            [rows[2].Id, rows[3].Id],
            (await Store.Quarantine.ListAsync(null, 0, 10, Ct)).Select(static r => r.Id)
        );
        await Store.Directory.RemoveAccountAsync(Ann, Ct);
        Assert.Equal(rows[2].Id, Assert.Single(await Store.Quarantine.ListAsync(null, 0, 10, Ct)).Id);
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task A_digest_tells_of_each_message_of_an_account_once()
    {
        var (account, _) = await AddAnnAsync();
        await QuarantineAsync(Kept(0), Kept(account.Id));
        await QuarantineAsync(Kept(account.Id));
        var untold = await Store.Quarantine.ListUntoldAsync(10, Ct);
        Assert.Equal([account.Id, account.Id], untold.Select(static r => r.AccountId));
        await Store.Quarantine.NoteToldAsync([untold[0].Id], Ct);
        Assert.Equal(untold[1].Id, Assert.Single(await Store.Quarantine.ListUntoldAsync(10, Ct)).Id);
    }
}
