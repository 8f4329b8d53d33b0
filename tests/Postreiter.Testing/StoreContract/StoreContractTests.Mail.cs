using Postreiter.Storage.Mail;
using Xunit;

namespace Postreiter.Testing.StoreContract;

public abstract partial class StoreContractTests
{
    private static readonly MessageFlags Seen = new(SystemFlags.Seen, []);
    private static readonly MessageFlags Deleted = new(SystemFlags.Deleted, []);

    [Fact]
    public async Task P8_a_filed_message_reads_back_as_prefix_and_content()
    {
        var (account, inbox) = await AddAnnAsync();
        var flags = new MessageFlags(SystemFlags.Flagged, ["$Work", "abc"]);
        var filing = await FilingAsync(inbox, "Subject: x\r\n\r\ny\r\n", "Received: z\r\n", flags);
        var copy = Assert.Single((await Store.Mail.FileAsync(filing, Ct)).Copies);
        Assert.Equal(new FiledCopy(inbox.Id, inbox.UidValidity, 1, false), copy);
        var row = Assert.Single(await RowsAsync(inbox));
        Assert.Equal((1u, 30L, Start), (row.Uid, row.Size, row.InternalDate));
        Assert.Equal(flags, row.Flags);
        Assert.Equal(filing.Content.Id, row.Blob);
        Assert.Equal("structure"u8.ToArray(), row.Structure.ToArray());
        Assert.Equal("Received: z\r\nSubject: x\r\n\r\ny\r\n", await TextAsync(await Store.Mail.OpenAsync(row, Ct)));
        var now = (await ChangesAsync(inbox)).Mailbox;
        Assert.Equal((2u, 1, 1, 0, 30L), (now.UidNext, now.Messages, now.Unseen, now.Deleted, now.Size));
        Assert.Equal(30, (await Store.Directory.FindAccountAsync(account.Address, Ct))!.UsedBytes);
    }

    [Fact]
    public async Task P8_contents_of_every_size_read_back_in_pieces()
    {
        var (_, inbox) = await AddAnnAsync();
        foreach (var size in new[] { 0, 1, 300 * 1024, 1024 * 1024, 3 * 1024 * 1024 + 7 })
        {
            var text = new string('x', size);
            var uid = await FileAsync(inbox, text);
            var content = await Store.Mail.OpenAsync(Assert.Single(await RowsAsync(inbox, new UidRange(uid))), Ct);
            await using (content.ConfigureAwait(false))
                Assert.Equal(Math.Min(size, 5), await content.ReadAsync(Math.Max(0, size - 5), new byte[9], Ct));
            var again = await Store.Mail.OpenAsync(Assert.Single(await RowsAsync(inbox, new UidRange(uid))), Ct);
            Assert.Equal(text, await TextAsync(again));
        }
    }

    [Fact]
    public async Task P3_the_same_delivery_is_filed_once_even_after_its_message_is_gone()
    {
        var (_, inbox) = await AddAnnAsync();
        var filing = await FilingAsync(inbox) with { Queue = [QueueItemTo("far.example")] };
        filing = filing with { Copies = [filing.Copies[0], filing.Copies[0]] };
        var first = await Store.Mail.FileAsync(filing, Ct);
        Assert.Equal([false, true], first.Copies.Select(c => c.WasThere));
        Assert.Equal([1u, 1u], first.Copies.Select(c => c.Uid));
        filing = filing with { Content = await BlobAsync("Subject: a\r\n\r\nb\r\n") };
        Assert.All((await Store.Mail.FileAsync(filing, Ct)).Copies, c => Assert.True(c is { WasThere: true, Uid: 1 }));
        Assert.Single(await Store.Queue.ListAsync(0, 10, Ct));
        await Store.Mail.RemoveAsync(inbox.Id, [UidRange.All], Ct);
        Assert.All((await Store.Mail.FileAsync(filing, Ct)).Copies, c => Assert.True(c.WasThere));
        Assert.Empty(await RowsAsync(inbox));
    }

