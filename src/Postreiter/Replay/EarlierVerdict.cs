using System.Globalization;
using System.Text.RegularExpressions;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Tracing;

namespace Postreiter.Replay;

/// <summary>What was said of a mail when it came in.</summary>
/// <param name="IsSpam">Whether it was spam.</param>
/// <param name="Points">Its points, as far as they were printed; null = not known.</param>
/// <param name="Required">Points from which it was spam; null = not known.</param>
/// <param name="Rules">The rules that gave them.</param>
internal sealed partial record EarlierVerdict(bool IsSpam, double? Points, double? Required, IReadOnlySet<string> Rules)
{
    /// <summary>What lists of senders give is called so beside the rules; the first two are rules' names, too.</summary>
    public static readonly IReadOnlyList<string> OfLists = [Blocked, Welcome, Correspondent];

    private const string Blocked = "USER_IN_BLOCKLIST";
    private const string Welcome = "USER_IN_WELCOMELIST";
    private const string Correspondent = "CORRESPONDENT";

    /// <summary>What lists of senders gave, for everybody or for its account, and what it gave that the account has written to the sender.</summary>
    public IReadOnlyList<(string Name, double Points)> Listed { get; init; } = [];

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

    /// <summary>The same with what lists had a part in.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="account">Whose copy; null = it was for one recipient.</param>
    /// <param name="isInPoints">Whether points and rules have it already; else it is added to them.</param>
    public EarlierVerdict WithLists(Verdict trace, string? account, bool isInPoints)
    {
        var listed = trace
            .Checks.Where(c => c.Points != 0 && c.Check is GateLists.Name or ReceptionGate.CorrespondentCheck)
            .Where(c => account is null || c.Recipient?.Contains(account, StringComparison.OrdinalIgnoreCase) != false)
            .Select(static c =>
                (
                    Name: c.Check != GateLists.Name ? Correspondent
                    : c.Points > 0 ? Blocked
                    : Welcome,
                    c.Points
                )
            )
            .Where(l => !isInPoints || Rules.Contains(l.Name))
            .ToList();
        if (isInPoints)
            return this with { Listed = listed };
        var filed = trace.Recipients.FirstOrDefault(r =>
            account is null || r.Address.Contains(account, StringComparison.OrdinalIgnoreCase)
        );
        return this with
        {
            Listed = listed,
            Points = Points + listed.Sum(static l => l.Points),
            Rules = Rules.Concat(listed.Select(static l => l.Name)).ToHashSet(StringComparer.Ordinal),
            IsSpam = filed is null ? IsSpam : filed.Action == VerdictAction.Junk,
        };
    }

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
