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
        Array.Clear(counts);
        foreach (var place in learned)
            place.AddCounts(tokens.Keys, counts);
        var weighed = new List<WeighedToken>();
        var known = 0;
        for (var i = 0; i < tokens.Count && spam > 0 && ham > 0; i++)
        {
            var seen = (long)counts[i].Spam + counts[i].Ham;
            if (seen < (usesHapaxes ? 1 : 2))
                continue;
            known++;
            var probability = ChiSquare.Probability(counts[i], spam, ham);
            if (Math.Abs(probability - 0.5) >= ChiSquare.MinStrength)
                weighed.Add(new WeighedToken(i, probability, counts[i]));
        }

        ArrayPool<TokenCounts>.Shared.Return(counts);
        // Equal ones in the order of their keys: the same mail always has the same score.
        var keys = tokens.Keys.ToArray();
        weighed.Sort(
            (a, b) =>
                Math.Abs(b.Probability - 0.5).CompareTo(Math.Abs(a.Probability - 0.5)) is not 0 and var order
                    ? order
                    : keys[a.Index].CompareTo(keys[b.Index])
        );
        if (weighed.Count > ChiSquare.MaxTokens)
            weighed.RemoveRange(ChiSquare.MaxTokens, weighed.Count - ChiSquare.MaxTokens);
        double? value = null;
        if (weighed.Count > 0)
        {
            Span<double> probabilities = stackalloc double[weighed.Count];
            for (var i = 0; i < weighed.Count; i++)
                probabilities[i] = weighed[i].Probability;
            value = ChiSquare.Combine(probabilities, spam, ham);
        }

        return new BayesScore(value, tokens.Count, known, weighed);
    }

    private static (long Spam, long Ham) Mails(ReadOnlySpan<LearnedTokens> learned)
    {
        var (spam, ham) = (0L, 0L);
        foreach (var place in learned)
            (spam, ham) = (spam + place.Spam, ham + place.Ham);
        return (spam, ham);
    }
}
