using System.Text;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Configuration;

public sealed class UserPreferencesTests
{
    private const string Mail = "From: ann@example.com\nTo: bob@example.net\nSubject: one two\n\nthree\n";

    private const string Site = """
        header BLOCKED eval:check_from_in_blocklist()
        score BLOCKED 100
        header WELCOME eval:check_from_in_welcomelist()
        score WELCOME -100
        body TWO /two/
        score TWO 2
        describe TWO The site's words
        body THREE /three/
        score THREE 3 3 3 3
        meta BOTH TWO && THREE
        score BOTH 1
        body OFF /one/
        score OFF 0
        blocklist_from *@example.com
        required_score 5
        """;

    [Theory]
    [InlineData("", "BLOCKED=100,BOTH=1,THREE=3,TWO=2", 106)]
    [InlineData("unblocklist_from *@example.com", "BOTH=1,THREE=3,TWO=2", 6)]
    [InlineData("whitelist_from ann@*", "BLOCKED=100,BOTH=1,THREE=3,TWO=2,WELCOME=-100", 6)]
    [InlineData("unblacklist_from *@example.com\nscore TWO 0.5\nscore THREE 1 2 3 4", "BOTH=1,THREE=1,TWO=0.5", 2.5)]
    [InlineData("score BLOCKED 0\nscore TWO (1)", "BOTH=1,THREE=3,TWO=3", 7)]
    [InlineData("score BLOCKED 0\nscore TWO 0", "THREE=3", 3)]
    [InlineData("score OFF 5", "BLOCKED=100,BOTH=1,THREE=3,TWO=2", 106)]
    [InlineData(
        "if plugin(Mail::SpamAssassin::Plugin::None)\nscore BLOCKED 0\nendif",
        "BLOCKED=100,BOTH=1,THREE=3,TWO=2",
        106
    )]
    public void Lists_and_points_are_laid_over_the_sites(string lines, string hits, double points)
    {
        var engine = Engine();
        var user = UserPreferences.Read("bob", lines, engine.Ruleset);
        Assert.Empty(user.Warnings);
        var result = engine.Scan(engine.Facts(engine.Read(Encoding.Latin1.GetBytes(Mail)), user));
        Assert.Equal(
            hits,
            string.Join(
                ',',
                result
                    .Hits.Select(static h => FormattableString.Invariant($"{h.Name}={h.Points}"))
                    .Order(StringComparer.Ordinal)
            )
        );
        Assert.Equal(points, result.Points);
        // The site's own are what they were.
        Assert.Equal(106, engine.Scan(engine.Read(Encoding.Latin1.GetBytes(Mail))).Points);
    }

    [Fact]
    public void A_user_has_his_own_threshold_and_descriptions()
    {
        var engine = Engine();
        var user = UserPreferences.Read("bob", "required_hits 200\ndescribe TWO Mine", engine.Ruleset);
        var result = engine.Scan(engine.Facts(engine.Read(Encoding.Latin1.GetBytes(Mail)), user));
        Assert.True(user.SetsRequiredScore);
        Assert.Equal(200, result.Required);
        Assert.False(result.IsSpam);
        Assert.Equal("Mine", result.Hits.Single(static hit => hit.Name == "TWO").Description);
    }

    [Theory]
    [InlineData("body MINE /two/")]
    [InlineData("header MINE exists:To")]
    [InlineData("meta MINE 1")]
    [InlineData("include /etc/passwd")]
    [InlineData("loadplugin Mail::SpamAssassin::Plugin::PDFInfo")]
    [InlineData("allow_user_rules 1\nbody MINE /two/")]
    [InlineData("tflags TWO nice")]
    [InlineData("priority TWO -2000")]
    [InlineData("shortcircuit TWO ham")]
    [InlineData("bayes_path /tmp/x")]
    [InlineData("redirector_pattern /x/")]
    public void What_is_the_sites_alone_is_passed_over_and_told(string lines)
    {
        var engine = Engine();
        var user = UserPreferences.Read("bob.cf", lines, engine.Ruleset);
        Assert.All(
            user.Warnings,
            static warning =>
            {
                Assert.Equal("bob.cf", warning.File);
                Assert.Contains("for the site alone", warning.Message, StringComparison.Ordinal);
            }
        );
        Assert.NotEmpty(user.Warnings);
        Assert.Equal(106, engine.Scan(engine.Facts(engine.Read(Encoding.Latin1.GetBytes(Mail)), user)).Points);
    }

    [Fact]
    public void A_users_lists_cost_what_they_hold_and_not_what_the_site_has()
    {
        var reader = new RulesetReader();
        reader.ReadText(
            "a.cf",
            "welcomelist_from " + string.Join(' ', Enumerable.Range(0, 20_000).Select(i => $"u{i}@example.org"))
        );
        var site = reader.Complete();
        UserPreferences.Read("warm", "blocklist_from x@example.org", site);
        var before = GC.GetAllocatedBytesForCurrentThread();
        UserPreferences.Read("bob", "blocklist_from x@example.org", site);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 200_000);
    }

    private static SpamEngine Engine()
    {
        var reader = new RulesetReader();
        reader.ReadText("site.cf", Site);
        var site = reader.Complete();
        Assert.Empty(site.Warnings);
        return new SpamEngine(site);
    }
}
