using Postreiter.Spam.Bayes;

namespace Postreiter.Spam.Tests.Bayes;

/// <summary>The counts in memory are those of a plain dictionary, whatever is learned and forgotten in whatever order.</summary>
public sealed class TokenTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_changes_leave_what_a_dictionary_has(int seed)
    {
        var random = new Random(seed);
        var table = new TokenTable();
        var model = new Dictionary<ulong, TokenCounts>();
        // Few keys, near to each other: long runs of full places, and holes in them.
        ulong Key() => ((ulong)random.Next(3) << 32) | ((uint)random.Next(400) * (seed == 1 ? 1u : 0x00A0_0000u));
        for (var i = 0; i < 60_000; i++)
        {
            var (key, spam, ham, time) = (Key(), random.Next(-2, 3), random.Next(-2, 3), (uint)random.Next(1000));
            table.Add(key, spam, ham, time);
            var old = model.GetValueOrDefault(key);
            var now = new TokenCounts(
                (uint)Math.Max(0, old.Spam + spam),
                (uint)Math.Max(0, old.Ham + ham),
                Math.Max(old.Time, time)
            );
            if (now is { Spam: 0, Ham: 0 })
                model.Remove(key);
            else
                model[key] = now;
            if (i % 5000 == 0)
                Check();
        }

        Check();
        table.Keep(static counts => counts.Time >= 500);
        foreach (var old in model.Where(static m => m.Value.Time < 500).Select(static m => m.Key).ToList())
            model.Remove(old);
        Check();
        var copy = new TokenTable();
        for (var page = 0; page < TokenTable.Pages; page++)
            copy.ReadPage(page, table.WritePage(page));
        Assert.Equal(table.All().OrderBy(static t => t.Key), copy.All().OrderBy(static t => t.Key));

        void Check()
        {
            Assert.Equal(model.Count, table.Count);
            Assert.Equal(
                model.Select(static m => (m.Key, m.Value)).OrderBy(static m => m.Key),
                table.All().OrderBy(static t => t.Key)
            );
            foreach (var (key, counts) in model)
                Assert.True(table.TryGet(key, out var found) && found == counts);
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void Random_histories_of_learning_and_forgetting_end_in_the_counts_of_what_is_learned_at_the_end(int seed)
    {
        var random = new Random(seed);
        var mails = Enumerable
            .Range(0, 60)
            .Select(_ =>
                Enumerable
                    .Range(0, random.Next(1, 80))
                    .Select(_ => (ulong)random.NextInt64(0, 500) << 28)
                    .Distinct()
                    .Order()
                    .ToArray()
            )
            .ToList();
        using var history = new LearnedTokens();
        var state = new bool?[mails.Count];
        for (var i = 0; i < 3000; i++)
        {
            var mail = random.Next(mails.Count);
            bool? wanted = random.Next(3) switch
            {
                0 => true,
                1 => false,
                _ => null,
            };
            if (wanted == state[mail])
                continue;
            if (state[mail] is { } was)
                history.Add(mails[mail], was ? -1 : 0, was ? 0 : -1, 0);
            if (wanted is { } now)
                history.Add(LearnedTokens.WriteKeys(mails[mail]), now ? 1 : 0, now ? 0 : 1, 7);
            state[mail] = wanted;
        }

        using var direct = new LearnedTokens();
        for (var mail = 0; mail < mails.Count; mail++)
        {
            if (state[mail] is { } isSpam)
                direct.Add(mails[mail], isSpam ? 1 : 0, isSpam ? 0 : 1, 7);
        }

        Assert.Equal((direct.Spam, direct.Ham), (history.Spam, history.Ham));
        Assert.Equal(direct.ToList().OrderBy(static t => t.Key), history.ToList().OrderBy(static t => t.Key));
    }

    [Fact]
    public void A_change_or_a_page_that_is_cut_off_is_no_change()
    {
        using var learned = new LearnedTokens();
        var keys = LearnedTokens.WriteKeys([1, 2, 3]);
        for (var length = 1; length < keys.Length; length++)
        {
            if (length % TokenKey.Size != 0)
                Assert.Throws<InvalidDataException>(() => learned.Add(keys.AsSpan(0, length), 1, 0, 5));
        }

        Assert.Equal(0, learned.Count);
        learned.Add(keys, 1, 0, 5);
        var page = learned.WritePages()[0].Octets;
        Assert.Throws<InvalidDataException>(() => learned.ReadPage(0, page.AsSpan(0, page.Length - 1)));
        Assert.Throws<InvalidDataException>(() => learned.ReadPage(1, page));
    }
}
