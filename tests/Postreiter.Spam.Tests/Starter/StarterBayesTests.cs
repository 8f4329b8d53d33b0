using Postreiter.Spam.Bayes;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Starter;

/// <summary>The starter rules that ask what was learned.</summary>
public sealed class StarterBayesTests
{
    private static readonly SpamEngine Engine = new(
        StarterRulesTests.Rules,
        new SpamEngineOptions { IsBayesUsable = true }
    );

    [Theory]
    [InlineData(0.0, 0, "BAYES_00")]
    [InlineData(0.01, 0, "BAYES_00")]
    [InlineData(0.011, 0, "BAYES_05")]
    [InlineData(0.05, 0, "BAYES_05")]
    [InlineData(0.2, 0, "BAYES_20")]
    [InlineData(0.4, 0, "BAYES_40")]
    [InlineData(0.5, 0, "BAYES_50")]
    [InlineData(0.6, 0, "BAYES_50")]
    [InlineData(0.8, 0, "BAYES_60")]
    [InlineData(0.95, 0, "BAYES_80")]
    [InlineData(0.99, 0, "BAYES_95")]
    [InlineData(0.999, 0, "BAYES_99")]
    [InlineData(1.0, 0, "BAYES_99 BAYES_999")]
    [InlineData(0.5, -4.8, "BAYES_50 LEARNED_HAM_CLEAR")]
    [InlineData(0.5, -4.7, "BAYES_50 LEARNED_HAM_LIKELY")]
    [InlineData(0.5, -0.8, "BAYES_50 LEARNED_HAM_MAYBE")]
    [InlineData(0.5, 0.8, "BAYES_50")]
    [InlineData(0.5, 0.9, "BAYES_50 LEARNED_SPAM_MAYBE")]
    [InlineData(0.5, 2.1, "BAYES_50 LEARNED_SPAM_LIKELY")]
    [InlineData(0.5, 4.1, "BAYES_50 LEARNED_SPAM_CLEAR")]
    public void What_was_learned_hits_its_band_alone(double score, double balance, string names) =>
        Assert.Equal(names.Split(' '), Hits(new BayesScore(score, 1, 1, []) { Balance = balance }));

    [Fact]
    public void A_mail_that_says_nothing_hits_none() => Assert.Equal([], Hits(new BayesScore(null, 1, 0, [])));

    private static IEnumerable<string> Hits(BayesScore score)
    {
        var facts = Engine.Facts(
            Engine.Read(
                "Received: from mail.garden.example (mail.garden.example [198.51.100.7]) by mx.example.net (Postfix) with ESMTP id 4Qx1\n\nx\n"u8.ToArray()
            )
        );
        facts.Bayes = _ => score;
        return Engine
            .Scan(facts)
            .Hits.Select(static hit => hit.Name)
            .Where(static name => !name.StartsWith("PR_", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
    }
}
