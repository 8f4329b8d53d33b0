using Postreiter.Spam.Bayes;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Functions;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Bayes;

/// <summary>Mails of the corpus and their tokens, read by the stock rules.</summary>
internal static class BayesMails
{
    private static readonly Lazy<Ruleset> Read = new(() =>
    {
        Assert.SkipUnless(
            Directory.Exists(Rulesets.Rules),
            $"{Rulesets.Rules} is missing: SpamAssassin's rules are not shipped"
        );
        var reader = new RulesetReader();
        foreach (var file in RulesetFiles.Of(Rulesets.Rules, Rulesets.Site, withSiteRules: false))
            reader.ReadFile(file);
        reader.ReadText("corpus.cf", "trusted_networks 127.0.0.0/8\n");
        return reader.Complete();
    });

    private static readonly Lazy<BayesTokenizer> Divides = new(() => new BayesTokenizer(Rules.Settings));
    private static readonly Lazy<MailReading> Reads = new(() => new MailReading(Rules));

    public static Ruleset Rules => Read.Value;

    public static BayesTokenizer Tokenizer => Divides.Value;

    /// <summary>Files of one class of one half of the corpus, in order; skips the test where the corpus is missing.</summary>
    public static IReadOnlyList<string> Files(string split, string kind)
    {
        Assert.SkipUnless(
            Directory.Exists(Rulesets.Corpus),
            $"{Rulesets.Corpus} is missing: the corpus is not shipped"
        );
        return [.. Directory.GetFiles(Path.Combine(Rulesets.Corpus, split, kind)).Order(StringComparer.Ordinal)];
    }

    public static MailFacts Facts(ReadOnlyMemory<byte> mail) => Reads.Value.Facts(Reads.Value.Read(mail));

    public static TokenSet Tokens(ReadOnlyMemory<byte> mail, bool withSenders)
    {
        var set = new TokenSet();
        Tokenizer.Tokenize(Facts(mail), withSenders, set);
        return set;
    }

    /// <summary>Lines of a recorded file, divided at tabs.</summary>
    public static IEnumerable<string[]> Recorded(string name) =>
        File.ReadLines(Rulesets.Source("Bayes/recorded/" + name))
            .Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => line.Split('\t'));
}
