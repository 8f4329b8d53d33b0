using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Spam.Bayes;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Bayes;

/// <summary>What is learned of the corpus, and what is said by it, is what real sa-learn and SpamAssassin 4.0.1 learn and say.</summary>
public sealed class LearningTests
{
    private const long Now = 1_800_000_000;

    private static readonly Lazy<(LearnedTokens Tokens, Dictionary<string, bool> Mails)> Train = new(Learn);

    [Fact]
    public void Counts_times_and_names_of_mails_are_those_of_sa_learn()
    {
        var (learned, mails) = Train.Value;
        var wanted = BayesMails.Recorded("learned.tsv").Single();
        Assert.Equal((wanted[0], wanted[1], wanted[2]), (Text(learned.Spam), Text(learned.Ham), Text(learned.Count)));
        var names = mails.Select(static m => $"{m.Key} {(m.Value ? 's' : 'h')}\n").Order(StringComparer.Ordinal);
        var tokens = learned
            .ToList()
            .OrderBy(static t => t.Key)
            .Select(static t => $"{t.Key:x10} {t.Counts.Spam} {t.Counts.Ham} {t.Counts.Time}\n");
        Assert.Equal((wanted[3], wanted[4]), (Digest(tokens), Digest(names)));
    }

    [Fact]
    public void Scores_of_the_test_half_are_those_of_the_original()
    {
        var (classifier, wrong, count) = (new BayesClassifier(), new List<string>(), 0);
        foreach (var row in BayesMails.Recorded("scores.tsv"))
        {
            count++;
            var set = BayesMails.Tokens(File.ReadAllBytes(Path.Combine(Rulesets.Corpus, row[0])), withSenders: true);
            var ours = classifier.Score(set, Train.Value.Tokens).Value;
            var theirs = double.Parse(row[1], CultureInfo.InvariantCulture);
            if (ours is not { } value || Math.Abs(value - theirs) > 1e-6 || row[2] != string.Join(',', Bands(value)))
                wrong.Add($"{row[0]}: {ours}, not {theirs} ({row[2]})");
        }

        Assert.True(
            wrong.Count == 0 && count == 500,
            $"{wrong.Count} of {count} differ:\n{string.Join('\n', wrong.Take(25))}"
        );
    }

    [Fact]
    public async Task A_backup_read_and_written_gives_the_same_backup_and_the_same_scores()
    {
        var ct = TestContext.Current.CancellationToken;
        var (learned, mails) = Train.Value;
        var first = await BackupAsync(learned, mails.Select(static m => new LearnedMailKey(m.Key, m.Value)));
        using var read = new LearnedTokens();
        var names = new List<LearnedMailKey>();
        using var input = new MemoryStream(Encoding.Latin1.GetBytes(first));
        Assert.Equal(
            0,
            await SpamAssassinBackup.ReadAsync(input, read, names, DateTimeOffset.FromUnixTimeSeconds(Now), ct)
        );
        Assert.Equal(first, await BackupAsync(read, names));
        var mail = await File.ReadAllBytesAsync(BayesMails.Files("test", "spam")[3], ct);
        var set = BayesMails.Tokens(mail, withSenders: true);
        Assert.Equal(new BayesClassifier().Score(set, learned).Value, new BayesClassifier().Score(set, read).Value);
    }

    [Fact]
    public void Points_of_all_rules_with_Bayes_are_those_of_the_original()
    {
        var engine = new SpamEngine(BayesMails.Rules, new SpamEngineOptions { IsBayesUsable = true });
        var (wrong, count) = (new List<string>(), 0);
        foreach (var row in BayesMails.Recorded("scores.tsv"))
        {
            count++;
            var result = Scan(engine, row[0]);
            var wanted = double.Parse(row[3], CultureInfo.InvariantCulture);
            if (Math.Abs(result.Points - wanted) > 0.001)
                wrong.Add(
                    $"{row[0]}: {result.Points}, not {wanted}: {string.Join(' ', result.Hits.Select(static h => h.Name))}"
                );
        }

        Assert.True(
            wrong.Count == 0 && count == 500,
            $"{wrong.Count} of {count} differ:\n{string.Join('\n', wrong.Take(25))}"
        );
    }

