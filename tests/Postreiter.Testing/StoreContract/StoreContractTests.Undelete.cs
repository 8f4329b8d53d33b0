using Postreiter.Storage.Accounts;
using Postreiter.Storage.Mail;
using Xunit;

namespace Postreiter.Testing.StoreContract;

public abstract partial class StoreContractTests
{
    private static readonly KeptSelection Everything = new();

    [Fact]
    public async Task Expunged_mail_comes_back_whole_under_new_uids()
    {
        var (account, inbox) = await AddAnnAsync();
        var flags = new MessageFlags(SystemFlags.Deleted | SystemFlags.Flagged, ["$Work"]);
        var filing = await FilingAsync(inbox, "Subject: x\r\n\r\ny\r\n", "Received: z\r\n", flags);
        await Store.Mail.FileAsync(filing, Ct);
        await FileAsync(inbox);
        Time.Advance(TimeSpan.FromHours(1));
        await Store.Mail.ExpungeAsync(inbox.Id, null, Ct);
        Assert.Equal(17, (await Store.Directory.FindAccountAsync(Ann, Ct))!.UsedBytes);
        var kept = Assert.Single(await Store.Mail.ListKeptAsync(account.Id, Everything, 0, 10, Ct));
        Assert.Equal(("INBOX", Start + TimeSpan.FromHours(1)), (kept.Mailbox, kept.Removed));
        Assert.Equal((flags, Start, 30L), (kept.Flags, kept.InternalDate, kept.Size));
        Assert.Empty(await Store.Mail.ListKeptAsync(account.Id, Everything, kept.Id, 10, Ct));

        var mark = (await ChangesAsync(inbox)).Mailbox.HighestModSeq;
        using var feed = Store.Changes.SubscribeToAccount(account.Id);
        Assert.Equal(new UndeleteResult(UndeleteStatus.Done, 1), await UndeleteAsync(account));
        Assert.True(feed.TryTake());
        Assert.Equal(new UndeleteResult(UndeleteStatus.Done, 0), await UndeleteAsync(account));
        // P7: not under its old UID.
        Assert.Equal([3u], (await ChangesAsync(inbox, mark)).Entries.Select(e => e.Uid));
        var row = Assert.Single(await RowsAsync(inbox, new UidRange(3)));
        Assert.Equal(new MessageFlags(SystemFlags.Flagged, ["$Work"]), row.Flags);
        Assert.Equal((Start, 30L), (row.InternalDate, row.Size));
        Assert.Equal("structure"u8.ToArray(), row.Structure.ToArray());
        Assert.Equal("Received: z\r\nSubject: x\r\n\r\ny\r\n", await TextAsync(await Store.Mail.OpenAsync(row, Ct)));
        var now = (await Store.Directory.FindAccountAsync(Ann, Ct))!;
        Assert.Equal((47L, 2L), (now.UsedBytes, now.UsedMessages));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task Expunged_mail_really_goes_when_its_time_is_over()
    {
        var (account, inbox) = await AddAnnAsync();
        await FileAsync(inbox);
        await FileAsync(inbox);
        await Store.Mail.RemoveAsync(inbox.Id, [new UidRange(1)], Ct);
        Time.Advance(TimeSpan.FromDays(13));
        await Store.Mail.RemoveAsync(inbox.Id, [new UidRange(2)], Ct);
        Assert.Equal(2, (await Store.Mail.ListKeptAsync(account.Id, Everything, 0, 10, Ct)).Count);
        Time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromSeconds(1));
        Assert.Single(await Store.Mail.ListKeptAsync(account.Id, Everything, 0, 10, Ct));
        Assert.Equal(1, (await UndeleteAsync(account)).Restored);
        Time.Advance(TimeSpan.FromDays(30));
        Assert.Empty(await Store.Mail.ListKeptAsync(account.Id, Everything, 0, 10, Ct));
        Assert.Equal([3u], (await RowsAsync(inbox)).Select(r => r.Uid));
    }

    [Fact]
    public async Task Undelete_takes_what_is_selected_and_makes_the_mailbox_anew()
    {
        var (account, inbox) = await AddAnnAsync();
        await Store.Mail.CreateMailboxAsync(account.Id, "a/b", SpecialUse.None, Ct);
        var box = (await Store.Mail.FindMailboxAsync(account.Id, "a/b", Ct))!;
        await FileAsync(inbox, "one");
        await FileAsync(box, "two");
        await FileAsync(box, "three");
        await Store.Mail.RemoveAsync(inbox.Id, [UidRange.All], Ct);
        await Store.Mail.RemoveAsync(box.Id, [new UidRange(1)], Ct);
        Time.Advance(TimeSpan.FromHours(1));
        // The messages of a deleted mailbox are kept like expunged ones.
        await Store.Mail.DeleteMailboxAsync(account.Id, "a/b", Ct);
        await Store.Mail.DeleteMailboxAsync(account.Id, "a", Ct);
        Assert.Equal(0, (await Store.Directory.FindAccountAsync(Ann, Ct))!.UsedBytes);

        var late = new KeptSelection(Since: Start + TimeSpan.FromMinutes(30));
        Assert.Equal(["a/b"], (await Store.Mail.ListKeptAsync(account.Id, late, 0, 10, Ct)).Select(k => k.Mailbox));
        Assert.Equal(1, (await UndeleteAsync(account, late)).Restored);
        var again = (await Store.Mail.FindMailboxAsync(account.Id, "a/b", Ct))!;
        Assert.True(again.UidValidity > box.UidValidity);
        Assert.Equal("three", await TextAsync(await Store.Mail.OpenAsync((await RowsAsync(again))[0], Ct)));
        Assert.NotNull(await Store.Mail.FindMailboxAsync(account.Id, "a", Ct));
        Assert.Equal(1, (await UndeleteAsync(account, new KeptSelection("a/b"))).Restored);
        Assert.Equal(0, (await UndeleteAsync(account, new KeptSelection("b"))).Restored);
        Assert.Equal(1, (await UndeleteAsync(account, new KeptSelection("inbox"))).Restored);
        Assert.Equal([2u], (await RowsAsync(inbox)).Select(r => r.Uid));
        Assert.Equal(2, (await RowsAsync(again)).Count);
    }

