using System.Globalization;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Corpus;

/// <summary>
/// Whole mails: the hits and the points of SpamAssassin 4.0.1 on the corpus, without the network.
/// </summary>
public sealed class CorpusTests
{
    private sealed record Expected(double Points, HashSet<string> Hits, HashSet<string> Subs);

    [Fact]
    public void Hits_and_points_are_those_of_the_original()
    {
        var folder = Rulesets.Corpus;
        Assert.SkipUnless(Directory.Exists(folder), $"{folder} is missing: the corpus is not shipped");
        var reader = new RulesetReader();
        foreach (var file in RulesetFiles.Of(Rulesets.Rules, Rulesets.Site, withSiteRules: false))
            reader.ReadFile(file);
        reader.ReadText("corpus.cf", "trusted_networks 127.0.0.0/8\n");
        var ruleset = reader.Complete();
        var expected = Read(folder);
        var engine = new SpamEngine(ruleset, new SpamEngineOptions { KeepsAllSubRules = true });

        var explained = Explained();
        var differences = new List<(string Name, string Text)>();
        int same = 0,
            mails = 0,
            hits = 0,
            right = 0;
        foreach (var (file, wanted) in expected)
        {
            var result = engine.Scan(engine.Read(File.ReadAllBytes(Path.Combine(folder, file))));
            Assert.Empty(result.GivenUp);
            var ours = result
                .Hits.Concat(result.SubHits)
                .Select(static hit => hit.Name)
                .ToHashSet(StringComparer.Ordinal);
            var theirs = wanted.Hits.Concat(wanted.Subs).ToHashSet(StringComparer.Ordinal);
            mails++;
            if (
                Math.Abs(result.Points - wanted.Points) <= 0.1
                && result.Hits.Select(static hit => hit.Name).ToHashSet().SetEquals(wanted.Hits)
            )
                same++;
            hits += theirs.Count;
            right += theirs.Count(ours.Contains) - ours.Count(name => !theirs.Contains(name));
            differences.AddRange(
                theirs.Where(name => !ours.Contains(name)).Select(name => (name, $"missing {name} {file}"))
            );
            differences.AddRange(
                ours.Where(name => !theirs.Contains(name)).Select(name => (name, $"extra {name} {file}"))
            );
        }
        var unexplained = differences.Where(one => !explained.Contains(one.Name)).ToList();
        var report = string.Join(
            '\n',
            differences
                .GroupBy(static one => string.Join(' ', one.Text.Split(' ').Take(2)))
                .OrderByDescending(static group => group.Count())
                .Take(60)
                .Select(static group => $"{group.Count()} {group.First().Text}")
        );
        var summary = string.Create(
            CultureInfo.InvariantCulture,
            $"{same} of {mails} mails the same ({100.0 * same / mails:F2} %), {100.0 * right / hits:F3} % of {hits} hits right\n{report}"
        );
        TestContext.Current.SendDiagnosticMessage(summary);
        Assert.True(same >= 0.99 * mails && right >= 0.995 * hits && unexplained.Count == 0, summary);
    }

    // Rules that differ, each with its reason: tests/…/Corpus/differences.tsv.
    private static HashSet<string> Explained() =>
        File.ReadLines(Rulesets.Source("Corpus/differences.tsv"))
            .Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => line.Split('\t')[0])
            .ToHashSet(StringComparer.Ordinal);

    private static Dictionary<string, Expected> Read(string folder)
    {
        var subs = File.ReadLines(Path.Combine(folder, "sa-subrules.tsv"))
            .Skip(1)
            .Select(static line => line.Split('\t'))
            .ToDictionary(static fields => fields[0], static fields => Names(fields[1]), StringComparer.Ordinal);
        return File.ReadLines(Path.Combine(folder, "sa-expected.tsv"))
            .Skip(1)
            .Select(static line => line.Split('\t'))
            .ToDictionary(
                static fields => fields[0],
                fields => new Expected(
                    double.Parse(fields[1], CultureInfo.InvariantCulture),
                    Names(fields[3]),
                    subs.GetValueOrDefault(fields[0], [])
                ),
                StringComparer.Ordinal
            );
    }

    private static HashSet<string> Names(string list) =>
        list.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(static name => name.Split('=')[0])
            .ToHashSet(StringComparer.Ordinal);
}
