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
    /// Our own second look (<see cref="TokenBalance"/>): above 0 for spam, below for good mail; −4 and 4 are clear, 0 says nothing.
    /// </summary>
    public double Balance { get; init; }

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
