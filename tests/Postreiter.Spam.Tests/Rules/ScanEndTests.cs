using System.Text;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Results;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;
using Postreiter.Testing;

namespace Postreiter.Spam.Tests.Rules;

/// <summary>What ends a scan before its time: rules that short-circuit, the sum of points, the clock.</summary>
public sealed class ScanEndTests
{
    private const string Plugin = "loadplugin Mail::SpamAssassin::Plugin::Shortcircuit\n";
    private static readonly byte[] Mail = Encoding.ASCII.GetBytes("To: bob@example.net\nSubject: x\n\none two\n");

    [Theory]
    [InlineData("shortcircuit A on\nscore A 3", "A=3,SHORTCIRCUIT=0.0001", 3, "spam")]
    [InlineData("shortcircuit A on\nscore A -3", "A=-3,SHORTCIRCUIT=-0.0001", -3, "ham")]
    [InlineData("shortcircuit A spam", "A=1,SHORTCIRCUIT=100", 101, "spam")]
    [InlineData("shortcircuit A ham", "A=-1,SHORTCIRCUIT=-100", -101, "ham")]
    [InlineData("shortcircuit A spam\nshortcircuit_spam_score 30", "A=1,SHORTCIRCUIT=30", 31, "spam")]
    [InlineData("shortcircuit A ham\nshortcircuit_ham_score -30", "A=-1,SHORTCIRCUIT=-30", -31, "ham")]
    [InlineData(
        "shortcircuit A spam\nshortcircuit A off\nshortcircuit A on\nscore A 2",
        "A=2,SHORTCIRCUIT=0.0001",
        2,
        "spam"
    )]
    [InlineData("score A 9\npriority A -10\nshortcircuit_max_spam_score 8", "A=9,SHORTCIRCUIT=0.001", 9.001, "spam")]
    [InlineData("score A -9\npriority A -10\nshortcircuit_min_ham_score -8", "A=-9,SHORTCIRCUIT=-0.001", -9.001, "ham")]
    [InlineData(
        "score A 8\npriority A -10\nshortcircuit_max_spam_score 8",
        "A=8,B=5,SHORTCIRCUIT=0.001",
        13.001,
        "spam"
    )]
    [InlineData("shortcircuit A spam\nshortcircuit A off\nscore A 1", "A=1,B=5", 6, null)]
    public void A_rule_or_the_points_end_it(string lines, string hits, double points, string? kind)
    {
        var engine = Engine(Plugin + "header A exists:To\nbody B /two/\nscore B 5\n" + lines);
        var result = engine.Scan(engine.Read(Mail));
        Assert.Equal(
            hits,
            string.Join(',', result.Hits.Select(static h => FormattableString.Invariant($"{h.Name}={h.Points}")))
        );
        Assert.Equal(points, result.Points, 4);
        Assert.Equal(kind, result.ShortCircuitKind);
    }

    [Theory]
    [InlineData("shortcircuit A spam", "A (spam) A spam")]
    [InlineData("score A 1", "no none no")]
    public void The_report_says_which(string lines, string tags)
    {
        var reader = new RulesetReader();
        reader.ReadText(
            "a.cf",
            Plugin + "header A exists:To\n" + lines + "\nadd_header all End _SC_ _SCRULE_ _SCTYPE_\nfold_headers 0\n"
        );
        var scanned = new MailScans(reader.Complete()).Scan(Mail);
        var context = new MarkContext { HostName = "mx.our.example", Now = DateTimeOffset.UnixEpoch };
        Assert.Contains(
            $"X-Spam-End: {tags}\n",
            new MailMarker(scanned.Verdict, scanned.Settings, context).AddedFields(),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("", 301, "SLOW=1,TIME_LIMIT_EXCEEDED=0.001")]
    [InlineData("", 299, "LATER=1,SLOW=1")]
    [InlineData("time_limit 10", 11, "SLOW=1,TIME_LIMIT_EXCEEDED=0.001")]
    [InlineData("time_limit 10\nscore TIME_LIMIT_EXCEEDED 2", 11, "SLOW=1,TIME_LIMIT_EXCEEDED=2")]
    [InlineData("time_limit 0", 10_000, "LATER=1,SLOW=1")]
    public void The_time_limit_ends_it_with_what_was_found(string lines, int seconds, string hits)
    {
        var clock = new TestClock();
        var functions = new Dictionary<string, RuleFunction>
        {
            ["take_long"] = _ =>
            {
                clock.Advance(TimeSpan.FromSeconds(seconds));
                return 1;
            },
        };
        var reader = new RulesetReader();
        reader.ReadText("a.cf", "header SLOW eval:take_long()\nbody LATER /two/\n" + lines);
        var engine = new SpamEngine(reader.Complete(), new SpamEngineOptions { Time = clock }, functions);
        var result = engine.Scan(engine.Read(Mail));
        Assert.Equal(
            hits,
            string.Join(
                ',',
                result
                    .Hits.Select(static h => FormattableString.Invariant($"{h.Name}={h.Points}"))
                    .Order(StringComparer.Ordinal)
            )
        );
        Assert.Equal(hits.Contains("TIME", StringComparison.Ordinal), result.IsTimeLimitExceeded);
    }

    private static SpamEngine Engine(string rules)
    {
        var reader = new RulesetReader();
        reader.ReadText("a.cf", rules);
        var ruleset = reader.Complete();
        Assert.Empty(ruleset.Warnings);
        return new SpamEngine(ruleset);
    }
}
