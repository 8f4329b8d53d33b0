using System.Globalization;
using System.Text.RegularExpressions;
using Postreiter.Delivery.Gate.Tracing;

namespace Postreiter.Replay;

/// <summary>What was said of a mail when it came in.</summary>
/// <param name="IsSpam">Whether it was spam.</param>
/// <param name="Points">Its points, as far as they were printed; null = not known.</param>
/// <param name="Required">Points from which it was spam; null = not known.</param>
/// <param name="Rules">The rules that gave them.</param>
internal sealed partial record EarlierVerdict(bool IsSpam, double? Points, double? Required, IReadOnlySet<string> Rules)
{
    /// <summary>Reads the value of an X-Spam-Status field, of this server or of one before it.</summary>
    /// <returns>Null when it says neither whether the mail is spam nor how many points it has.</returns>
    public static EarlierVerdict? FromStatus(string status)
    {
        var text = status.ReplaceLineEndings(" ");
        var (points, required) = (Number(Score().Match(text)), Number(Threshold().Match(text)));
        bool? isSpam = text.TrimStart() switch
        {
            ['Y' or 'y', 'e' or 'E', 's' or 'S', ..] => true,
            ['N' or 'n', 'o' or 'O', ..] => false,
            _ => points >= required ? true
            : points < required ? false
            : null,
        };
        if (isSpam is not { } known)
            return null;
        var tests = Tests().Match(text);
        return new EarlierVerdict(known, points, required, Names(tests.Success ? tests.Groups["names"].Value : ""));
    }

    /// <summary>What the trace of a message says of the rules; null when they did not look at it.</summary>
    public static EarlierVerdict? FromTrace(Verdict trace) =>
        trace.Checks.FirstOrDefault(static c => c.Check == "rules") is { Result: "clean" or "spam" or "refused" } rules
            ? new EarlierVerdict(rules.Result != "clean", Math.Round(rules.Points, 3), null, Names(rules.Reason))
            : null;

    // TESTSSCORES says NAME=points.
    private static HashSet<string> Names(string list) =>
        [
            .. list.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
                .Select(static word => word.Split('=')[0])
                .Where(static name => name != "none" && name.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_')),
        ];

    private static double? Number(Match match) =>
        match.Success && double.TryParse(match.Groups["number"].Value, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    [GeneratedRegex(
        @"\b(score|hits)=(?<number>-?[0-9]+(\.[0-9]+)?)",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Score();

    [GeneratedRegex(
        @"\brequired=(?<number>-?[0-9]+(\.[0-9]+)?)",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Threshold();

    // Folded behind a comma.
    [GeneratedRegex(
        @"\btests=\[?(?<names>[A-Za-z0-9_]+(=-?[0-9.]+)?(,\s*[A-Za-z0-9_]+(=-?[0-9.]+)?)*)",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Tests();
}
