using System.Text;
using Postreiter.Core;
using Postreiter.Storage.Gate;
using Postreiter.Storage.Mail;
using Xunit;

namespace Postreiter.Testing.StoreContract;

public abstract partial class StoreContractTests
{
    private static GreylistRow Triplet(long key, uint first, uint last, int passes) =>
        new(new GreylistState(key, first, last, passes), "192.0.2.0/24", "s@far.example", $"r{key}@our.example");

    private async Task<Dictionary<long, GreylistState>> GreylistAsync()
    {
        var rows = new Dictionary<long, GreylistState>();
        await Store.Gate.ReadGreylistAsync(r => rows.Add(r.Key, r), Ct);
        return rows;
    }

    [Fact]
    public async Task Greylist_rows_are_saved_and_read_by_version()
    {
        Assert.Equal(0, await Store.Gate.ReadGreylistAsync(_ => Assert.Fail("empty"), Ct));
        await Store.Gate.SaveGreylistAsync([Triplet(-5, 10, 10, 0), Triplet(long.MaxValue, 11, 3_000_000_000, 1)], Ct);
        var version = await Store.Gate.ReadGreylistAsync(_ => { }, Ct);
        await Store.Gate.SaveGreylistAsync([Triplet(7, 12, GreylistState.Forever, 5)], Ct);
        Assert.Equal(
            [new GreylistState(-5, 10, 10, 0), new(7, 12, uint.MaxValue, 5), new(long.MaxValue, 11, 3_000_000_000, 1)],
            (await GreylistAsync()).Values.OrderBy(r => r.Key)
        );
        var later = Assert.Single(await Store.Gate.ListGreylistAsync(version, 10, Ct));
        Assert.Equal(
            (7L, "192.0.2.0/24", "s@far.example", "r7@our.example"),
            (later.State.Key, later.Client, later.Sender, later.Recipient)
        );
        Assert.Equal(later, await Store.Gate.FindGreylistAsync(7, Ct));
        Assert.Null(await Store.Gate.FindGreylistAsync(8, Ct));
        var first = Assert.Single(await Store.Gate.ListGreylistAsync(0, 1, Ct));
        Assert.Equal(-5, first.State.Key);
        Assert.Equal(2, (await Store.Gate.ListGreylistAsync(first.Version, 10, Ct)).Count);
        // Saved again it is the newest, and others see it.
        await Store.Gate.SaveGreylistAsync([Triplet(-5, 10, 20, 1)], Ct);
        Assert.Equal(-5, Assert.Single(await Store.Gate.ListGreylistAsync(later.Version, 10, Ct)).State.Key);
    }

    [Theory]
    // Two processes saw the same caller: what both know counts.
    [InlineData(10, 50, 1, 20, 20, 0, 10, 50, 1)]
    [InlineData(10, 10, 0, 10, 30, 1, 10, 30, 1)]
    [InlineData(10, 50, 2, 10, 40, 3, 10, 50, 3)]
    [InlineData(10, 10, 0, 15, 15, 0, 10, 15, 0)]
    [InlineData(15, 15, 0, 10, 10, 0, 10, 15, 0)]
    [InlineData(10, 10, 0, 16, 16, 0, 16, 16, 0)]
    // It had been forgotten in the meantime: it begins anew.
    [InlineData(10, 50, 1, 90, 90, 0, 90, 90, 0)]
    // Taken away, and back.
    [InlineData(10, 50, 5, 40, 40, -1, 40, 40, -1)]
    [InlineData(40, 40, -1, 40, 45, 1, 40, 45, 1)]
    public async Task Greylist_rows_of_two_processes_join(
        uint first1,
        uint last1,
        int passes1,
        uint first2,
        uint last2,
        int passes2,
        uint first,
        uint last,
        int passes
    )
    {
        await Store.Gate.SaveGreylistAsync([Triplet(1, first1, last1, passes1)], Ct);
        await Store.Gate.SaveGreylistAsync([Triplet(1, first2, last2, passes2)], Ct);
        Assert.Equal(new GreylistState(1, first, last, passes), Assert.Single(await GreylistAsync()).Value);
    }

