using Postreiter.Spam.Bayes;
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

    /// <summary>With what the train half taught: the numbers of docs/spam-rules.md.</summary>
    [Fact]
    public void With_Bayes_no_more_mails_of_the_test_half_are_wrong_than_were_measured()
    {
        Assert.SkipUnless(
            Directory.Exists(Rulesets.Corpus),
            $"{Rulesets.Corpus} is missing: the corpus is not shipped"
        );
        var rules = StarterRulesTests.Rules;
        var (reading, tokenizer, classifier) = (
            new MailReading(rules),
            new BayesTokenizer(rules.Settings),
            new BayesClassifier()
        );
        using var learned = new LearnedTokens();
        foreach (var kind in new[] { "spam", "ham" })
        {
            foreach (var file in Directory.GetFiles(Path.Combine(Rulesets.Corpus, "train", kind)))
            {
                var set = new TokenSet();
                tokenizer.Tokenize(reading.Facts(reading.Read(File.ReadAllBytes(file))), withSenders: false, set);
                learned.Add(set.DistinctKeys(), kind == "spam" ? 1 : 0, kind == "ham" ? 1 : 0, 0);
            }
        }

        var engine = new SpamEngine(rules, new SpamEngineOptions { IsBayesUsable = true });
        int Spam(string kind, bool wanted) =>
            Directory
                .GetFiles(Path.Combine(Rulesets.Corpus, "test", kind))
                .Count(file =>
                {
                    var facts = engine.Facts(engine.Read(File.ReadAllBytes(file)));
                    facts.Bayes = one =>
                    {
                        var set = new TokenSet();
                        tokenizer.Tokenize(one, withSenders: true, set);
                        return classifier.Score(set, learned);
                    };
                    return (engine.Scan(facts).Points >= 5) == wanted;
                });
        Assert.Equal(0, Spam("ham", wanted: true));
        Assert.InRange(Spam("spam", wanted: false), 0, 5);
    }
}
