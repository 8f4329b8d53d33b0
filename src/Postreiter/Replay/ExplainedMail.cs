using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Postreiter.CommandLine;
using Postreiter.Spam.Configuration;

namespace Postreiter.Replay;

/// <summary>Why a stored mail has its verdict.</summary>
/// <param name="Mail">The mail.</param>
/// <param name="Then">What was said when it came in; null = nothing.</param>
/// <param name="Now">What is said now.</param>
/// <param name="Required">Points from which it is spam now.</param>
/// <param name="Words">What is learned of its words; null = not enough is learned, or no rule asks.</param>
/// <param name="Rules">The rules in force.</param>
internal sealed record ExplainedMail(
    StoredMail Mail,
    EarlierVerdict? Then,
    JudgedMail Now,
    double Required,
    WeighedWords? Words,
    Ruleset Rules
)
{
    private sealed record Line(string Name, double? Points, bool? HitThen, bool HitsNow, bool IsFromThen, string Text);

    /// <summary>As one object.</summary>
    public JsonObject ToJson()
    {
        var row = (JsonObject)Mail.Row.DeepClone();
        row.Insert(0, "id", Mail.Name);
        row["in_junk"] = Mail.IsJunkToOwner;
        row["then"] = Then is null ? null : VerdictChange.Verdict(Then.IsSpam, Then.Points, Then.Required);
        row["now"] = VerdictChange.Verdict(Now.Points >= Required, Now.Points, Required);
        row["rules"] = new JsonArray([
            .. Lines()
                .Select(static line => new JsonObject
                {
                    ["name"] = line.Name,
                    ["points"] = line.Points,
                    ["then"] = line.HitThen,
                    ["now"] = line.HitsNow,
                    ["as_then"] = line.IsFromThen,
                    ["description"] = line.Text,
                }),
        ]);
        row["bayes"] = Words?.ToJson();
        return row;
    }

    /// <summary>For people.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"{Terminal.Plain(Mail.Name)}  {Mail.Account} {Terminal.Plain(Mail.Mailbox)} {Mail.Uid}, {Mail.Row["date"]}, {Mail.Size} octets\n"
        );
        if (Mail.Subject.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $"{Mail.Subject}\n");
        text.Append(Then is null ? "then  not judged\n" : Sentence("then", Then.IsSpam, Then.Points, Then.Required));
        text.Append(Sentence("now", Now.Points >= Required, Now.Points, Required));
        text.Append("\npoints  then  now      rule\n");
        foreach (var line in Lines())
        {
            var (then, now) = (
                line.HitThen switch
                {
                    true => "yes",
                    false => "-",
                    _ => "?",
                },
                line.IsFromThen ? "as then"
                : line.HitsNow ? "yes"
                : "-"
            );
            var row = string.Create(
                CultureInfo.InvariantCulture,
                $"{line.Points, 6:F1}  {then, -4}  {now, -7}  {line.Name, -24} {line.Text}"
            );
            text.Append(row.TrimEnd()).Append('\n');
        }

        AppendWords(text);
        if (Mail.Id is { } id)
            text.Append(CultureInfo.InvariantCulture, $"\nwhat was looked at before the rules: postreiter trace {id}");
        return text.ToString();
    }

    private void AppendWords(StringBuilder text)
    {
        if (Words is not { Score: var score })
        {
            text.Append("\nWords say nothing: too few mails are learned, or no rule asks");
            return;
        }

        text.Append(
            CultureInfo.InvariantCulture,
            $"\nWords  {(score.Value is { } value ? value.ToString("F4", CultureInfo.InvariantCulture) : "nothing")}: {score.Tokens} of them, {score.Known} known, {score.Weighed.Count} weighed"
        );
        if (Words.Words.Count > 0)
            text.Append("\nprobability    spam     ham  word");
        foreach (var (word, probability, counts) in Words.Words)
            text.Append(
                CultureInfo.InvariantCulture,
                $"\n{probability, 11:F3} {counts.Spam, 7} {counts.Ham, 7}  {word}"
            );
    }

    private static string Sentence(string when, bool isSpam, double? points, double? required)
    {
        var text = $"{when, -5} {(isSpam ? "junk" : "wanted")}";
        if (points is { } p)
            text += string.Create(CultureInfo.InvariantCulture, $", {p:F1}");
        if (required is { } r)
            text += string.Create(CultureInfo.InvariantCulture, $" of {r:F1}");
        return text + "\n";
    }

    // Those that give most first; those of then that give nothing any more last.
    private IEnumerable<Line> Lines()
    {
        var now = Now.Rules.Select(rule => new Line(
            rule.Name,
            Math.Round(rule.Points, 3),
            Then?.Rules.Contains(rule.Name),
            HitsNow: true,
            rule.IsFromThen,
            Plain(string.Join("; ", [rule.Area + rule.Description, .. rule.Details]))
        ));
        var gone = (Then?.Rules ?? new HashSet<string>())
            .Where(name => Now.Rules.All(rule => rule.Name != name))
            .Select(name =>
                Rules.TryGetRule(name, out var rule)
                    ? new Line(name, rule.Scores[Now.ScoreSet], true, false, false, Plain(rule.Description))
                    : new Line(name, null, true, false, false, "no rule of this name is in force")
            );
        return
        [
            .. now.OrderByDescending(static l => Math.Abs(l.Points ?? 0))
                .ThenBy(static l => l.Name, StringComparer.Ordinal),
            .. gone.OrderBy(static l => l.Name, StringComparer.Ordinal),
        ];
    }

    // Descriptions and what was found are octets, and partly the mail's.
    private static string Plain(string octets)
    {
        var bytes = Encoding.Latin1.GetBytes(octets);
        return Terminal.Plain(
            string.Concat(Encoding.UTF8.GetString(bytes).Select(static c => char.IsControl(c) ? ' ' : c))
        );
    }
}
