using System.Text.Json.Nodes;
using Postreiter.Testing;
using Postreiter.Tests.CommandLine;

namespace Postreiter.Tests.Corpus;

/// <summary>Where nothing has changed, a replay says of real mails what was said when they came in, rule by rule.</summary>
public sealed class ReplayTests
{
    private const string Stock = "/usr/share/spamassassin";

    private const int Mails = 100;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_flips_by_the_rules_that_judged(bool usesNetwork)
    {
        Assert.SkipUnless(Directory.Exists(Stock), $"{Stock} is missing: install the package spamassassin");
        var corpus = TestData.Folder("spam-corpus");
        Assert.SkipUnless(Directory.Exists(corpus), "the corpus of mails is not shipped");
        await using var site = await ReplaySite.StartAsync(
            "",
            "reject_at = 1000.0",
            sources: $"[\"{Stock}\", \"rules\"]",
            usesNetwork: usesNetwork
        );
        var all = Directory.GetFiles(Path.Combine(corpus, "test"), "*", SearchOption.AllDirectories);
        var files = all.Order(StringComparer.Ordinal)
            .Where((_, i) => i % Math.Max(1, all.Length / Mails) == 0)
            .ToList();
        foreach (var file in files)
            await site.SendOctetsAsync(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
        var run = await site.RunAsync("spam", "replay", "--all", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        var rows = run
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => (JsonObject)JsonNode.Parse(l)!)
            .ToList();
        Assert.Equal(files.Count, (int)rows[^1]["judged"]!);
        Assert.True((int)rows[^1]["by_folder"]![0]!["then"]! > 10);
        foreach (var row in rows.SkipLast(1))
        {
            Assert.Equal(
                ("{}", "{}", "{}"),
                (row["gained"]!.ToJsonString(), row["lost"]!.ToJsonString(), row["reweighed"]!.ToJsonString())
            );
            // As printed: one decimal.
            Assert.InRange((double)row["now"]!["score"]! - (double)row["then"]!["score"]!, -0.1001, 0.1001);
            Assert.False((bool)row["flips"]!);
        }

        // What depends on the network is among it, and could not be found again.
        if (usesNetwork)
        {
            var asThen = new List<string>();
            foreach (var row in rows.SkipLast(1).Take(5))
            {
                var explained = await site.RunAsync("spam", "explain", (string)row["id"]!, "--json");
                var hits = JsonNode.Parse(explained.Output)!["rules"]!.AsArray();
                asThen.AddRange(hits.Where(static r => (bool)r!["as_then"]!).Select(static r => (string)r!["name"]!));
            }

            Assert.Superset(
                new HashSet<string> { "DKIM_ADSP_NXDOMAIN", "DMARC_MISSING", "SPF_FAIL" },
                asThen.ToHashSet(StringComparer.Ordinal)
            );
        }
    }
}
