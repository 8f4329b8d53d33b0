using System.Text.Json.Nodes;
using Postreiter.Spam.Configuration;

namespace Postreiter.Replay;

/// <summary>What was said of a mail, what is said now, and which rules make the difference.</summary>
/// <param name="Mail">The mail.</param>
/// <param name="Then">What was said.</param>
/// <param name="Now">What is said.</param>
/// <param name="Required">Points from which it is spam now.</param>
internal sealed record VerdictChange(StoredMail Mail, EarlierVerdict Then, JudgedMail Now, double Required)
{
    /// <summary>Whether it is spam now.</summary>
    public bool IsSpam => Now.Points >= Required;

    /// <summary>Whether the verdict is another.</summary>
    public bool IsFlip => IsSpam != Then.IsSpam;

    /// <summary>Rules that give points now and did not then.</summary>
    public IEnumerable<JudgedRule> Gained =>
        Now.Rules.Where(rule => !Then.Rules.Contains(rule.Name)).OrderByDescending(static r => Math.Abs(r.Points));

    /// <summary>Rules that gave points then and give none now; the points are those of the rules in force, null where these do not know it.</summary>
    public IEnumerable<(string Name, double? Points)> Lost(Ruleset inForce)
    {
        var now = Now.Rules.Select(static rule => rule.Name).ToHashSet(StringComparer.Ordinal);
        return Then
            .Rules.Where(name => !now.Contains(name))
            .Select(name => (name, PointsOf(inForce, name)))
            .OrderByDescending(static rule => Math.Abs(rule.Item2 ?? 0));
    }

    /// <summary>Rules of then and now whose points are others than those of the rules in force.</summary>
    public IEnumerable<(string Name, double From, double To)> Reweighed(Ruleset inForce)
    {
        foreach (var rule in Now.Rules.Where(rule => Then.Rules.Contains(rule.Name) && !rule.IsOfLists))
        {
            // What a rule gives that counts its hits is a multiple of its points.
            if (
                inForce.TryGetRule(rule.Name, out var known)
                && !known.Flags.IsMultiple
                && Math.Abs(known.Scores[Now.ScoreSet] - rule.Points) > 0.0005
            )
                yield return (rule.Name, known.Scores[Now.ScoreSet], rule.Points);
        }
    }

    /// <summary>As one object.</summary>
    public JsonObject ToJson(Ruleset inForce)
    {
        var row = (JsonObject)Mail.Row.DeepClone();
        row.Insert(0, "id", Mail.Name);
        row["in_junk"] = Mail.IsJunkToOwner;
        row["flips"] = IsFlip;
        row["then"] = Verdict(Then.IsSpam, Then.Points, Then.Required);
        row["now"] = Verdict(IsSpam, Now.Points, Required);
        var (gained, lost, reweighed) = (new JsonObject(), new JsonObject(), new JsonObject());
        foreach (var rule in Gained)
            gained[rule.Name] = Math.Round(rule.Points, 3);
        foreach (var (name, points) in Lost(inForce))
            lost[name] = points;
        foreach (var (name, from, to) in Reweighed(inForce))
            reweighed[name] = new JsonArray(from, to);
        (row["gained"], row["lost"], row["reweighed"]) = (gained, lost, reweighed);
        return row;
    }

    /// <summary>A verdict as one object.</summary>
    public static JsonObject Verdict(bool isSpam, double? points, double? required) =>
        new()
        {
            ["spam"] = isSpam,
            ["score"] = points,
            ["required"] = required,
        };

    private double? PointsOf(Ruleset rules, string name) =>
        rules.TryGetRule(name, out var rule) ? rule.Scores[Now.ScoreSet] : null;
}
