using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Tests.Oracle;

namespace Postreiter.Spam.Tests.Rules;

/// <summary>Pattern rules on the very lines that SpamAssassin looked at.</summary>
public sealed class OracleLineTests
{
    // Their text is changed by check_freemail_replyto on the way, see the specification; or they look for what another rule found.
    private static readonly RuleKind[] Kinds =
    [
        RuleKind.Header,
        RuleKind.Body,
        RuleKind.RawBody,
        RuleKind.Uri,
        RuleKind.Full,
    ];

    [Fact]
    public void Pattern_rules_hit_what_the_original_hits()
    {
        var ruleset = Rulesets.Stock;
        var program = new EngineProgram(
            ruleset,
            new SpamEngineOptions { KeepsAllSubRules = true },
            new Dictionary<string, RuleFunction>()
        );
        var scan = new Scan(program);
        var names = program
            .Rules.Where(static rule => Kinds.Contains(rule.Kind))
            .Select(static rule => rule.Name)
            .ToHashSet();
        var differences = new List<string>();
        var mails = 0;
        foreach (var mail in OracleMail.Corpus(every: 10))
        {
            mails++;
            var result = scan.Run(mail, new MailFacts(mail.Mail, ruleset, ruleset.Settings));
            var ours = result
                .Hits.Concat(result.SubHits)
                .Where(hit => names.Contains(hit.Name))
                .ToDictionary(static hit => hit.Name);
            var theirs = mail.Hits.Keys.Concat(mail.Subs.Keys).Where(names.Contains).ToHashSet();
            differences.AddRange(
                theirs.Where(name => !ours.ContainsKey(name)).Select(name => $"missing {name} {mail.Id}")
            );
            differences.AddRange(
                ours.Keys.Where(name => !theirs.Contains(name)).Select(name => $"extra {name} {mail.Id}")
            );
            differences.AddRange(
                mail.Subs.Where(sub => ours.TryGetValue(sub.Key, out var hit) && hit.Count != sub.Value)
                    .Select(sub => $"count {sub.Key} {ours[sub.Key].Count} not {sub.Value} {mail.Id}")
            );
        }
        Assert.True(mails > 50, $"only {mails} mails");
        var summary = differences
            .GroupBy(static text => string.Join(' ', text.Split(' ').Take(2)))
            .OrderByDescending(static group => group.Count())
            .Select(static group => $"{group.Count()} {group.First()}");
        Assert.True(
            differences.Count == 0,
            $"{differences.Count} differences in {mails} mails\n{string.Join('\n', summary.Take(80))}"
        );
    }
}
