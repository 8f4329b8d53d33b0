using Postreiter.Storage.Lists;
using Xunit;

namespace Postreiter.Testing.StoreContract;

public abstract partial class StoreContractTests
{
    private ListEntry Entry(string text, ListKind kind = ListKind.Block, ListOrigin origin = ListOrigin.Command) =>
        new(text, kind, origin, Time.GetUtcNow());

    private async Task<ListChange> AddEntryAsync(string scope, ListEntry entry) =>
        Assert.Single(await Store.Lists.AddAsync(scope, [entry], Ct));

    private async Task<IReadOnlyList<ListEntry>> EntriesAsync(string scope) =>
        (await Store.Lists.ReadAsync(scope, Ct)).Entries;

    [Fact]
    public async Task An_entry_is_on_one_list_and_what_was_on_the_other_moves()
    {
        await AddAnnAsync();
        foreach (var scope in (string[])[IListStore.Site, "our.example", Ann.Key])
        {
            Assert.Equal(ListChange.Added, await AddEntryAsync(scope, Entry("far.example")));
            Assert.Equal(ListChange.Same, await AddEntryAsync(scope, Entry("far.example")));
            Assert.Equal(ListChange.Moved, await AddEntryAsync(scope, Entry("far.example", ListKind.Allow)));
            Assert.Equal(ListChange.Added, await AddEntryAsync(scope, Entry("a@far.example")));
            Assert.Equal([Entry("a@far.example"), Entry("far.example", ListKind.Allow)], await EntriesAsync(scope));
        }

        Assert.Equal(["", Ann.Key, "our.example"], await Store.Lists.ListScopesAsync(Ct));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task Only_domains_and_accounts_that_are_here_have_lists()
    {
        await AddAnnAsync();
        foreach (var scope in (string[])["far.example", "bob@our.example"])
        {
            Assert.Equal(ListChange.NoScope, await AddEntryAsync(scope, Entry("x.example")));
            Assert.False(await Store.Lists.SetThresholdAsync(scope, 3, Ct));
            Assert.Equal([false], await Store.Lists.RemoveAsync(scope, ListKind.Block, ["x.example"], false, Ct));
        }

        Assert.Empty(await Store.Lists.ListScopesAsync(Ct));
    }

    [Fact]
    public async Task What_somebody_wrote_stays_his_and_what_was_moved_goes_alone()
    {
        await AddAnnAsync();
        await AddEntryAsync(Ann.Key, Entry("a.example"));
        await AddEntryAsync(Ann.Key, Entry("b.example", origin: ListOrigin.Move));
        await AddEntryAsync(Ann.Key, Entry("c.example", origin: ListOrigin.Move));
        Assert.Equal(ListChange.Same, await AddEntryAsync(Ann.Key, Entry("a.example", origin: ListOrigin.Move)));
        Assert.Equal(ListChange.Same, await AddEntryAsync(Ann.Key, Entry("c.example")));
        Assert.Equal(
            [false, true, false, false],
            await Store.Lists.RemoveAsync(
                Ann.Key,
                ListKind.Block,
                ["a.example", "b.example", "c.example", "d.example"],
                onlyMoved: true,
                Ct
            )
        );
        Assert.Equal(
            [false],
            await Store.Lists.RemoveAsync(Ann.Key, ListKind.Allow, ["a.example"], onlyMoved: false, Ct)
        );
        Assert.Equal(
            [true, true],
            await Store.Lists.RemoveAsync(Ann.Key, ListKind.Block, ["a.example", "c.example"], onlyMoved: false, Ct)
        );
        Assert.Empty(await Store.Lists.ListScopesAsync(Ct));
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task A_full_list_takes_nothing_more_but_what_is_moved_in_place_of_the_oldest_such()
    {
        await AddAnnAsync();
        var long1 = new string('a', IListStore.MaxEntryLength + 1);
        Assert.Equal(ListChange.TooLong, await AddEntryAsync(Ann.Key, Entry(long1)));
        await Store.Lists.AddAsync(
            Ann.Key,
            [.. Enumerable.Range(0, IListStore.MostOfAccount - 2).Select(i => Entry($"n{i}.example"))],
            Ct
        );
        await AddEntryAsync(Ann.Key, Entry("old.example", origin: ListOrigin.Move));
        Time.Advance(TimeSpan.FromSeconds(2));
        await AddEntryAsync(Ann.Key, Entry("new.example", origin: ListOrigin.Move));
        Assert.Equal(ListChange.Full, await AddEntryAsync(Ann.Key, Entry("x.example")));
        Assert.Equal(ListChange.Moved, await AddEntryAsync(Ann.Key, Entry("n7.example", ListKind.Allow)));
        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ListChange.Added, await AddEntryAsync(Ann.Key, Entry("y.example", origin: ListOrigin.Move)));
        var moved = (await EntriesAsync(Ann.Key)).Where(static e => e.Origin == ListOrigin.Move);
        Assert.Equal(["new.example", "y.example"], moved.Select(static e => e.Text));
        Assert.Equal(IListStore.MostOfAccount, (await EntriesAsync(Ann.Key)).Count);
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }

    [Fact]
    public async Task Thresholds_are_kept_beside_the_lists()
    {
        await AddAnnAsync();
        Assert.Null((await Store.Lists.ReadAsync(Ann.Key, Ct)).Threshold);
        Assert.True(await Store.Lists.SetThresholdAsync(Ann.Key, -2.5, Ct));
        Assert.True(await Store.Lists.SetThresholdAsync("our.example", 8, Ct));
        await AddEntryAsync(Ann.Key, Entry("far.example"));
        Assert.Equal(-2.5, (await Store.Lists.ReadAsync(Ann.Key, Ct)).Threshold);
        Assert.Equal(8, (await Store.Lists.ReadAsync("our.example", Ct)).Threshold);
        Assert.True(await Store.Lists.SetThresholdAsync(Ann.Key, null, Ct));
        Assert.Null((await Store.Lists.ReadAsync(Ann.Key, Ct)).Threshold);
        Assert.Equal([Ann.Key, "our.example"], await Store.Lists.ListScopesAsync(Ct));
    }

    [Fact]
    public async Task Lists_go_with_their_account_and_domain_and_others_hear_of_every_change()
    {
        await AddAnnAsync();
        using var changes = Store.Changes.SubscribeToLists();
        var seen = 0L;
        async Task<string> ChangedAsync()
        {
            Assert.True(changes.TryTake());
            var (scope, version) = Assert.Single(await Store.Lists.ListChangesAsync(seen, 10, Ct));
            Assert.True(version > seen);
            seen = version;
            return scope;
        }

        await AddEntryAsync(Ann.Key, Entry("far.example"));
        Assert.Equal(Ann.Key, await ChangedAsync());
        await AddEntryAsync(Ann.Key, Entry("far.example"));
        Assert.False(changes.TryTake());
        await Store.Lists.SetThresholdAsync(Ann.Key, 4, Ct);
        Assert.Equal(Ann.Key, await ChangedAsync());
        await AddEntryAsync("our.example", Entry("far.example"));
        Assert.Equal("our.example", await ChangedAsync());
        await Store.Lists.RemoveAsync("our.example", ListKind.Block, ["far.example"], onlyMoved: false, Ct);
        Assert.Equal("our.example", await ChangedAsync());
        await Store.Lists.SetThresholdAsync("our.example", 4, Ct);
        Assert.Equal("our.example", await ChangedAsync());
        await Store.Directory.RemoveAccountAsync(Ann, Ct);
        Assert.Equal(Ann.Key, await ChangedAsync());
        await Store.Directory.RemoveDomainAsync(Ann.Domain, Ct);
        Assert.Equal("our.example", await ChangedAsync());
        Assert.Empty(await Store.Lists.ListScopesAsync(Ct));
        // Who comes after has none of it.
        await AddAnnAsync();
        Assert.Empty(await EntriesAsync(Ann.Key));
        Assert.Null((await Store.Lists.ReadAsync(Ann.Key, Ct)).Threshold);
        Assert.Empty((await Store.CheckAsync(null, Ct)).Problems);
    }
}
