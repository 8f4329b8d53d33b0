using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Starter;

/// <summary>The rules shipped in `rules/`.</summary>
public sealed class StarterRulesTests
{
    internal static Ruleset Rules { get; } = RuleSources.Read([Path.Combine(TestData.Root, "rules")])!;

    private static SpamEngine Engine { get; } = new(Rules, new SpamEngineOptions());

    [Fact]
    public void Every_line_is_understood() => Assert.Empty(RuleCheck.Warnings(Rules));

    [Fact]
    public void They_may_judge_mail() => Assert.True(RuleCheck.CanJudge(Rules));

    [Fact]
    public void Every_rule_that_counts_says_what_it_means_and_has_points_of_its_own()
    {
        var lines = Directory
            .GetFiles(Path.Combine(TestData.Root, "rules"), "*.cf")
            .SelectMany(File.ReadAllLines)
            .Select(static line => line.Split(' '))
            .Where(static words => words.Length > 2)
            .ToLookup(static words => words[0], static words => words[1]);
        foreach (var rule in Rules.Rules.Where(static rule => !rule.Name.StartsWith("__", StringComparison.Ordinal)))
        {
            // Ours beside Bayes come with the program.
            if (rule.Name.StartsWith("LEARNED_", StringComparison.Ordinal))
                continue;
            Assert.Single(lines["describe"], rule.Name);
            Assert.Single(lines["score"], rule.Name);
            // Whom somebody has put on a list; nobody is on one to begin with.
            if (rule.Flags.Has("userconf"))
                continue;
            Assert.Matches("^(?:PR|BAYES)_", rule.Name);
            // No rule alone makes a mail spam, and none vouches for one.
            Assert.InRange(rule.Scores[0], -1.5, 3.5);
            Assert.InRange(rule.Scores[3], -1.5, 3.5);
        }
    }

    /// <summary>
    /// Rule names and mails: a line <c>= NAME…</c> or <c>! NAME…</c> (what they miss, though it comes near), then what differs from a harmless mail.
    /// </summary>
    public static TheoryData<string, string> Samples(char mark)
    {
        var samples = new TheoryData<string, string>();
        foreach (var (of, names, sample) in Blocks())
        {
            if (of == mark)
                samples.Add(names, sample);
        }

        return samples;
    }

    [Theory]
    [MemberData(nameof(Samples), '=')]
    public void A_rule_hits_its_sample(string names, string sample)
    {
        var hits = Hits(Mail(sample));
        Assert.All(names.Split(' '), name => Assert.Contains(name, hits));
    }

    [Theory]
    [InlineData("welcomelist_from *@garden.example", "USER_IN_WELCOMELIST", -100)]
    [InlineData("whitelist_from bert@*", "USER_IN_WELCOMELIST", -100)]
    [InlineData("def_welcomelist_from_rcvd bert@garden.example garden.example", "USER_IN_DEF_WELCOMELIST", -15)]
    [InlineData("blocklist_from bert@garden.example", "USER_IN_BLOCKLIST", 100)]
    [InlineData("welcomelist_to ann@example.net", "USER_IN_WELCOMELIST_TO", -6)]
    [InlineData("more_spam_to ann@*", "USER_IN_MORE_SPAM_TO", -20)]
    [InlineData("all_spam_to ann@example.net", "USER_IN_ALL_SPAM_TO", -100)]
    [InlineData("blocklist_to ann@example.net", "USER_IN_BLOCKLIST_TO", 10)]
    [InlineData("blocklist_from other@garden.example", "", 0)]
    public void A_user_s_lists_count_as_with_SpamAssassin(string line, string rule, double points)
    {
        var preferences = UserPreferences.Read("ann", line + "\n", Rules);
        Assert.Empty(preferences.Warnings);
        var mail = Engine.Read(System.Text.Encoding.Latin1.GetBytes(Mail("")), null, preferences);
        var result = Engine.Scan(Engine.Facts(mail, preferences));
        Assert.Equal(rule.Length == 0 ? [] : [rule], result.Hits.Select(static hit => hit.Name));
        Assert.Equal(points, result.Points);
    }

    [Theory]
    [MemberData(nameof(Samples), '!')]
    public void A_rule_misses_its_counter_sample(string names, string sample)
    {
        var hits = Hits(Mail(sample));
        Assert.All(names.Split(' '), name => Assert.DoesNotContain(name, hits));
    }

    [Theory]
    [InlineData('=')]
    [InlineData('!')]
    public void Every_rule_has_a_sample_and_a_counter_sample(char mark)
    {
        var sampled = Blocks()
            .Where(block => block.Mark == mark)
            .SelectMany(static block => block.Names.Split(' '))
            .Concat(StarterSenderTests.Rules)
            .ToHashSet(StringComparer.Ordinal);
        // What was learned is asked in tests of its own.
        var rules = Rules
            .Rules.Select(static rule => rule.Name)
            .Where(static name => name.StartsWith("PR_", StringComparison.Ordinal));
        Assert.Equal([], rules.Where(name => !sampled.Contains(name)));
    }

    private static IEnumerable<(char Mark, string Names, string Sample)> Blocks()
    {
        var (mark, names, sample) = (' ', "", new System.Text.StringBuilder());
        foreach (var line in File.ReadLines(Rulesets.Source("Starter/samples.txt")).Append("= "))
        {
            if (line is not ['=' or '!', ' ', ..])
            {
                sample.Append(line).Append('\n');
                continue;
            }

            if (mark != ' ')
                yield return (mark, names, sample.ToString(0, sample.Length - 1));
            (mark, names) = (line[0], line[2..]);
            sample.Clear();
        }
    }

    [Fact]
    public void A_harmless_mail_hits_nothing() => Assert.Empty(Hits(Mail("")));

    private static List<string> Hits(string mail) =>
        [.. Engine.Scan(Engine.Read(System.Text.Encoding.Latin1.GetBytes(mail))).Hits.Select(static hit => hit.Name)];

    // "-Name" takes a field out, "Name: value" puts one in the place of what was there, the rest after an empty line is the body.
    private static string Mail(string sample)
    {
        var fields = new List<string>
        {
            "Received: from mail.garden.example (mail.garden.example [198.51.100.7]) by mx.example.net (Postfix) "
                + "with ESMTP id 4Qx1 for <ann@example.net>; Mon, 02 Nov 2026 10:00:05 +0000",
            "Date: Mon, 02 Nov 2026 10:00:00 +0000",
            "From: Bert Gardener <bert@garden.example>",
            "To: Ann <ann@example.net>",
            "Subject: Tomatoes",
            "Message-ID: <20261102100000.7@garden.example>",
        };
        var cut = sample.StartsWith('\n') ? 0 : sample.IndexOf("\n\n", StringComparison.Ordinal);
        var head = cut < 0 ? sample : sample[..cut];
        var lines = head.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var line in lines)
        {
            var name = line.TrimStart('-').Split(':')[0] + ":";
            fields.RemoveAll(field => field.StartsWith(name, StringComparison.OrdinalIgnoreCase));
        }

        fields.AddRange(lines.Where(static line => !line.StartsWith('-')));
        var body = cut < 0 ? "They are ripe. Shall I bring some on Sunday?\n" : sample[cut..].TrimStart('\n');
        return string.Join('\n', fields) + "\n\n" + body;
    }
}
