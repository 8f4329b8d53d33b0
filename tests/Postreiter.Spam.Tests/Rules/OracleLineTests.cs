using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Tests.Oracle;

namespace Postreiter.Spam.Tests.Rules;

/// <summary>
/// The engine on the very lines that SpamAssassin looked at, with its own answers in the place of functions: what is left are patterns,
/// metas, counts and points.
/// </summary>
public sealed class OracleLineTests
{
    [Fact]
    public void Patterns_metas_counts_and_points_are_those_of_the_original()
    {
        var ruleset = Rulesets.Stock;
        OracleMail? current = null;
        var functions = ruleset
            .Rules.Where(static rule => rule.Function.Length > 0)
            .Select(static rule => rule.Function)
            .Distinct()
            .ToDictionary(static name => name, RuleFunction (_) => call => (int)current!.CountOf(call.Rule.Name));
        var program = new EngineProgram(ruleset, new SpamEngineOptions { KeepsAllSubRules = true }, functions);
        var scan = new Scan(program, []);
        var domains = new Postreiter.Spam.Uris.RegisteredDomains(ruleset.Settings);
        var left = Leaning(ruleset);
        var differences = new List<string>();
        var mails = 0;
        foreach (var mail in OracleMail.Corpus(every: 15))
        {
            current = mail;
            mails++;
            var result = scan.Run(mail, new MailFacts(mail.Mail, ruleset, ruleset.Settings) { Domains = domains });
            differences.AddRange(Differences(mail, result, left).Select(what => what + " " + mail.Id));
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

    // Rules on the headers of MIME parts, and what leans on them.
    private static HashSet<string> Leaning(Ruleset ruleset)
    {
        var leaning = ruleset
            .Rules.Where(static rule => rule.Kind == RuleKind.MimeHeader)
            .Select(static rule => rule.Name)
            .ToHashSet();
        while (true)
        {
            var more = ruleset.Rules.Where(rule =>
                rule.Expression is { } meta && meta.Names.Any(leaning.Contains) && leaning.Add(rule.Name)
            );
            if (more.ToList().Count == 0)
                return leaning;
        }
    }

    private static IEnumerable<string> Differences(OracleMail mail, ScanResult result, HashSet<string> left)
    {
        var ours = result
            .Hits.Concat(result.SubHits)
            .Where(hit => !left.Contains(hit.Name))
            .ToDictionary(static hit => hit.Name);
        foreach (
            var name in mail
                .Hits.Keys.Concat(mail.Subs.Keys)
                .Where(name => !ours.ContainsKey(name) && !left.Contains(name))
        )
            yield return $"missing {name}";
        foreach (var hit in ours.Values)
        {
            if (!mail.Hits.ContainsKey(hit.Name) && !mail.Subs.ContainsKey(hit.Name))
                yield return $"extra {hit.Name}";
            else if (mail.Subs.TryGetValue(hit.Name, out var count) && Math.Abs(count - hit.Count) > 1e-9)
                yield return $"count {hit.Name} {hit.Count}, not {count}";
        }
        if (
            result.Points != mail.Points
            && !mail.Hits.Keys.Concat(result.Hits.Select(static hit => hit.Name)).Any(left.Contains)
        )
            yield return $"points {result.Points}, not {mail.Points}";
    }
}