    /// <summary>The goal: false positives at most 0.3 % (none of 310), spam missed at most 2.5 % (4 of 190), at 5 points; kept at what was measured.</summary>
    [Fact]
    public void What_the_train_half_taught_judges_the_test_half()
    {
        BayesMails.Files("test", "ham");
        var rules = RuleSources.Read([Rulesets.Rules])!;
        var engine = new SpamEngine(rules, new SpamEngineOptions { IsBayesUsable = true });
        var (alarms, missed) = (new List<string>(), new List<string>());
        foreach (var row in BayesMails.Recorded("scores.tsv"))
        {
            var isSpam = Scan(engine, row[0]).Points >= 5;
            if (isSpam != row[0].StartsWith("test/spam/", StringComparison.Ordinal))
                (isSpam ? alarms : missed).Add(row[0]);
        }

        Assert.True(
            alarms.Count == 0 && missed.Count <= 3,
            $"false positives {string.Join(' ', alarms)}; missed {string.Join(' ', missed)}"
        );
    }

    /// <summary>Bayes alone: our balance puts spam above good mail at least as well as was measured of bogofilter on the same halves (0.9987).</summary>
    [Fact]
    public void The_balance_tells_the_test_half_apart()
    {
        var classifier = new BayesClassifier();
        var scores = new List<(double Balance, bool IsSpam)>();
        foreach (var kind in new[] { "ham", "spam" })
        {
            foreach (var file in BayesMails.Files("test", kind))
            {
                var set = BayesMails.Tokens(File.ReadAllBytes(file), withSenders: true);
                scores.Add((classifier.Score(set, Train.Value.Tokens).Balance, kind == "spam"));
            }
        }

        var (spam, ham) = (scores.Where(static s => s.IsSpam).ToList(), scores.Where(static s => !s.IsSpam).ToList());
        var pairs = spam.Sum(s =>
            ham.Count(h => h.Balance < s.Balance) + (0.5 * ham.Count(h => h.Balance == s.Balance))
        );
        Assert.InRange(pairs / ((double)spam.Count * ham.Count), 0.9995, 1);
    }

    private static ScanResult Scan(SpamEngine engine, string file)
    {
        var mail = File.ReadAllBytes(Path.Combine(Rulesets.Corpus, file));
        ScanResult result;
        var tries = 0;
        // What a busy machine has given up is tried again.
        do
        {
            var facts = engine.Facts(engine.Read(mail));
            facts.Bayes = static one =>
            {
                var set = new TokenSet();
                BayesMails.Tokenizer.Tokenize(one, withSenders: true, set);
                return new BayesClassifier().Score(set, Train.Value.Tokens);
            };
            result = engine.Scan(facts);
        } while (result.GivenUp.Count > 0 && ++tries < 5);
        return result;
    }

    private static async Task<string> BackupAsync(LearnedTokens learned, IEnumerable<LearnedMailKey> mails)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        await SpamAssassinBackup.WriteAsync(output, learned, mails.ToAsyncEnumerable(), default);
        return output.ToString();
    }

    // In the order of the recorded database: all spam, then all good mail.
    private static (LearnedTokens, Dictionary<string, bool>) Learn()
    {
        var learned = new LearnedTokens();
        var mails = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var (kind, isSpam) in new[] { ("spam", true), ("ham", false) })
        {
            foreach (var file in BayesMails.Files("train", kind))
            {
                var octets = File.ReadAllBytes(file);
                var facts = BayesMails.Facts(octets);
                var set = new TokenSet();
                BayesMails.Tokenizer.Tokenize(facts, withSenders: false, set);
                learned.Add(set.DistinctKeys(), isSpam ? 1 : 0, isSpam ? 0 : 1, MailKeys.Received(facts.Mail, Now));
                // With CRLF the original has another name for it than with LF; we have one for both.
                if (octets.AsSpan().IndexOf("\r\n"u8) < 0)
                    mails[MailKeys.Made(facts.Mail)] = isSpam;
            }
        }

        return (learned, mails);
    }

    private static IEnumerable<string> Bands(double score)
    {
        foreach (
            var rule in BayesMails
                .Rules.Rules.Where(static r => r.Function == "check_bayes")
                .OrderBy(static r => r.Name, StringComparer.Ordinal)
        )
        {
            var facts = BayesMails.Facts("Subject: x\n\nx\n"u8.ToArray());
            facts.Bayes = _ => new BayesScore(score, 1, 1, []);
            if (RuleFunctions.All["check_bayes"](new Postreiter.Spam.Functions.RuleCall(rule, facts)) > 0)
                yield return rule.Name;
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Digest(IEnumerable<string> lines) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.Latin1.GetBytes(string.Concat(lines))));
}
