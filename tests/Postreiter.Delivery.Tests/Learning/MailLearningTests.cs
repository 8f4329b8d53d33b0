using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Core;
using Postreiter.Delivery.Learning;
using Postreiter.Spam.Bayes;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Scanning;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;
using Postreiter.Storage.Learning;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Learning;

/// <summary>What is learned in the store is what scans hear of, whatever happens in between.</summary>
public sealed class MailLearningTests : IAsyncDisposable
{
    private const string Text = """
        bayes_min_spam_num 3
        bayes_min_ham_num 3
        body LOW eval:check_bayes('0.00', '0.50')
        tflags LOW nice learn
        score LOW 0 0 -1 -1
        body HIGH eval:check_bayes('0.50', '1.00')
        tflags HIGH learn
        score HIGH 0 0 6 6
        header HEAD Subject =~ /jackpot/
        score HEAD 13 13 13 13
        body BODY /fortune/
        score BODY 7 7 7 7
        header NICE Subject =~ /minutes/
        score NICE -1 -1 -1 -1

        """;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero));
    private readonly MemoryStore _store;
    private readonly MailLearning _learning;
    private readonly Ruleset _rules;

    public MailLearningTests()
    {
        _store = new MemoryStore(_time);
        _learning = new MailLearning(_store, _time, NullLogger.Instance);
        _rules = Rules(autolearns: false);
        _learning.Use(_rules);
    }

    private static Ruleset Rules(bool autolearns)
    {
        var reader = new RulesetReader();
        reader.ReadText(
            "test.cf",
            "loadplugin Mail::SpamAssassin::Plugin::Bayes\nloadplugin Mail::SpamAssassin::Plugin::AutoLearnThreshold\n"
                + $"bayes_auto_learn {(autolearns ? 1 : 0)}\n{Text}"
        );
        return reader.Complete();
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Any_history_of_learning_forgetting_and_relearning_ends_in_the_same_counts(int seed)
    {
        var random = new Random(seed);
        var state = new bool?[40];
        using var place = new LearnedPlace(_store.Learning, ILearningStore.Server, _time);
        for (var i = 0; i < 400; i++)
        {
            var mail = random.Next(state.Length);
            bool? isSpam = random.Next(3) switch
            {
                0 => true,
                1 => false,
                _ => null,
            };
            var changed = await _learning.LearnAsync(Mail(mail), isSpam, user: null, Ct);
            Assert.Equal(state[mail] != isSpam, changed);
            state[mail] = isSpam;
            // Readers come and go, and write pages, at any time.
            if (random.Next(20) == 0)
                await place.ExpireAsync(1_000_000, isForced: true, Ct);
        }

        await place.RefreshAsync(Ct);
        await using var other = new MemoryStore(_time);
        await using var direct = new MailLearning(other, _time, NullLogger.Instance);
        direct.Use(_rules);
        for (var mail = 0; mail < state.Length; mail++)
            await direct.LearnAsync(Mail(mail), state[mail], user: null, Ct);
        using var wanted = new LearnedPlace(other.Learning, ILearningStore.Server, _time);
        await wanted.RefreshAsync(Ct);
        Assert.Equal((wanted.Tokens.Spam, wanted.Tokens.Ham), (place.Tokens.Spam, place.Tokens.Ham));
        Assert.Equal(Counts(wanted), Counts(place));
    }

    [Fact]
    public async Task The_next_scan_knows_what_was_learned_and_each_account_for_itself()
    {
        var ann = await AddAccountAsync("ann@our.example");
        var scans = new MailScans(_rules) { Learned = _learning };
        Assert.Equal("", await HitsAsync(scans, null));
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await _learning.LearnAsync(Mail(i), isSpam: true, "ann@our.example", Ct));
            Assert.Equal("", await HitsAsync(scans, "ann@our.example"));
            Assert.True(await _learning.LearnAsync(Mail(i + 50), isSpam: false, "ann@our.example", Ct));
        }

        Assert.Equal("HIGH", await HitsAsync(scans, "ann@our.example"));
        Assert.Equal("", await HitsAsync(scans, null));
        Assert.Equal("", await HitsAsync(scans, "eve@our.example"));
        // Ann's and the server's together.
        for (var i = 0; i < 3; i++)
            Assert.True(await _learning.LearnAsync(Mail(i + 60), isSpam: false, user: null, Ct));
        Assert.Equal("HIGH", await HitsAsync(scans, "ann@our.example"));
        Assert.True(await _learning.LearnAsync(Mail(0), isSpam: null, "ann@our.example", Ct));
        Assert.Equal("", await HitsAsync(scans, "ann@our.example"));
        Assert.True(await _store.Directory.RemoveAccountAsync(EmailAddress.Parse("ann@our.example"), Ct));
        Assert.Equal("", await HitsAsync(scans, "ann@our.example"));
        Assert.NotEqual(0, ann);
    }

    [Fact]
    public async Task Counts_that_cannot_be_read_leave_those_that_are_known_in_force()
    {
        var isDown = false;
        var faulty = FaultyStore.Around(
            _store,
            method =>
                isDown && method == nameof(ILearningStore.ReadAsync)
                    ? new StoreException(StoreFault.Busy, "busy")
                    : null
        );
        await using var learning = new MailLearning(faulty, _time, NullLogger.Instance);
        learning.Use(_rules);
        var scans = new MailScans(_rules) { Learned = learning };
        for (var i = 0; i < 3; i++)
        {
            await learning.LearnAsync(Mail(i), isSpam: true, user: null, Ct);
            await learning.LearnAsync(Mail(i + 50), isSpam: false, user: null, Ct);
        }

        Assert.Equal("HIGH", await HitsAsync(scans, null));
        isDown = true;
        Assert.Equal("HIGH", await HitsAsync(scans, null));
    }

    [Theory]
    [InlineData("jackpot", "fortune", "spam", 1, 0)]
    [InlineData("jackpot", "nothing", "no", 0, 0)]
    [InlineData("minutes", "of the meeting", "ham", 0, 1)]
    public async Task What_leaves_no_doubt_is_learned_once(string subject, string body, string word, int spam, int ham)
    {
        var scans = new MailScans(Rules(autolearns: true)) { Learned = _learning };
        var mail = Encoding.ASCII.GetBytes($"Subject: {subject}\nFrom: a@far.example\n\n{body}\n");
        for (var i = 0; i < 3; i++)
            Assert.Equal(word, (await scans.ScanAsync(mail, Ct)).Verdict.Autolearn);
        await _learning.DisposeAsync();
        using var place = new LearnedPlace(_store.Learning, ILearningStore.Server, _time);
        await place.RefreshAsync(Ct);
        Assert.Equal((spam, ham), (place.Tokens.Spam, place.Tokens.Ham));
    }

    [Theory]
    [InlineData(null, "spam")]
    [InlineData("bayes_auto_learn_threshold_spam 30\n", "no")]
    public async Task A_users_own_thresholds_hold_for_his_mail(string? lines, string word)
    {
        var scans = new MailScans(Rules(autolearns: true), new(), preferences: new Preferences(lines))
        {
            Learned = _learning,
        };
        var mail = Encoding.ASCII.GetBytes("Subject: jackpot\nFrom: a@far.example\n\nfortune\n");
        var scanned = await scans.ScanAsync(mail, new MailContext { User = "ann@our.example" }, Ct);
        Assert.Equal(word, scanned.Verdict.Autolearn);
    }

    [Fact]
    public async Task Old_tokens_that_the_store_could_not_forget_are_there_again()
    {
        using var learned = new LearnedTokens();
        var keys = new ulong[1000];
        for (var batch = 0; batch < 200; batch++)
        {
            for (var i = 0; i < keys.Length; i++)
                keys[i] = (((ulong)batch * 1000) + (ulong)i) * 0x9E3779B97F4A7C15 >> 24;
            learned.Add(keys, 1, 0, (uint)(1_700_000_000 + (batch * 86_400)));
        }

        var isDown = false;
        var faulty = FaultyStore.Around(
            _store,
            method =>
                isDown && method == nameof(ILearningStore.CompactAsync)
                    ? new StoreException(StoreFault.Busy, "busy")
                    : null
        );
        using var place = new LearnedPlace(faulty.Learning, ILearningStore.Server, _time);
        Assert.True(await place.ReplaceAsync(learned, [], Ct));
        await place.RefreshAsync(Ct);
        isDown = true;
        await Assert.ThrowsAsync<StoreException>(async () => await place.ExpireAsync(150_000, isForced: true, Ct));
        await place.RefreshAsync(Ct);
        Assert.Equal(200_000, place.Tokens.Count);
        Assert.Equal(default, place.LastExpiry);
        isDown = false;
        Assert.InRange(await place.ExpireAsync(150_000, isForced: true, Ct) ?? 0, 1, 100_000);
    }

    [Fact]
    public async Task A_fault_in_the_middle_of_the_changes_makes_nothing_count_twice()
    {
        for (var i = 0; i < 6; i++)
            await _learning.LearnAsync(Mail(i), isSpam: true, user: null, Ct);
        var broken = new BrokenReading(_store.Learning);
        using var place = new LearnedPlace(broken, ILearningStore.Server, _time);
        await place.RefreshAsync(Ct);
        for (var i = 6; i < 12; i++)
            await _learning.LearnAsync(Mail(i), isSpam: true, user: null, Ct);
        broken.BreaksAfter = 3;
        await Assert.ThrowsAsync<StoreException>(async () => await place.RefreshAsync(Ct));
        broken.BreaksAfter = int.MaxValue;
        await place.RefreshAsync(Ct);
        Assert.Equal(12, place.Tokens.Spam);
        using var wanted = new LearnedPlace(_store.Learning, ILearningStore.Server, _time);
        await wanted.RefreshAsync(Ct);
        Assert.Equal(Counts(wanted), Counts(place));
    }

    [Fact]
    public async Task Two_readers_who_write_pages_do_not_undo_each_others_work()
    {
        using var one = new LearnedPlace(_store.Learning, ILearningStore.Server, _time);
        using var two = new LearnedPlace(_store.Learning, ILearningStore.Server, _time);
        for (var i = 0; i < 30; i++)
        {
            await _learning.LearnAsync(Mail(i), i % 2 == 0, user: null, Ct);
            await (i % 3 == 0 ? one : two).ExpireAsync(1_000_000, isForced: true, Ct);
            await (i % 4 == 0 ? one : two).RefreshAsync(Ct);
        }

        await one.RefreshAsync(Ct);
        await two.RefreshAsync(Ct);
        Assert.Equal((15, 15), (one.Tokens.Spam, one.Tokens.Ham));
        Assert.Equal(Counts(one), Counts(two));
    }

    public async ValueTask DisposeAsync()
    {
        await _learning.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static async Task<string> HitsAsync(MailScans scans, string? user) =>
        string.Join(
            ' ',
            (await scans.ScanAsync(Mail(7), new MailContext { User = user }, Ct)).Verdict.Hits.Select(static h =>
                h.Name
            )
        );

    private static List<(ulong, TokenCounts)> Counts(LearnedPlace place) =>
        [.. place.Tokens.ToList().Select(static t => (t.Key, t.Counts with { Time = 0 })).OrderBy(static t => t.Key)];

    // From 50 on they are of another kind.
    private static byte[] Mail(int number) =>
        Encoding.ASCII.GetBytes(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Subject: a\nFrom: {(number < 50 ? "bob" : "carl")}@far.example\nDate: Mon, 2 Feb 2026 12:00:{number:d2} +0000\n\n"
                    + $"{(number < 50 ? "Wonderful pills enormous amounts" : "Lunch tomorrow usual table")} word{number % 5} number{number}\n"
            )
        );

    private async Task<long> AddAccountAsync(string text)
    {
        var address = EmailAddress.Parse(text);
        await _store.Directory.AddDomainAsync(address.Domain, Ct);
        var keys = new Credentials("", new ScramKeys([], 4096, [], []));
        return (await _store.Directory.AddAccountAsync(new NewAccount(address, keys), Ct))!.Id;
    }

    private sealed class Preferences(string? lines) : IPreferenceSource
    {
        public string? Find(string user) => lines;
    }

    /// <summary>A store that fails while it tells of changes.</summary>
    private sealed class BrokenReading(ILearningStore inner) : ILearningStore
    {
        public int BreaksAfter { get; set; } = int.MaxValue;

        public ValueTask<IReadOnlyList<bool>> LearnAsync(
            long place,
            IReadOnlyList<MailToLearn> mails,
            CancellationToken ct
        ) => inner.LearnAsync(place, mails, ct);

        public ValueTask<LearnedVersion> ReadAsync(
            long place,
            LearnedVersion after,
            ILearnedReader reader,
            CancellationToken ct
        ) => inner.ReadAsync(place, after, new Reader(reader, BreaksAfter), ct);

        public ValueTask<LearnedVersion?> CompactAsync(
            long place,
            LearnedVersion at,
            LearnedCounts counts,
            bool isNew,
            CancellationToken ct
        ) => inner.CompactAsync(place, at, counts, isNew, ct);

        public ValueTask<bool> ReplaceAsync(
            long place,
            LearnedCounts counts,
            IReadOnlyList<LearnedName> mails,
            CancellationToken ct
        ) => inner.ReplaceAsync(place, counts, mails, ct);

        public IAsyncEnumerable<LearnedName> ListAsync(long place, CancellationToken ct) => inner.ListAsync(place, ct);

        private sealed class Reader(ILearnedReader reader, int breaksAfter) : ILearnedReader
        {
            private int _changes;

            public void Start(LearnedCounts counts) => reader.Start(counts);

            public void Page(LearnedPage page) => reader.Page(page);

            public void Change(LearnedChange change)
            {
                if (++_changes > breaksAfter)
                    throw new StoreException(StoreFault.Busy, "busy");
                reader.Change(change);
            }
        }
    }
}
