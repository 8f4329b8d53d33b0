using System.Text;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Rules;

public sealed class SpamEngineTests
{
    private const string Mail = """
        From: Ann <ann@example.com>
        To: bob@example.net
        Subject: token x1y2 here

        one two two three
        id: q9z8

        """;

    [Theory]
    [InlineData("header A From:addr =~ /^ann\\@/", "A", 1.0)]
    [InlineData("header A exists:Cc", "", 0.0)]
    [InlineData("header A Cc !~ /x/", "A", 1.0)]
    [InlineData("header A Cc =~ /^none$/ [if-unset: none]", "A", 1.0)]
    [InlineData("header A Cc !~ /^none$/ [if-unset: none]", "", 0.0)]
    [InlineData("header A Cc !~ /^x$/ [if-unset: none]", "A", 1.0)]
    [InlineData("body A /\\btwo\\b/\ntflags A multiple", "A", 2.0)]
    [InlineData("body A /[a-z]+/\ntflags A multiple maxhits=3", "A", 3.0)]
    [InlineData("body A /token/\ntflags A nosubject", "", 0.0)]
    [InlineData("body A /two/\nscore A 0", "", 0.0)]
    [InlineData("body __A /two/\ntflags __A multiple\nmeta B __A > 1\nscore B 2.5", "B", 2.5)]
    [InlineData("body __A /two/\nmeta __B 1\nscore __B 0\nmeta C __A || __B", "", 0.0)]
    [InlineData("full A /^Subject: token/m", "A", 1.0)]
    [InlineData("rawbody A /^id: /m", "A", 1.0)]
    public void Rules_hit(string rules, string hit, double points)
    {
        var result = Scan(rules);
        Assert.Equal(hit, string.Join(',', result.Hits.Select(static one => one.Name)));
        Assert.Equal(points, result.Points);
    }

    [Fact]
    public void A_template_takes_the_values_of_this_mail()
    {
        var engine = Engine("header __T Subject =~ /(?<TOK>[xq]\\d[yz]\\d)/\nbody R /id: %{TOK}/\n");
        Assert.Empty(Scan(engine, Mail).Hits);
        Assert.Equal(
            "R",
            Assert.Single(Scan(engine, Mail.Replace("x1y2", "q9z8", StringComparison.Ordinal)).Hits).Name
        );
        Assert.Empty(Scan(engine, Mail).Hits);
    }

    [Fact]
    public void A_short_circuit_ends_the_scan()
    {
        var result = Scan(
            "loadplugin Mail::SpamAssassin::Plugin::Shortcircuit\nheader A exists:To\nshortcircuit A ham\nbody B /two/\nscore B 3\n"
        );
        Assert.Equal("A", result.ShortCircuit);
        Assert.Equal(["A", "SHORTCIRCUIT"], result.Hits.Select(static hit => hit.Name));
        Assert.Equal(-101, result.Points);
    }

    [Fact]
    public void A_function_that_is_not_there_is_told()
    {
        var engine = Engine("body A eval:check_the_future('x')\n");
        var missing = Assert.Single(engine.Missing);
        Assert.Contains("check_the_future", missing.Message, StringComparison.Ordinal);
        Assert.False(missing.IsError);
        Assert.Equal(1, missing.Line);
    }

    /// <summary>Each way in which a pattern comes to a mail: each has a number of steps, and is told by name when they are not enough.</summary>
    [Theory]
    [InlineData("header A Subject =~ /^(?:(a+)+)+\\1$/")]
    [InlineData("header A Subject !~ /^(?:(a+)+)+\\1$/")]
    [InlineData("header A Cc =~ /^(?:(a+)+)+\\1$/ [if-unset: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!]")]
    [InlineData("header A Subject =~ /^(?:(?<GROUP>a+)+)+\\1$/")]
    [InlineData("body A /^(?:(a+)+)+\\1$/")]
    [InlineData("rawbody A /^(?:(a+)+)+\\1$/")]
    [InlineData("full A /^(?:(a+)+)+\\1z$/m")]
    [InlineData("uri A /(?:(a+)+)+\\1$/")]
    [InlineData("uri_detail A cleaned =~ /(?:(a+)+)+\\1$/")]
    [InlineData("mimeheader A Content-Type =~ /(?:(a+)+)+\\1$/")]
    [InlineData("header A eval:check_freemail_from('^(?:(a+)+)+\\1@?$')\nfreemail_domains example.org")]
    public void A_pattern_that_needs_too_many_steps_is_no_hit_and_is_told(string rule)
    {
        var many = new string('a', 40);
        var mail =
            $"From: {many}@example.org\nSubject: {many}!\nContent-Type: text/plain; x={many}!\n\n{many}!\n\nhttp://example.org/{many}/b\nz\n";
        var result = Scan(
            Engine(
                "loadplugin Mail::SpamAssassin::Plugin::FreeMail\nloadplugin Mail::SpamAssassin::Plugin::URIDetail\nloadplugin Mail::SpamAssassin::Plugin::MIMEHeader\nutil_rb_tld org\n"
                    + rule
                    + "\n"
            ),
            mail
        );
        Assert.Equal(["A"], result.GivenUp);
        Assert.Empty(result.Hits);
    }

    [Fact]
    public void Rules_that_cannot_matter_do_not_run()
    {
        var engine = Engine("body __UNUSED /two/\nbody __USED /two/\nmeta A __USED\nbody OFF /x/\nscore OFF 0\n");
        Assert.Equal(2, engine.RunningRules);
    }

    [Fact]
    public void Scans_of_many_threads_do_not_meet()
    {
        var engine = Engine(
            "body __A /(?:two|id: [a-z]\\d){1,3}/\ntflags __A multiple\nmeta B __A\nbody C /\\S+@\\S+|three/\n"
        );
        var expected = Scan(engine, Mail).Hits.Select(static hit => (hit.Name, hit.Count)).ToArray();
        Parallel.For(
            0,
            400,
            _ => Assert.Equal(expected, Scan(engine, Mail).Hits.Select(static hit => (hit.Name, hit.Count)))
        );
    }

    private static ScanResult Scan(string rules) => Scan(Engine(rules), Mail);

    private static ScanResult Scan(SpamEngine engine, string mail) =>
        engine.Scan(engine.Read(Encoding.Latin1.GetBytes(mail)));

    private static SpamEngine Engine(string rules)
    {
        var reader = new RulesetReader();
        reader.ReadText("test.cf", rules);
        var ruleset = reader.Complete();
        Assert.Empty(ruleset.Warnings);
        return new SpamEngine(ruleset);
    }
}
