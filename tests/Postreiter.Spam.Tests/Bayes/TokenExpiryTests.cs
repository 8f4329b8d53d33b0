using Postreiter.Spam.Bayes;

namespace Postreiter.Spam.Tests.Bayes;

/// <summary>Old tokens go when there are too many; the numbers are those that SpamAssassin's own arithmetic gives.</summary>
public sealed class TokenExpiryTests
{
    private const long Now = 1_700_000_000;
    private const long HalfDay = TokenExpiry.Period;

    [Theory]
    [InlineData(100_000, 1, false)]
    [InlineData(200_000, 1, true)]
    [InlineData(200_000, 0, false)]
    public void It_is_due_with_too_many_tokens_of_more_than_one_time(int tokens, int spread, bool isDue)
    {
        using var learned = Learned(tokens, i => Now - (i % 2 * spread * HalfDay));
        Assert.Equal(isDue, TokenExpiry.IsDue(learned, 150_000, default, Now));
        Assert.False(TokenExpiry.IsDue(learned, 150_000, new LastExpiry(Now - HalfDay + 1, 0, 0), Now));
    }

    [Fact]
    public void What_is_older_than_the_age_that_fits_goes()
    {
        // 200,000 tokens, one more old by 12 hours for every 1,000: the goal is to remove 87,500.
        using var learned = Learned(200_000, i => Now - (i / 1000 * HalfDay));
        var done = TokenExpiry.Expire(learned, 150_000, default, Now);
        // 64 half days would remove 136,000; 128 removes 72,000.
        Assert.Equal(128 * HalfDay, done.Age);
        Assert.Equal(71_000, done.Removed);
        Assert.Equal(129_000, learned.Count);
    }

    [Fact]
    public void The_last_one_is_the_guess_for_the_next()
    {
        using var learned = Learned(200_000, i => Now - (i / 1000 * HalfDay));
        var done = TokenExpiry.Expire(learned, 150_000, new LastExpiry(Now - HalfDay, 100 * HalfDay, 87_500), Now);
        Assert.Equal(100 * HalfDay, done.Age);
        Assert.Equal(99_000, done.Removed);
    }

    [Fact]
    public void A_hundred_thousand_are_always_kept()
    {
        using var learned = Learned(200_000, i => i < 60_000 ? Now : Now - (600 * HalfDay));
        var last = new LastExpiry(Now - HalfDay, HalfDay, 87_500);
        Assert.Equal(new LastExpiry(Now, 0, 0), TokenExpiry.Expire(learned, 150_000, last, Now));
        Assert.Equal(200_000, learned.Count);
    }

    private static LearnedTokens Learned(int tokens, Func<int, long> time)
    {
        var learned = new LearnedTokens();
        for (var i = 0; i < tokens; i++)
            learned.Add([(ulong)i * 5_368_709], 1, 0, (uint)time(i));
        return learned;
    }
}