    [Fact]
    public async Task Undelete_comes_in_portions_and_keeps_the_quota()
    {
        var (account, inbox) = await AddAnnAsync(quota: 100);
        foreach (var letter in "abc")
            await FileAsync(inbox, new string(letter, 30));
        await Store.Mail.RemoveAsync(inbox.Id, [UidRange.All], Ct);
        await FileAsync(inbox, new string('d', 30));
        Assert.Equal(2, (await Store.Mail.UndeleteAsync(account.Id, Everything, 2, Ct)).Restored);
        var over = await UndeleteAsync(account);
        Assert.Equal(new UndeleteResult(UndeleteStatus.OverQuota, 0), over);
        Assert.Equal([4u, 5u, 6u], (await RowsAsync(inbox)).Select(r => r.Uid));
        Assert.Single(await Store.Mail.ListKeptAsync(account.Id, Everything, 0, 10, Ct));
    }

    [Fact]
    public async Task A_moved_message_is_not_kept_and_a_removed_account_keeps_nothing()
    {
        var (account, inbox) = await AddAnnAsync();
        var trash = (await Store.Mail.FindMailboxAsync(account.Id, SpecialUse.Trash, Ct))!;
        await FileAsync(inbox);
        await Store.Mail.TransferAsync(inbox.Id, [UidRange.All], trash.Id, move: true, Ct);
        await Store.Mail.TransferAsync(trash.Id, [UidRange.All], inbox.Id, move: false, Ct);
        await Store.Mail.RenameMailboxAsync(account.Id, "INBOX", "old", Ct);
        Assert.Empty(await Store.Mail.ListKeptAsync(account.Id, Everything, 0, 10, Ct));
        await Store.Mail.RemoveAsync(trash.Id, [UidRange.All], Ct);
        await Store.Directory.RemoveAccountAsync(Ann, Ct);
        Assert.Empty(await Store.Mail.ListKeptAsync(account.Id, Everything, 0, 10, Ct));
        Assert.Equal(0, (await UndeleteAsync(account)).Restored);
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
        var (again, _) = await AddAnnAsync();
        Assert.Empty(await Store.Mail.ListKeptAsync(again.Id, Everything, 0, 10, Ct));
    }

    [Fact]
    public async Task F2_a_quota_of_messages_is_kept_by_every_way_in()
    {
        var (account, inbox) = await AddAnnAsync();
        var trash = (await Store.Mail.FindMailboxAsync(account.Id, SpecialUse.Trash, Ct))!;
        await Store.Directory.SetQuotaAsync(Ann, null, 3, Ct);
        var filing = await FilingAsync(inbox);
        filing = filing with { Copies = [filing.Copies[0], filing.Copies[0] with { MailboxId = trash.Id }] };
        Assert.Equal(FilingStatus.Filed, (await Store.Mail.FileAsync(filing, Ct)).Status);
        var two = filing with { DeliveryId = NewId(), Content = await BlobAsync("other") };
        Assert.Equal(FilingStatus.OverQuota, (await Store.Mail.FileAsync(two, Ct)).Status);
        // Filed before: not again, so nothing is over.
        Assert.All((await Store.Mail.FileAsync(filing, Ct)).Copies, c => Assert.True(c.WasThere));
        await FileAsync(inbox);
        var copied = await Store.Mail.TransferAsync(inbox.Id, [new UidRange(1)], trash.Id, move: false, Ct);
        Assert.Equal(TransferStatus.OverQuota, copied.Status);
        var none = await Store.Mail.TransferAsync(inbox.Id, [new UidRange(77)], trash.Id, move: false, Ct);
        Assert.Equal(TransferStatus.Done, none.Status);
        var moved = await Store.Mail.TransferAsync(inbox.Id, [new UidRange(1)], trash.Id, move: true, Ct);
        Assert.Equal(TransferStatus.Done, moved.Status);
        await Store.Mail.RemoveAsync(trash.Id, [UidRange.All], Ct);
        var now = (await Store.Directory.FindAccountAsync(Ann, Ct))!;
        Assert.Equal((3L, 1L), (now.QuotaMessages, now.UsedMessages));
        Assert.True(now.Fits(1, 2));
        Assert.False(now.Fits(1, 3));
        await FileAsync(inbox);
        Assert.Equal(UndeleteStatus.OverQuota, (await UndeleteAsync(account)).Status);
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    private ValueTask<UndeleteResult> UndeleteAsync(Account account, KeptSelection? selection = null) =>
        Store.Mail.UndeleteAsync(account.Id, selection ?? Everything, 100, Ct);
}
