using Postreiter.Core;
using Postreiter.Delivery.Lists;
using Postreiter.Storage;
using Postreiter.Storage.Lists;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Lists;

/// <summary>Lists are answered from memory, and as the store has them, whichever node changed them.</summary>
public sealed class StoredListsTests : IAsyncDisposable
{
    private static readonly EmailAddress Sender = EmailAddress.Parse("s@far.example");
    private readonly TestClock _clock = new();
    private readonly MemoryStore _memory;
    private readonly IStore _store;
    private readonly List<string> _asked = [];
    private Func<string, Exception?> _fault = static _ => null;

    public StoredListsTests()
    {
        _memory = new MemoryStore(_clock);
        _store = FaultyStore.Around(
            _memory,
            method =>
            {
                _asked.Add(method);
                return _fault(method);
            }
        );
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    private async Task AddAsync(string scope, string text, ListKind kind = ListKind.Block) =>
        await _memory.Lists.AddAsync(scope, [new ListEntry(text, kind, ListOrigin.Command, _clock.GetUtcNow())], Ct);

    private int Reads() => _asked.Count(static m => m == nameof(IListStore.ReadAsync));

    private static async Task<string?> BlockedAsync(StoredLists lists, string scope = "") =>
        (await lists.FindAsync(scope, Ct)).Block.FindSender(Sender);

    [Fact]
    public async Task What_was_asked_once_is_answered_from_memory_until_it_changes()
    {
        using var lists = new StoredLists(_store, _clock);
        Assert.Null(await BlockedAsync(lists));
        await AddAsync("", "far.example");
        Assert.Equal("far.example", await BlockedAsync(lists));
        var reads = Reads();
        for (var i = 0; i < 100; i++)
            Assert.Equal("far.example", await BlockedAsync(lists));
        Assert.Equal(reads, Reads());
        await _memory.Lists.RemoveAsync("", ListKind.Block, ["far.example"], false, Ct);
        Assert.Null(await BlockedAsync(lists));
    }

    [Fact]
    public async Task A_change_of_one_scope_reads_no_other_anew()
    {
        await _memory.Directory.AddDomainAsync(DomainName.Parse("our.example"), Ct);
        using var lists = new StoredLists(_store, _clock);
        await BlockedAsync(lists);
        await BlockedAsync(lists, "our.example");
        var reads = Reads();
        await AddAsync("our.example", "far.example");
        Assert.Null(await BlockedAsync(lists));
        Assert.Equal(reads, Reads());
        Assert.Equal("far.example", await BlockedAsync(lists, "our.example"));
        Assert.Equal(reads + 1, Reads());
    }

    [Fact]
    public async Task Two_nodes_see_each_other_s_changes_and_thresholds()
    {
        using var one = new StoredLists(_store, _clock);
        using var two = new StoredLists(_store, _clock);
        Assert.Null(await BlockedAsync(one));
        Assert.Null(await BlockedAsync(two));
        await AddAsync("", "far.example");
        await _store.Lists.SetThresholdAsync("", 3, Ct);
        Assert.Equal("far.example", await BlockedAsync(one));
        Assert.Equal("far.example", await BlockedAsync(two));
        Assert.Equal(3, (await two.FindAsync("", Ct)).Threshold);
        await AddAsync("", "far.example", ListKind.Allow);
        Assert.Null(await BlockedAsync(two));
        Assert.Null(await BlockedAsync(one));
    }

    [Fact]
    public async Task A_change_while_a_scope_is_read_is_not_lost()
    {
        using var lists = new StoredLists(_store, _clock);
        await BlockedAsync(lists);
        await AddAsync("", "other.example");
        // Read before the change, kept after it.
        _fault = method =>
        {
            if (method == nameof(IListStore.ReadAsync))
            {
                _fault = static _ => null;
                AddAsync("", "far.example").GetAwaiter().GetResult();
            }

            return null;
        };
        await BlockedAsync(lists);
        Assert.Equal("far.example", await BlockedAsync(lists));
    }

    [Fact]
    public async Task P14_a_store_that_is_down_is_no_empty_list()
    {
        await AddAsync("", "far.example");
        using var lists = new StoredLists(_store, _clock);
        _fault = static _ => new StoreException(StoreFault.Busy, "locked");
        await Assert.ThrowsAsync<StoreException>(() => BlockedAsync(lists));
        _fault = static _ => null;
        Assert.Equal("far.example", await BlockedAsync(lists));
        // What is known goes on being answered; once it is to be looked at again, the store has to answer.
        _fault = static _ => new StoreException(StoreFault.Busy, "locked");
        Assert.Equal("far.example", await BlockedAsync(lists));
        _clock.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<StoreException>(() => BlockedAsync(lists));
        _fault = static _ => null;
        Assert.Equal("far.example", await BlockedAsync(lists));
    }

    [Fact]
    public async Task Memory_has_a_bound()
    {
        using var lists = new StoredLists(_store, _clock);
        for (var i = 0; i <= StoredLists.MaxScopes; i++)
            await lists.FindAsync($"u{i}@our.example", Ct);
        Assert.InRange(lists.Count, 1, StoredLists.MaxScopes);
    }
}
