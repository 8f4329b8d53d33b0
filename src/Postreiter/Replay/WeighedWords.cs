using System.Text;
using System.Text.Json.Nodes;
using Postreiter.CommandLine;
using Postreiter.Spam.Bayes;

namespace Postreiter.Replay;

/// <summary>What is learned of the words of a mail.</summary>
/// <param name="Score">What follows of all of them.</param>
/// <param name="Words">Those that weighed most, the strongest first.</param>
internal sealed record WeighedWords(
    BayesScore Score,
    IReadOnlyList<(string Word, double Probability, TokenCounts Counts)> Words
)
{
    /// <summary>Takes them from a mail.</summary>
    /// <param name="set">Its tokens.</param>
    /// <param name="score">What was said of them.</param>
    /// <param name="most">So many words at most.</param>
    public static WeighedWords Of(TokenSet set, BayesScore score, int most) =>
        new(score, [.. score.Weighed.Take(most).Select(w => (Text(set[w.Index]), w.Probability, w.Counts))]);

    /// <summary>As one object.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["score"] = Score.Value is { } value ? Math.Round(value, 6) : null,
            ["balance"] = Math.Round(Score.Balance, 3),
            ["words"] = Score.Tokens,
            ["known"] = Score.Known,
            ["weighed"] = Score.Weighed.Count,
            ["strongest"] = new JsonArray([
                .. Words.Select(static w => new JsonObject
                {
                    ["word"] = w.Word,
                    ["probability"] = Math.Round(w.Probability, 6),
                    ["spam"] = (long)w.Counts.Spam,
                    ["ham"] = (long)w.Counts.Ham,
                }),
            ]),
        };

    // Tokens are octets, of any mail: nothing of them may move a terminal's cursor.
    private static string Text(ReadOnlySpan<byte> token)
    {
        var text = Encoding.UTF8.GetString(token);
        if (text.Contains('\uFFFD', StringComparison.Ordinal))
            text = Encoding.Latin1.GetString(token);
        return Terminal.Plain(text);
    }
}
