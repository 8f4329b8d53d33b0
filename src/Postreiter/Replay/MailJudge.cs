using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;

namespace Postreiter.Replay;

/// <summary>
/// Judges stored mails by a ruleset and by what is learned now. The network is not asked: what the DNS and the session said when a mail came in
/// is not to be had again, so a rule that turns on them hits as it did then, and the lists of senders count as
/// they did. For any thread.
/// </summary>
internal sealed class MailJudge
{
    private readonly Ruleset _rules;
    private readonly MailScans _scans;
    private readonly OutsideRules _outside;
    private readonly LearnedSnapshot _learned;
    private readonly bool _usesNetwork;

    /// <summary>Makes the rules ready.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="learned">What is learned.</param>
    /// <param name="preferences">Users' preferences.</param>
    /// <param name="usesNetwork">Whether rules may ask the DNS on this server (<c>spam.network</c>): they have other points then.</param>
    public MailJudge(Ruleset rules, LearnedSnapshot learned, IPreferenceSource preferences, bool usesNetwork)
    {
        (_rules, _learned, _usesNetwork) = (rules, learned, usesNetwork);
        _outside = new OutsideRules(rules);
        _scans = new MailScans(rules, new SpamEngineOptions { IsNetworkWanted = usesNetwork }, null, preferences)
        {
            Learned = learned,
        };
    }

    /// <summary>Octets of a mail that are looked at. Default all.</summary>
    public int MaxBytes { get; init; } = int.MaxValue;

    /// <summary>Judges a mail.</summary>
    /// <param name="mail">The mail.</param>
    /// <param name="ct">Stops it.</param>
    public async ValueTask<JudgedMail> JudgeAsync(StoredMail mail, CancellationToken ct)
    {
        var user = mail.IsForOne ? mail.Account : null;
        var octets = mail.AsItCame();
        var context = new MailContext { User = user, EnvelopeFrom = mail.EnvelopeFrom };
        var cut = octets.AsMemory(0, Math.Min(octets.Length, MaxBytes));
        var scanned = await _scans.ScanAsync(cut, context, ct);
        var (points, rules) = (scanned.Verdict.Points, new List<JudgedRule>());
        foreach (var hit in scanned.Verdict.Hits)
        {
            // By what is here alone a rule may hit that did not then: X unless Y.
            if (_outside.Contains(hit.Name))
                points -= hit.Points;
            else
                rules.Add(new JudgedRule(hit.Name, hit.Points, hit.Area, hit.Description, hit.Details));
        }

        var set = ScoreSet(user);
        foreach (var name in mail.Then?.Rules ?? Enumerable.Empty<string>())
        {
            if (!_outside.Contains(name) || !_rules.TryGetRule(name, out var rule) || rule.Scores[set] == 0)
                continue;
            points += rule.Scores[set];
            rules.Add(new JudgedRule(name, rule.Scores[set], "", rule.Description, []) { IsFromThen = true });
        }

        // Lists of senders are no rules, and what they said stands.
        foreach (var (name, listed) in mail.Then?.Listed ?? [])
        {
            points += listed;
            rules.Add(
                new JudgedRule(name, listed, "", "lists of senders, and whom the account has written to", [])
                {
                    IsFromThen = true,
                    IsOfLists = true,
                }
            );
        }

        return new JudgedMail(Math.Round(points, 3), scanned.UserRequired, rules, set);
    }

    /// <summary>Which of a rule's points count for a mail: bit 0 network, bit 1 Bayes.</summary>
    private int ScoreSet(string? user) => (_usesNetwork ? 1 : 0) | (_learned.IsUsable(user) ? 2 : 0);
}

/// <summary>What is said of a mail now.</summary>
/// <param name="Points">Its points, rounded to three decimals.</param>
/// <param name="UserRequired">Points from which it is spam by its owner's preferences; null = as the site has it.</param>
/// <param name="Rules">The rules that give them.</param>
/// <param name="ScoreSet">Which of their points count.</param>
internal sealed record JudgedMail(double Points, double? UserRequired, IReadOnlyList<JudgedRule> Rules, int ScoreSet);

/// <summary>A rule that gives points.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Points">The points.</param>
/// <param name="Area">Where it looked: empty, <c>BODY: </c> and the like.</param>
/// <param name="Description">What it is about; empty = nothing is said.</param>
/// <param name="Details">What it found.</param>
internal sealed record JudgedRule(
    string Name,
    double Points,
    string Area,
    string Description,
    IReadOnlyList<string> Details
)
{
    /// <summary>Whether it turns on the network or the session, and is taken as it was found then.</summary>
    public bool IsFromThen { get; init; }

    /// <summary>Whether it is no rule, but what lists of senders say.</summary>
    public bool IsOfLists { get; init; }
}
