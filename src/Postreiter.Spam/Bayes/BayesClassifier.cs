using System.Buffers;

namespace Postreiter.Spam.Bayes;

/// <summary>Says by what was learned whether a mail is spam. SpamAssassin's classifier, so that its rules and scores fit. For any thread.</summary>
/// <param name="minSpam">Mails learned as spam from which it says anything.</param>
/// <param name="minHam">Good mails learned, likewise.</param>
/// <param name="usesHapaxes">Whether tokens that were seen once count.</param>
public sealed class BayesClassifier(long minSpam = 200, long minHam = 200, bool usesHapaxes = true)
{
    /// <summary>Whether enough was learned.</summary>
    /// <param name="learned">What counts together: what the server and what an account learned.</param>
    public bool IsUsable(params ReadOnlySpan<LearnedTokens> learned)
    {
        var (spam, ham) = Mails(learned);
        return spam >= minSpam && ham >= minHam;
    }

    /// <summary>Weighs a mail.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="learned">What counts together.</param>
    public BayesScore Score(TokenSet tokens, params ReadOnlySpan<LearnedTokens> learned)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var (spam, ham) = Mails(learned);
        var counts = ArrayPool<TokenCounts>.Shared.Rent(Math.Max(1, tokens.Count));
        Array.Clear(counts, 0, tokens.Count);
        foreach (var place in learned)
            place.AddCounts(tokens.Keys, counts);
        var keys = tokens.Keys;
        var strong = ArrayPool<Strong>.Shared.Rent(Math.Max(1, tokens.Count));
        var found = 0;
        var known = 0;
        var balance = new TokenBalance();
        for (var i = 0; i < tokens.Count && spam > 0 && ham > 0; i++)
        {
            var seen = (long)counts[i].Spam + counts[i].Ham;
            if (seen < (usesHapaxes ? 1 : 2))
                continue;
            known++;
            balance.Add(tokens[i], counts[i], spam, ham);
            var probability = ChiSquare.Probability(counts[i], spam, ham);
            var strength = Math.Abs(probability - 0.5);
            if (strength >= ChiSquare.MinStrength)
                strong[found++] = new Strong(strength, keys[i], i, probability);
        }

        var sorted = strong.AsSpan(0, found);
        sorted.Sort();
        if (sorted.Length > ChiSquare.MaxTokens)
            sorted = sorted[..ChiSquare.MaxTokens];
        var weighed = new WeighedToken[sorted.Length];
        for (var i = 0; i < weighed.Length; i++)
            weighed[i] = new WeighedToken(sorted[i].Index, sorted[i].Probability, counts[sorted[i].Index]);
        ArrayPool<Strong>.Shared.Return(strong);
        ArrayPool<TokenCounts>.Shared.Return(counts);
        double? value = null;
        if (weighed.Length > 0)
        {
            Span<double> probabilities = stackalloc double[weighed.Length];
            for (var i = 0; i < weighed.Length; i++)
                probabilities[i] = weighed[i].Probability;
            value = ChiSquare.Combine(probabilities, spam, ham);
        }

        return new BayesScore(value, tokens.Count, known, weighed) { Balance = balance.Value };
    }

    private static (long Spam, long Ham) Mails(ReadOnlySpan<LearnedTokens> learned)
    {
        var (spam, ham) = (0L, 0L);
        foreach (var place in learned)
            (spam, ham) = (spam + place.Spam, ham + place.Ham);
        return (spam, ham);
    }

    /// <summary>A token that may weigh. The strongest first; equal ones in the order of their keys: the same mail always has the same score.</summary>
    private readonly record struct Strong(double Strength, ulong Key, int Index, double Probability)
        : IComparable<Strong>
    {
        public int CompareTo(Strong other) =>
            Strength > other.Strength ? -1
            : Strength < other.Strength ? 1
            : Key.CompareTo(other.Key);
    }
}
