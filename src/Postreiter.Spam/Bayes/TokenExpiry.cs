namespace Postreiter.Spam.Bayes;

/// <summary>What the last expiry did, from which the next one guesses.</summary>
/// <param name="At">When; seconds since 1970, 0 = never.</param>
/// <param name="Age">The age from which tokens went, seconds.</param>
/// <param name="Removed">Tokens that went.</param>
public readonly record struct LastExpiry(long At, long Age, long Removed);

/// <summary>Forgets tokens that were of use to no mail for a long time, by SpamAssassin's rules.</summary>
public static class TokenExpiry
{
    /// <summary>Tokens that are always kept.</summary>
    public const int AlwaysKept = 100_000;

    /// <summary>Between two expiries, seconds; also the unit of ages.</summary>
    public const long Period = 12 * 3600;

    private const int MaxExponent = 9;
    private const int LeastRemoved = 1000;
    private const long Month = 30L * 86_400;

    /// <summary>Whether it is time.</summary>
    /// <param name="learned">The tokens.</param>
    /// <param name="most">Tokens above which it is done (bayes_expiry_max_db_size).</param>
    /// <param name="last">The last one.</param>
    /// <param name="now">Seconds since 1970.</param>
    public static bool IsDue(LearnedTokens learned, long most, LastExpiry last, long now)
    {
        ArgumentNullException.ThrowIfNull(learned);
        if (now - last.At < Period || learned.Count <= AlwaysKept || learned.Count < most)
            return false;
        var (oldest, newest) = Times(learned);
        return (long)newest - oldest >= Period;
    }

    /// <summary>Forgets old tokens until three quarters of <paramref name="most"/> are left, or as near as their ages allow.</summary>
    /// <param name="learned">The tokens.</param>
    /// <param name="most">Tokens above which it is done.</param>
    /// <param name="last">The last one.</param>
    /// <param name="now">Seconds since 1970.</param>
    /// <returns>What was done; the tokens removed are 0 when nothing was.</returns>
    public static LastExpiry Expire(LearnedTokens learned, long most, LastExpiry last, long now)
    {
        ArgumentNullException.ThrowIfNull(learned);
        var goal = learned.Count - Math.Max(AlwaysKept, most * 3 / 4);
        if (goal < LeastRemoved)
            return last with { At = now };
        var newest = Math.Min(Times(learned).Newest, now);
        if (Age(learned, goal, last, newest, now) is not { } age)
            return last with { At = now };
        var limit = newest - age;
        var kept = 0L;
        learned.ForEach((_, counts) => kept += counts.Time >= limit ? 1 : 0);
        // Ages can lie so close together that nearly all would go.
        if (kept < AlwaysKept)
            return new LastExpiry(now, 0, 0);
        return new LastExpiry(now, age, learned.Keep(counts => counts.Time >= limit));
    }

    // From the last one where the two are alike; else the longest age of 12 hours times a power of two whose tokens do not exceed the goal.
    private static long? Age(LearnedTokens learned, long goal, LastExpiry last, long newest, long now)
    {
        var guess = last.Removed > 0 ? (long)((double)last.Age * last.Removed / goal) : 0;
        var ratio =
            last.Removed == 0 ? double.MaxValue : Math.Max((double)last.Removed / goal, (double)goal / last.Removed);
        if (
            now - last.At <= Month
            && last.Age >= Period
            && last.Removed >= LeastRemoved
            && guess >= Period
            && ratio <= 1.5
        )
            return guess;
        var older = new long[MaxExponent + 1];
        learned.ForEach(
            (_, counts) =>
            {
                for (var i = 0; i <= MaxExponent && newest - counts.Time >= Period << i; i++)
                    older[i]++;
            }
        );
        var exponent = MaxExponent;
        while (exponent >= 0 && older[exponent] <= goal)
            exponent--;
        // One further out, for this one would remove too many.
        exponent++;
        return exponent <= MaxExponent && older[exponent] >= LeastRemoved ? Period << exponent : null;
    }

    private static (uint Oldest, uint Newest) Times(LearnedTokens learned)
    {
        var (oldest, newest) = (uint.MaxValue, 0u);
        learned.ForEach(
            (_, counts) => (oldest, newest) = (Math.Min(oldest, counts.Time), Math.Max(newest, counts.Time))
        );
        return oldest > newest ? (0, 0) : (oldest, newest);
    }
}