    [Fact]
    public async Task Greylist_rows_that_are_over_are_pruned_in_steps()
    {
        var rows = new List<GreylistRow>
        {
            Triplet(-1, 99, 500, 0),
            Triplet(-2, 100, 100, 0),
            Triplet(-3, 1, 199, 1),
            Triplet(-4, 1, 200, 1),
            Triplet(-5, 1, GreylistState.Forever, 5),
            Triplet(-6, 99, 99, -1),
        };
        await Store.Gate.SaveGreylistAsync(rows, Ct);
        Assert.Equal(3, await Store.Gate.PruneGreylistAsync(100, 200, Ct));
        Assert.Equal([-5, -4, -2], (await GreylistAsync()).Keys.Order());
        await Store.Gate.SaveGreylistAsync([.. Enumerable.Range(1, 2_500).Select(i => Triplet(i, 1, 1, 0))], Ct);
        Assert.Equal(IGateStore.PruneStep, await Store.Gate.PruneGreylistAsync(100, 200, Ct));
        Assert.Equal(500, await Store.Gate.PruneGreylistAsync(100, 200, Ct));
        Assert.Equal(3, (await GreylistAsync()).Count);
    }

    [Fact]
    public async Task Traces_are_found_by_id_and_by_address_and_go_after_their_time()
    {
        var (bob, cat) = (EmailAddress.Parse("bob@far.example"), EmailAddress.Parse("\"c t\"@far.example"));
        TraceRecord Trace(string verdict, params EmailAddress[] who) =>
            new(NewId(), who, Encoding.UTF8.GetBytes(verdict));
        var first = Trace("one", Ann, bob);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        var second = Trace("two", Ann, cat);
        await Store.Gate.SaveTracesAsync([first, second], Ct);
        Assert.Null(await Store.Gate.FindTraceAsync(NewId(), Ct));
        var found = (await Store.Gate.FindTraceAsync(second.Id, Ct))!;
        Assert.Equal([Ann, cat], found.Addresses);
        Assert.Equal("two", Encoding.UTF8.GetString(found.Verdict.Span));
        Assert.Equal(
            [second.Id, first.Id],
            (await Store.Gate.ListTracesAsync(EmailAddress.Parse("ANN@our.example"), 9, Ct)).Select(t => t.Id)
        );
        Assert.Equal([second.Id], (await Store.Gate.ListTracesAsync(Ann, 1, Ct)).Select(t => t.Id));
        Assert.Equal([second.Id], (await Store.Gate.ListTracesAsync(cat, 9, Ct)).Select(t => t.Id));
        Assert.Equal(0, await Store.Gate.PruneTracesAsync(Start, Ct));
        Assert.Equal(1, await Store.Gate.PruneTracesAsync(Start.AddMilliseconds(1), Ct));
        Assert.Null(await Store.Gate.FindTraceAsync(first.Id, Ct));
        Assert.Empty(await Store.Gate.ListTracesAsync(bob, 9, Ct));
        Assert.Equal([second.Id], (await Store.Gate.ListTracesAsync(Ann, 9, Ct)).Select(t => t.Id));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task A_trace_is_kept_with_its_message_and_only_with_it()
    {
        var (account, inbox) = await AddAnnAsync(quota: 100);
        async Task<(FilingStatus, TraceId)> FileAsync(string text)
        {
            var id = NewId();
            var filing = new Filing
            {
                DeliveryId = id,
                Content = await BlobAsync(text),
                Structure = default,
                Copies =
                [
                    new MailboxCopy
                    {
                        AccountId = account.Id,
                        MailboxId = inbox.Id,
                        InternalDate = Start,
                    },
                ],
                Trace = new TraceRecord(id, [Ann], "why"u8.ToArray()),
            };
            return ((await Store.Mail.FileAsync(filing, Ct)).Status, id);
        }

        var (status, filed) = await FileAsync("small");
        Assert.Equal(FilingStatus.Filed, status);
        Assert.Equal("why"u8.ToArray(), (await Store.Gate.FindTraceAsync(filed, Ct))!.Verdict.ToArray());
        (status, var refused) = await FileAsync(new string('x', 200));
        Assert.Equal(FilingStatus.OverQuota, status);
        Assert.Null(await Store.Gate.FindTraceAsync(refused, Ct));
        Assert.Equal([filed], (await Store.Gate.ListTracesAsync(Ann, 9, Ct)).Select(t => t.Id));
    }
}
