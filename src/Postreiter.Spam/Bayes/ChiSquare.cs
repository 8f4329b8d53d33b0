namespace Postreiter.Spam.Bayes;

/// <summary>What the counts of tokens say about a mail: Robinson's f(w) for each, joined by Fisher's method, as in SpamAssassin.</summary>
/// <remarks>G. Robinson, "A Statistical Approach to the Spam Problem", Linux Journal 107 (2003); the constants are SpamAssassin's.</remarks>
internal static class ChiSquare
{
    /// <summary>Tokens of a mail that are looked at: the strongest.</summary>
    public const int MaxTokens = 150;

    /// <summary>How far from one half a token has to be.</summary>
    public const double MinStrength = 0.346;

    private const double Strength = 0.030;
    private const double StrengthTimesUnknown = 0.538 * Strength;

    /// <summary>The probability that a mail with this token is spam, 0 to 1.</summary>
    /// <param name="counts">How often it was seen.</param>
    /// <param name="spam">Mails learned as spam, above 0.</param>
    /// <param name="ham">Good ones learned, above 0.</param>
    public static double Probability(TokenCounts counts, long spam, long ham)
    {
        double s = counts.Spam;
        double n = counts.Ham;
        var plain = s * ham / ((n * spam) + (s * ham));
        return (StrengthTimesUnknown + ((s + n) * plain)) / (Strength + s + n);
    }

    /// <summary>Joins the probabilities of some tokens: 0 for good mail, 1 for spam, near one half where they contradict or say nothing.</summary>
    /// <param name="probabilities">At least one, each above 0 and below 1.</param>
    /// <param name="spam">Mails learned as spam.</param>
    /// <param name="ham">Good ones learned.</param>
    public static double Combine(ReadOnlySpan<double> probabilities, long spam, long ham)
    {
        var (spamLog, hamLog) = (Math.Log(spam / (double)(spam + ham)), Math.Log(ham / (double)(spam + ham)));
        foreach (var probability in probabilities)
        {
            spamLog += Math.Log(1 - probability);
            hamLog += Math.Log(probability);
        }

        var s = 1 - Tail(-spamLog, probabilities.Length);
        var h = 1 - Tail(-hamLog, probabilities.Length);
        return (1 + (s - h)) / 2;
    }

    // The chi-square distribution of 2n degrees of freedom at 2m and above: e^-m times the first n terms of e^m.
    private static double Tail(double m, int n)
    {
        var term = Math.Exp(-m);
        var sum = term;
        for (var i = 1; i < n; i++)
        {
            term *= m / i;
            sum += term;
        }

        return Math.Min(sum, 1);
    }
}
