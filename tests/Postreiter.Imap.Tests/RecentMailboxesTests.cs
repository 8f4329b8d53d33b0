using Postreiter.Core;
using Postreiter.Imap.Session;
using Postreiter.Storage.Mail;
using Postreiter.Testing;

namespace Postreiter.Imap.Tests;

public sealed class RecentMailboxesTests
{
    private const int Messages = 300;

    private static async Task<(IMailStore Mail, long Inbox)> FilledAsync()
    {
        var server = await ImapTestServer.StartAsync();
        var mail = server.Store.Mail;
        foreach (var name in new[] { "a", "b" })
            await mail.CreateMailboxAsync(1, name, SpecialUse.None, Ct);
        var inbox = (await mail.FindMailboxAsync(1, Mailbox.Inbox, Ct))!.Id;
        for (var i = 0; i < Messages; i++)
        {
            await using var blob = server.Store.Blobs.Begin();
            await blob.WriteAsync("a: b\r\n\r\n"u8.ToArray(), Ct);
            await mail.FileAsync(
                new Filing
                {
                    DeliveryId = TraceId.Create(server.Clock.GetUtcNow(), new Random(i)),
                    Content = await blob.CompleteAsync(Ct),
                    Structure = default,
                    Copies =
                    [
                        new MailboxCopy
                        {
                            AccountId = 1,
                            MailboxId = inbox,
                            InternalDate = server.Clock.GetUtcNow(),
                        },
                    ],
                },
                Ct
            );
        }

        return (mail, inbox);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_opened_again_is_what_the_store_has()
    {
        var (mail, id) = await FilledAsync();
        var recent = new RecentMailboxes(1000, new TestClock());
        var first = await recent.OpenAsync(mail, id, Ct);
        Assert.Same(first!.Entries, (await recent.OpenAsync(mail, id, Ct))!.Entries);

        var random = new Random(7);
        for (var round = 0; round < 50; round++)
        {
            var uid = (uint)random.Next(1, Messages + 1);
            switch (round % 3)
            {
                case 0:
                    await mail.RemoveAsync(id, [new UidRange(uid, uid + 2)], Ct);
                    break;
                case 1:
                    var flags = new MessageFlags(SystemFlags.Seen, [$"k{round % 5}"]);
                    var change = new FlagChange(FlagChangeKind.Replace, flags);
                    await mail.ChangeFlagsAsync(id, [new UidRange(uid, uid + 40)], change, null, Ct);
                    break;
                default:
                    await mail.TransferAsync(id, [new UidRange(uid, uid + 1)], id, move: false, Ct);
                    break;
            }

            var stored = (await mail.ReadChangesAsync(id, 0, Ct))!;
            var opened = (await recent.OpenAsync(mail, id, Ct))!;
            Assert.Equal(stored.Mailbox, opened.Mailbox);
            Assert.Equal(stored.Entries, opened.Entries);
            Assert.Empty(opened.Expunged);
            var sets = opened.Entries.Select(e => e.Flags).ToHashSet(ReferenceEqualityComparer.Instance);
            Assert.Equal(opened.Entries.Select(e => e.Flags).Distinct().Count(), sets.Count);
        }
    }

    [Fact]
    public async Task It_is_bounded_by_count_the_oldest_goes_first()
    {
        var (mail, id) = await FilledAsync();
        var time = new TestClock();
        var recent = new RecentMailboxes(2 * Messages, time);
        var others = new List<long>();
        foreach (var name in new[] { "a", "b" })
        {
            var box = (await mail.FindMailboxAsync(1, name, Ct))!.Id;
            await mail.TransferAsync(id, [UidRange.All], box, move: false, Ct);
            others.Add(box);
        }

        var first = await recent.OpenAsync(mail, id, Ct);
        foreach (var box in others)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await recent.OpenAsync(mail, box, Ct);
            Assert.InRange(recent.Count, 1, 2 * Messages);
        }

        Assert.NotSame(first!.Entries, (await recent.OpenAsync(mail, id, Ct))!.Entries);
    }

    [Fact]
    public async Task A_mailbox_that_nobody_opens_costs_nothing_after_a_while()
    {
        var (mail, id) = await FilledAsync();
        var time = new TestClock();
        var recent = new RecentMailboxes(1000, time);
        await recent.OpenAsync(mail, id, Ct);
        Assert.Equal(Messages, recent.Count);
        time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(0, recent.Count);
    }

    [Fact]
    public async Task A_mailbox_that_is_gone_is_gone()
    {
        var (mail, id) = await FilledAsync();
        var recent = new RecentMailboxes(1000, new TestClock());
        var box = (await mail.FindMailboxAsync(1, "a", Ct))!.Id;
        await mail.TransferAsync(id, [UidRange.All], box, move: false, Ct);
        Assert.NotNull(await recent.OpenAsync(mail, box, Ct));
        await mail.DeleteMailboxAsync(1, "a", Ct);
        Assert.Null(await recent.OpenAsync(mail, box, Ct));
        Assert.Equal(0, recent.Count);
    }
}
