using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Storage;
using Postreiter.Storage.Gate;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Gate;

/// <summary>Greylisting under a clock that the tests move: every edge of delay, window and lifetime.</summary>
public sealed class GreylistTests : IAsyncLifetime
{
    private static readonly EmailAddress Sender = EmailAddress.Parse("ann@client.example");
    private static readonly EmailAddress Recipient = EmailAddress.Parse("bob@our.example");
    private readonly TestClock _clock = new();
    private readonly MemoryStore _store;
    private readonly List<GreylistSync> _syncs = [];
    private Greylist _list;

    public GreylistTests()
    {
        _store = new MemoryStore(_clock);
        _list = new Greylist(_clock, 1);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var sync in _syncs)
            sync.Dispose();
        await _store.DisposeAsync();
    }

    private static GreylistClient Client(string address, string pool = "") =>
        new(IPAddress.Parse(address), pool.Length == 0 ? default : DomainName.Parse(pool));

    private GreylistAnswer Check(
        string client = "192.0.2.7",
        string sender = "ann@client.example",
        string recipient = "bob@our.example",
        string pool = ""
    ) =>
        _list.Check(
            Client(client, pool),
            sender.Length == 0 ? null : EmailAddress.Parse(sender),
            EmailAddress.Parse(recipient)
        );

    private void After(double seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));

    private async Task<GreylistSync> SyncAsync(Greylist list, IStore? store = null)
    {
        var sync = new GreylistSync(list, store ?? _store, _clock, NullLogger.Instance);
        _syncs.Add(sync);
        await sync.LoadAsync(Ct);
        return sync;
    }

    /// <summary>The server stops and starts again.</summary>
    private async Task RestartAsync()
    {
        var sync = _syncs.Count == 0 ? await SyncAsync(_list) : _syncs[^1];
        await sync.SyncAsync(Ct);
        _list = new Greylist(_clock, 77) { Options = _list.Options };
        await SyncAsync(_list);
    }

    [Fact]
    public async Task A_domain_that_is_known_by_its_mail_stays_so_by_use_over_restarts()
    {
        var domain = DomainName.Parse("pool.example");
        var lifetime = _list.Options.Lifetime.TotalSeconds;
        for (var i = 0; i < 5; i++)
            _list.NoteGood(domain);
        await RestartAsync();
        After(lifetime * 0.6);
        Assert.True(_list.IsKnownDomain(domain));
        await RestartAsync();
        After(lifetime * 0.6);
        Assert.True(_list.IsKnownDomain(domain));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_triplet_waits_for_the_delay_to_the_second(bool restarts)
    {
        Assert.Equal(new GreylistAnswer(GreylistResult.New, 300), Check());
        After(100);
        if (restarts)
            await RestartAsync();
        // Coming early does not begin the wait anew.
        Assert.Equal(new GreylistAnswer(GreylistResult.Early, 200), Check());
        After(199);
        Assert.Equal(new GreylistAnswer(GreylistResult.Early, 1), Check());
        After(1);
        Assert.Equal(new GreylistAnswer(GreylistResult.CameBack, 300), Check());
        Assert.Equal(GreylistResult.Known, Check().Result);
    }

    [Theory, InlineData(0, false), InlineData(1, false), InlineData(0, true), InlineData(1, true)]
    public async Task A_triplet_has_to_be_back_within_the_window(int late, bool restarts)
    {
        Check();
        After((2 * 86_400) + late);
        if (restarts)
            await RestartAsync();
        Assert.Equal(late == 0 ? GreylistResult.CameBack : GreylistResult.New, Check().Result);
        if (late == 0)
            return;
        // Its wait has begun anew.
        After(299);
        Assert.Equal(new GreylistAnswer(GreylistResult.Early, 1), Check());
        After(1);
        Assert.Equal(GreylistResult.CameBack, Check().Result);
    }

    [Theory, InlineData(0, false), InlineData(1, false), InlineData(0, true), InlineData(1, true)]
    public async Task A_triplet_that_passed_is_known_for_its_lifetime_from_its_last_use(int late, bool restarts)
    {
        const double lifetime = 36 * 86_400;
        Check();
        After(300);
        Check();
        // Renewed twice.
        After(lifetime);
        Assert.Equal(GreylistResult.Known, Check().Result);
        After(lifetime);
        if (restarts)
            await RestartAsync();
        Assert.Equal(GreylistResult.Known, Check().Result);
        After(lifetime + late);
        if (restarts)
            await RestartAsync();
        Assert.Equal(late == 0 ? GreylistResult.Known : GreylistResult.New, Check().Result);
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.254", true)]
    [InlineData("192.0.2.7", "192.0.3.7", false)]
    [InlineData("192.0.2.7", "::ffff:192.0.2.8", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    public void A_client_is_its_network(string first, string second, bool same)
    {
        Check(first);
        After(300);
        Assert.Equal(same ? GreylistResult.CameBack : GreylistResult.New, Check(second).Result);
    }

    [Fact]
    public void Sender_and_recipient_belong_to_a_triplet_and_letters_of_their_case_do_not()
    {
        Check();
        After(300);
        Assert.Equal(GreylistResult.New, Check(sender: "other@client.example").Result);
        Assert.Equal(GreylistResult.New, Check(recipient: "cat@our.example").Result);
        Assert.Equal(GreylistResult.CameBack, Check(sender: "ANN@Client.Example", recipient: "Bob@OUR.example").Result);
    }

    [Fact]
    public async Task A_client_with_five_triplets_that_came_back_passes_altogether()
    {
        for (var i = 0; i < 5; i++)
            Assert.Equal(GreylistResult.New, Check(recipient: $"r{i}@our.example").Result);
        After(300);
        for (var i = 0; i < 5; i++)
        {
            // The same one many times is one.
            for (var n = 0; n < 3; n++)
                Assert.False(Check(recipient: $"r{i}@our.example").IsDelayed);
            if (i < 4)
                Assert.Equal(GreylistResult.New, Check(recipient: $"new{i}@our.example").Result);
            if (i == 2)
                await RestartAsync();
        }

        Assert.Equal(GreylistResult.KnownClient, Check(recipient: "anybody@our.example").Result);
        Assert.Equal(GreylistResult.KnownClient, Check("192.0.2.200", "x@y.example").Result);
        Assert.Equal(GreylistResult.New, Check("192.0.3.7").Result);
        await RestartAsync();
        // For its lifetime, renewed by use.
        After(36 * 86_400);
        Assert.Equal(GreylistResult.KnownClient, Check(recipient: "r9@our.example").Result);
        After((36 * 86_400) + 1);
        Assert.Equal(GreylistResult.New, Check(recipient: "r9@our.example").Result);
    }

    [Fact]
    public void A_provider_may_come_back_from_another_network()
    {
        Assert.Equal(GreylistResult.New, Check("192.0.2.7", pool: "client.example").Result);
        After(300);
        Assert.Equal(GreylistResult.CameBack, Check("198.51.100.1", pool: "client.example").Result);
        // Its neighbour for whom SPF does not vouch is somebody else.
        Assert.Equal(GreylistResult.New, Check("192.0.2.7").Result);
    }

    [Fact]
    public void The_reply_is_of_the_form_that_people_know()
    {
        var reply = GreylistReply.Of(IPAddress.Parse("::ffff:192.0.2.7"), Sender, Recipient, 300);
        Assert.Equal((451, "4.7.1"), (reply.Code, reply.Enhanced.ToString()));
        Assert.Equal(
            [
                "192.0.2.7 is not yet authorized to deliver mail from",
                "<ann@client.example> to <bob@our.example>.",
                "Please try again in 300 seconds.",
            ],
            reply.Lines
        );
        // The longest addresses there are: no line is longer than a reply may be.
        var longest = EmailAddress.Parse(
            new string('a', 64) + "@" + string.Join('.', Enumerable.Repeat(new string('b', 60), 4))
        );
        reply = GreylistReply.Of(IPAddress.Parse("2001:db8::1"), longest, longest, 1);
        Assert.All(reply.Lines, l => Assert.InRange(l.Length, 1, 512 - 12));
        Assert.Equal("<> to <bob@our.example>.", GreylistReply.Of(IPAddress.Loopback, null, Recipient, 1).Lines[1]);
    }

    [Fact]
    public async Task Two_nodes_share_one_store()
    {
        var one = _list;
        var two = new Greylist(_clock, 2);
        var (syncOne, syncTwo) = (await SyncAsync(one), await SyncAsync(two));
        async Task BothAsync()
        {
            await syncOne.SyncAsync(Ct);
            await syncTwo.SyncAsync(Ct);
            await syncOne.SyncAsync(Ct);
        }

        GreylistAnswer On(Greylist list, string recipient = "bob@our.example") =>
            list.Check(Client("192.0.2.7"), Sender, EmailAddress.Parse(recipient));

        Assert.Equal(GreylistResult.New, On(one).Result);
        // Not told yet: the other asks anew, and neither makes it wait longer for that.
        After(1);
        Assert.Equal(GreylistResult.New, On(two).Result);
        await BothAsync();
        After(299);
        Assert.Equal(GreylistResult.CameBack, On(two).Result);
        await BothAsync();
        Assert.Equal(GreylistResult.Known, On(one).Result);
        // Passes of a client add up over the nodes.
        for (var i = 0; i < 4; i++)
            On(i % 2 == 0 ? one : two, $"r{i}@our.example");
        await BothAsync();
        After(300);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(GreylistResult.CameBack, On(i % 2 == 0 ? two : one, $"r{i}@our.example").Result);
            await BothAsync();
        }

        Assert.Equal(GreylistResult.KnownClient, On(one, "new@our.example").Result);
        Assert.Equal(GreylistResult.KnownClient, On(two, "new@our.example").Result);
        // Taken away by hand at one node: the other hears of it.
        var row = (await _store.Gate.ListGreylistAsync(0, 100, Ct)).Single(r =>
            r is { Client: "192.0.2.0/24", Recipient: "" }
        );
        After(1);
        var now = (uint)_clock.GetUtcNow().ToUnixTimeSeconds();
        await _store.Gate.SaveGreylistAsync([row with { State = new GreylistState(row.State.Key, now, now, -1) }], Ct);
        await BothAsync();
        Assert.Equal(GreylistResult.New, On(one, "new@our.example").Result);
        Assert.Equal(GreylistResult.New, On(two, "new2@our.example").Result);
    }

    [Fact]
    public async Task P14_with_the_store_down_it_goes_on_from_memory_and_saves_later()
    {
        var isDown = true;
        var faulty = FaultyStore.Around(
            _store,
            m => isDown && m == "SaveGreylistAsync" ? new StoreException(StoreFault.Busy, "down") : null
        );
        var sync = await SyncAsync(_list, faulty);
        Check();
        await Assert.ThrowsAsync<StoreException>(() => sync.SyncAsync(Ct));
        After(300);
        Assert.Equal(GreylistResult.CameBack, Check().Result);
        isDown = false;
        await sync.SyncAsync(Ct);
        Assert.Equal(
            1,
            (await _store.Gate.ListGreylistAsync(0, 10, Ct)).Single(r => r.Recipient.Length > 0).State.Passes
        );
    }

    [Fact]
    public async Task What_is_over_is_forgotten_here_and_in_the_store()
    {
        var sync = await SyncAsync(_list);
        Check(recipient: "waits@our.example");
        Check();
        After(300);
        Check();
        await sync.SyncAsync(Ct);
        After((2 * 86_400) - 299);
        await sync.PruneAsync(Ct);
        Assert.DoesNotContain(await _store.Gate.ListGreylistAsync(0, 10, Ct), r => r.Recipient == "waits@our.example");
        Assert.Equal((2, 2), (_list.Count, (await _store.Gate.ListGreylistAsync(0, 10, Ct)).Count));
        After(36 * 86_400);
        await sync.PruneAsync(Ct);
        Assert.Equal((0, 0), (_list.Count, (await _store.Gate.ListGreylistAsync(0, 10, Ct)).Count));
    }

    [Fact]
    public async Task In_the_background_it_is_saved_every_two_seconds()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var sync = await SyncAsync(_list);
        Check();
        var running = sync.RunAsync(stop.Token);
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(2), Ct);
        await Site.UntilAsync(() => _store.Gate.ListGreylistAsync(0, 10, Ct).AsTask().Result.Count == 1);
        // What came since is saved at the end.
        Check(recipient: "cat@our.example");
        await stop.CancelAsync();
        await running;
        Assert.Equal(2, (await _store.Gate.ListGreylistAsync(0, 10, Ct)).Count);
    }

    [Fact]
    public async Task A_flood_of_callers_that_never_come_back_pushes_out_its_like_only()
    {
        _list = new Greylist(_clock, 3, maxRows: 64 * 64);
        var sync = await SyncAsync(_list);
        for (var i = 0; i < 50; i++)
            Check(recipient: $"r{i}@our.example", pool: "client.example");
        After(300);
        for (var i = 0; i < 5; i++)
            Check(recipient: $"r{i}@our.example", pool: "client.example");
        for (var i = 0; i < 100_000; i++)
        {
            if (i % 100 == 0)
                After(1);
            if (i % 1_000 == 0)
                await sync.SyncAsync(Ct);
            Check($"10.{i >> 16}.{(i >> 8) & 255}.1", $"s{i & 255}@flood.example");
        }

        Assert.InRange(_list.Count, 1, 64 * 64);
        Assert.Equal(GreylistResult.KnownClient, Check(recipient: "x@our.example", pool: "client.example").Result);
        // Nor does it fill the store.
        await sync.SyncAsync(Ct);
        Assert.True((await _store.Gate.ListGreylistAsync(0, 200_000, Ct)).Count > 50_000);
        await sync.PruneAsync(Ct);
        Assert.InRange((await _store.Gate.ListGreylistAsync(0, 200_000, Ct)).Count, 1, 8_192);
    }

    [Fact]
    public void A_clock_that_goes_back_makes_nobody_wait_for_longer_than_the_delay()
    {
        var clock = new BackwardClock();
        var list = new Greylist(clock, 1);
        GreylistAnswer Ask() => list.Check(Client("192.0.2.7"), Sender, Recipient);
        Ask();
        clock.Now -= TimeSpan.FromDays(3);
        Assert.Equal(new GreylistAnswer(GreylistResult.Early, 300), Ask());
        clock.Now += TimeSpan.FromDays(3) + TimeSpan.FromSeconds(300);
        Assert.Equal(GreylistResult.CameBack, Ask().Result);
    }

    private sealed class BackwardClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
