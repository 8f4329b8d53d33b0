namespace Postreiter.Spam.Bayes;

/// <summary>
/// A second look at what the tokens of a mail say: how far those of spam outweigh those of good mail. Where strong words stand against each other
/// Fisher's method says one half whoever has more of them, and this does not. The words of the header and those of the text are two witnesses: each
/// is heard by itself, so that a long text does not drown what the header says.
/// </summary>
/// <remarks>
/// Each side is the sum of its tokens' log odds by their number to the power of ¾: between the sum (0), which long mails fill, and the mean (1), which
/// knows no difference between two words and a hundred. All numbers were chosen by cross-validation on the train half of the corpus alone;
/// docs/spam-learning.md has the comparison.
/// </remarks>
internal sealed class TokenBalance
{
    // What a token that was seen once or twice is drawn to, and how strongly.
    private const double Unknown = 0.538;
    private const double Strength = 0.1;

    // How far from one half a token has to be.
    private const double MinStrength = 0.4;
    private const double Power = 0.75;
    private const double TextWeight = 1.5;

    private readonly List<double> _header = new(128);
    private readonly List<double> _text = new(128);

    /// <summary>Adds a token.</summary>
    /// <param name="token">Its octets.</param>
    /// <param name="counts">How often it was seen; at least once.</param>
    /// <param name="spam">Mails learned as spam, above 0.</param>
    /// <param name="ham">Good ones learned, above 0.</param>
    public void Add(ReadOnlySpan<byte> token, TokenCounts counts, long spam, long ham)
    {
        double seen = (double)counts.Spam + counts.Ham;
        var plain = (double)counts.Spam * ham / (((double)counts.Ham * spam) + ((double)counts.Spam * ham));
        var probability = ((Strength * Unknown) + (seen * plain)) / (Strength + seen);
        if (Math.Abs(probability - 0.5) >= MinStrength)
            (IsOfHeader(token) ? _header : _text).Add(Math.Log(probability / (1 - probability)));
    }

    /// <summary>The balance: above 0 for spam, 0 where the tokens say nothing.</summary>
    public double Value => Side(_header) + (TextWeight * Side(_text));

    // No word of a text has a colon.
    private static bool IsOfHeader(ReadOnlySpan<byte> token) => token is [(byte)'H', ..] && token.Contains((byte)':');

    private static double Side(List<double> odds)
    {
        if (odds.Count == 0)
            return 0;
        // The strongest; of equal ones those of good mail first, so that the order in which they were found does not matter.
        if (odds.Count > ChiSquare.MaxTokens)
        {
            odds.Sort(
                static (a, b) => Math.Abs(b).CompareTo(Math.Abs(a)) is not 0 and var order ? order : a.CompareTo(b)
            );
            odds.RemoveRange(ChiSquare.MaxTokens, odds.Count - ChiSquare.MaxTokens);
        }

        return odds.Sum() / Math.Pow(odds.Count, Power);
    }
}
