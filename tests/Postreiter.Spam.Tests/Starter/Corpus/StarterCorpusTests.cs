using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Starter.Corpus;

/// <summary>What the starter rules make of the corpus.</summary>
public sealed class StarterCorpusTests
{
    [Theory]
    [InlineData("train", 0, 94)]
    [InlineData("test", 1, 37)]
    public void No_more_mails_are_wrong_than_were_measured(string half, int falsePositives, int falseNegatives)
    {
        var folder = Path.Combine(Rulesets.Corpus, half);
        Assert.SkipUnless(Directory.Exists(folder), $"{folder} is missing: the corpus is not shipped");
        var engine = new SpamEngine(StarterRulesTests.Rules, new SpamEngineOptions());
        int Spam(string kind, bool wanted) =>
            Directory
                .GetFiles(Path.Combine(folder, kind))
                .Count(file => (engine.Scan(engine.Read(File.ReadAllBytes(file))).Points >= 5) == wanted);
        Assert.InRange(Spam("ham", wanted: true), 0, falsePositives);
        Assert.InRange(Spam("spam", wanted: false), 0, falseNegatives);
    }
}