    [Fact]
    public async Task F2_a_copy_over_the_quota_changes_nothing()
    {
        var (_, inbox) = await AddAnnAsync(quota: 40);
        await FileAsync(inbox, new string('a', 30));
        var filing = await FilingAsync(inbox, new string('b', 11)) with { Queue = [QueueItemTo("far.example")] };
        Assert.Equal(FilingStatus.OverQuota, (await Store.Mail.FileAsync(filing, Ct)).Status);
        Assert.Empty(await Store.Queue.ListAsync(0, 10, Ct));
        Assert.Single(await RowsAsync(inbox));
        await FileAsync(inbox, new string('c', 10));
        var copied = await Store.Mail.TransferAsync(inbox.Id, [new UidRange(2)], inbox.Id, move: false, Ct);
        Assert.Equal(TransferStatus.OverQuota, copied.Status);
        await Store.Mail.RemoveAsync(inbox.Id, [new UidRange(1)], Ct);
        await FileAsync(inbox, new string('d', 30));
    }

    [Fact]
    public async Task A_copy_for_a_mailbox_that_is_gone_goes_to_INBOX()
    {
        var (account, inbox) = await AddAnnAsync();
        await Store.Mail.CreateMailboxAsync(account.Id, "Lists", SpecialUse.None, Ct);
        var lists = await Store.Mail.FindMailboxAsync(account.Id, "Lists", Ct);
        var filing = await FilingAsync(lists!);
        Assert.Equal(MailboxChange.Done, await Store.Mail.DeleteMailboxAsync(account.Id, "Lists", Ct));
        Assert.Equal(inbox.Id, Assert.Single((await Store.Mail.FileAsync(filing, Ct)).Copies).MailboxId);
    }

    [Fact]
    public async Task P7_uids_ascend_and_expunged_ones_are_told_and_never_come_back()
    {
        var (_, inbox) = await AddAnnAsync();
        for (var i = 0; i < 5; i++)
            await FileAsync(inbox, flags: i % 2 == 0 ? Deleted : null);
        var before = (await ChangesAsync(inbox)).Mailbox.HighestModSeq;
        Assert.Equal(3, (await ChangesAsync(inbox)).Mailbox.Deleted);
        Assert.Equal([3u], await Store.Mail.ExpungeAsync(inbox.Id, [new UidRange(2, 4)], Ct));
        Assert.Equal([1u, 5u], await Store.Mail.ExpungeAsync(inbox.Id, null, Ct));
        Assert.Empty(await Store.Mail.ExpungeAsync(inbox.Id, null, Ct));
        Assert.Equal([1u, 3u, 5u], (await ChangesAsync(inbox, before)).Expunged);
        Assert.Empty((await ChangesAsync(inbox)).Expunged);
        Assert.Equal([2u, 4u], (await ChangesAsync(inbox)).Entries.Select(e => e.Uid));
        Assert.Equal(6u, await FileAsync(inbox));
        Assert.Equal([2u, 6u], await Store.Mail.RemoveAsync(inbox.Id, [new UidRange(2), new UidRange(5, 99)], Ct));
    }

    [Fact]
    public async Task Flags_change_only_where_they_differ_and_the_condition_holds()
    {
        var (_, inbox) = await AddAnnAsync();
        for (var i = 0; i < 3; i++)
            await FileAsync(inbox);
        var old = await ChangesAsync(inbox);
        var add = new FlagChange(FlagChangeKind.Add, new MessageFlags(SystemFlags.Seen, ["$x"]));
        var result = await Store.Mail.ChangeFlagsAsync(inbox.Id, [new UidRange(2), new UidRange(7)], add, null, Ct);
        Assert.Equal(2u, Assert.Single(result.Entries).Uid);
        var since = await ChangesAsync(inbox, old.Mailbox.HighestModSeq);
        var entry = Assert.Single(since.Entries);
        Assert.Equal((2u, since.Mailbox.HighestModSeq), (entry.Uid, entry.ModSeq));
        Assert.True(entry.Flags.Has("$X"));
        Assert.Equal(2, since.Mailbox.Unseen);

        var guarded = await Store.Mail.ChangeFlagsAsync(
            inbox.Id,
            [UidRange.All],
            new FlagChange(FlagChangeKind.Replace, Seen),
            old.Mailbox.HighestModSeq,
            Ct
        );
        Assert.Equal([1u, 3u], guarded.Entries.Select(e => e.Uid));
        Assert.Equal([2u], guarded.Modified);
        var mark = (await ChangesAsync(inbox)).Mailbox.HighestModSeq;
        await Store.Mail.ChangeFlagsAsync(
            inbox.Id,
            [new UidRange(1)],
            new FlagChange(FlagChangeKind.Add, Seen),
            null,
            Ct
        );
        Assert.Empty((await ChangesAsync(inbox, mark)).Entries);
        await Store.Mail.ChangeFlagsAsync(
            inbox.Id,
            [UidRange.All],
            new FlagChange(FlagChangeKind.Remove, add.Flags),
            null,
            Ct
        );
        Assert.Equal(3, (await ChangesAsync(inbox, mark)).Mailbox.Unseen);
        Assert.All(await RowsAsync(inbox), r => Assert.Equal(MessageFlags.None, r.Flags));
    }

