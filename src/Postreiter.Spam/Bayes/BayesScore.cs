using System.Globalization;

namespace Postreiter.Spam.Bayes;

/// <summary>A token that weighed, and what is known of it.</summary>
/// <param name="Index">Its place among the tokens of the mail.</param>
/// <param name="Probability">That a mail with it is spam.</param>
/// <param name="Counts">How often it was seen.</param>
public readonly record struct WeighedToken(int Index, double Probability, TokenCounts Counts);

/// <summary>What Bayes says of a mail.</summary>
/// <param name="Value">0 for good mail, 1 for spam; null when the mail says nothing.</param>
/// <param name="Tokens">Tokens of the mail.</param>
/// <param name="Known">Of them those that were seen before.</param>
/// <param name="Weighed">Of them those that weighed, the strongest first.</param>
public sealed record BayesScore(double? Value, int Tokens, int Known, IReadOnlyList<WeighedToken> Weighed)
{
    /// <summary>
    /// The sum of the log odds of the tokens that weighed, by their number to the power of ¾: above 0 for spam. Where strong words stand against
    /// each other the score is one half whoever has more of them, and this is not. 0 when the mail says nothing.
    /// </summary>
    /// <remarks>
    /// The power is between the sum (0), which long mails fill, and the mean (1), which knows no difference between two words and a hundred;
    /// docs/spam-learning.md has the comparison.
    /// </remarks>
    public double Balance
    {
        get
        {
            var sum = 0.0;
            foreach (var token in Weighed)
                sum += Math.Log(token.Probability) - Math.Log(1 - token.Probability);
            return Weighed.Count == 0 ? 0 : sum / Math.Pow(Weighed.Count, 0.75);
        }
    }

    /// <summary>The report's tags: BAYES, BAYESTC, BAYESTCLEARNED, BAYESTCSPAMMY, BAYESTCHAMMY and TOKENSUMMARY.</summary>
    public IEnumerable<(string Name, string Value)> Tags()
    {
        var spammy = Weighed.Count(static token => token.Probability >= 0.5);
        var hammy = Weighed.Count - spammy;
        if (Value is { } value)
            yield return ("BAYES", value.ToString("F4", CultureInfo.InvariantCulture));
        yield return ("BAYESTC", Text(Tokens));
        yield return ("BAYESTCLEARNED", Text(Known));
        yield return ("BAYESTCSPAMMY", Text(spammy));
        yield return ("BAYESTCHAMMY", Text(hammy));
        yield return (
            "TOKENSUMMARY",
            $"Tokens: new, {Text(Tokens - Known)}; hammy, {Text(hammy)}; neutral, {Text(Known - Weighed.Count)}; spammy, {Text(spammy)}."
        );
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