    [Fact]
    public async Task Copies_and_moves_keep_flags_and_dates()
    {
        var (account, inbox) = await AddAnnAsync();
        var trash = (await Store.Mail.FindMailboxAsync(account.Id, SpecialUse.Trash, Ct))!;
        await FileAsync(trash);
        await FileAsync(inbox, "one", Seen);
        await FileAsync(inbox, "two");
        var copied = await Store.Mail.TransferAsync(inbox.Id, [UidRange.All], trash.Id, move: false, Ct);
        Assert.Equal((TransferStatus.Done, trash.UidValidity), (copied.Status, copied.UidValidity));
        Assert.Equal([(1u, 2u), (2u, 3u)], copied.Uids);
        var mark = (await ChangesAsync(inbox)).Mailbox.HighestModSeq;
        var moved = await Store.Mail.TransferAsync(
            inbox.Id,
            [new UidRange(1), new UidRange(9)],
            trash.Id,
            move: true,
            Ct
        );
        Assert.Equal([(1u, 4u)], moved.Uids);
        Assert.Equal([1u], (await ChangesAsync(inbox, mark)).Expunged);
        var row = Assert.Single(await RowsAsync(trash, new UidRange(4)));
        Assert.Equal(Seen, row.Flags);
        Assert.Equal("one", await TextAsync(await Store.Mail.OpenAsync(row, Ct)));
        var gone = await Store.Mail.TransferAsync(inbox.Id, [UidRange.All], 987654, move: false, Ct);
        Assert.Equal(TransferStatus.NoTarget, gone.Status);
        await Store.Mail.TransferAsync(trash.Id, [new UidRange(4)], trash.Id, move: true, Ct);
        Assert.Equal([1u, 2u, 3u, 5u], (await RowsAsync(trash)).Select(r => r.Uid));
    }

    [Fact]
    public async Task Mailboxes_are_made_renamed_and_deleted()
    {
        var (account, _) = await AddAnnAsync();
        var (id, mail) = (account.Id, Store.Mail);
        Assert.Equal(MailboxChange.Done, await mail.CreateMailboxAsync(id, "a/b/c", SpecialUse.None, Ct));
        Assert.Equal(MailboxChange.AlreadyExists, await mail.CreateMailboxAsync(id, "a/b", SpecialUse.None, Ct));
        Assert.Equal(MailboxChange.AlreadyExists, await mail.CreateMailboxAsync(id, "iNbOx", SpecialUse.None, Ct));
        Assert.Equal(MailboxChange.NotAllowed, await mail.CreateMailboxAsync(id, "Sent 2", SpecialUse.Sent, Ct));
        Assert.Equal(MailboxChange.NotFound, await mail.CreateMailboxAsync(99999, "x", SpecialUse.None, Ct));
        Assert.Equal(MailboxChange.HasChildren, await mail.DeleteMailboxAsync(id, "a", Ct));
        Assert.Equal(MailboxChange.NotAllowed, await mail.DeleteMailboxAsync(id, "INBOX", Ct));
        Assert.Equal(MailboxChange.NotAllowed, await mail.RenameMailboxAsync(id, "a", "a/b/x", Ct));
        Assert.Equal(MailboxChange.NotFound, await mail.RenameMailboxAsync(id, "q", "r", Ct));
        Assert.Equal(MailboxChange.AlreadyExists, await mail.RenameMailboxAsync(id, "a", "Sent", Ct));
        var moved = (await mail.FindMailboxAsync(id, "a/b", Ct))!;
        Assert.Equal(MailboxChange.Done, await mail.RenameMailboxAsync(id, "a", "n/m", Ct));
        Assert.Equal(moved with { Name = "n/m/b" }, await mail.FindMailboxAsync(id, "n/m/b", Ct));
        Assert.Equal(
            ["n", "n/m", "n/m/b", "n/m/b/c"],
            (await mail.ListMailboxesAsync(id, Ct)).Select(b => b.Name).Where(n => n.StartsWith('n'))
        );
        Assert.Null(await mail.FindMailboxAsync(id, "a", Ct));
        Assert.Equal(MailboxChange.Done, await mail.SubscribeAsync(id, "n", true, Ct));
        Assert.Equal(MailboxChange.NotFound, await mail.SubscribeAsync(id, "a", true, Ct));
        Assert.True((await mail.FindMailboxAsync(id, "n", Ct))!.IsSubscribed);
    }

    [Fact]
    public async Task P7_uidvalidity_of_a_name_never_goes_back()
    {
        var (account, _) = await AddAnnAsync();
        var (id, mail) = (account.Id, Store.Mail);
        await mail.CreateMailboxAsync(id, "old", SpecialUse.None, Ct);
        await mail.CreateMailboxAsync(id, "name", SpecialUse.None, Ct);
        var first = (await mail.FindMailboxAsync(id, "name", Ct))!.UidValidity;
        await mail.DeleteMailboxAsync(id, "name", Ct);
        await mail.RenameMailboxAsync(id, "old", "name", Ct);
        var second = (await mail.FindMailboxAsync(id, "name", Ct))!.UidValidity;
        Assert.True(second > first);
        await mail.RenameMailboxAsync(id, "name", "away", Ct);
        await mail.CreateMailboxAsync(id, "name", SpecialUse.None, Ct);
        Assert.True((await mail.FindMailboxAsync(id, "name", Ct))!.UidValidity > second);
    }

    [Fact]
    public async Task Renaming_INBOX_moves_its_messages_and_leaves_it_there()
    {
        var (account, inbox) = await AddAnnAsync();
        await FileAsync(inbox, "one");
        await FileAsync(inbox, "two");
        Assert.Equal(MailboxChange.Done, await Store.Mail.RenameMailboxAsync(account.Id, "inbox", "old/mail", Ct));
        var moved = (await Store.Mail.FindMailboxAsync(account.Id, "old/mail", Ct))!;
        Assert.Equal(2, moved.Messages);
        Assert.Empty(await RowsAsync(inbox));
        Assert.Equal(3u, await FileAsync(inbox));
        await Store.Mail.DeleteMailboxAsync(account.Id, "old/mail", Ct);
        Assert.Equal(17, (await Store.Directory.FindAccountAsync(Ann, Ct))!.UsedBytes);
    }

    [Fact]
    public async Task The_check_counts_and_finds_nothing_wrong()
    {
        var (_, inbox) = await AddAnnAsync();
        await FileAsync(inbox, "one");
        await FileAsync(inbox, "one");
        await FileAsync(inbox, new string('x', 1 << 20));
        var report = await Store.CheckAsync(null, Ct);
        Assert.Empty(report.Problems);
        Assert.Equal(
            (1, 6, 3, 0, 2),
            (report.Accounts, report.Mailboxes, report.Messages, report.QueueItems, report.Blobs)
        );
    }

    [Fact]
    public async Task The_feed_tells_once_of_changes_that_were_not_waited_for()
    {
        var (account, inbox) = await AddAnnAsync();
        using var changes = Store.Changes.SubscribeToAccount(account.Id);
        using var others = Store.Changes.SubscribeToAccount(account.Id + 1000);
        using var queue = Store.Changes.SubscribeToQueue();
        Assert.False(changes.TryTake());
        var wait = changes.WaitAsync(Ct).AsTask();
        Assert.False(wait.IsCompleted);
        await FileAsync(inbox);
        await wait;
        await FileAsync(inbox);
        await FileAsync(inbox);
        Assert.True(changes.TryTake());
        Assert.False(changes.TryTake());
        Assert.False(others.TryTake());
        Assert.False(queue.TryTake());
        using var directory = Store.Changes.SubscribeToDirectory();
        await Store.Directory.SetQuotaAsync(Ann, 1, null, Ct);
        Assert.True(directory.TryTake());
    }
}
