using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Tests.Configuration;

public sealed class RulesetReaderTests
{
    private const string Plugin = "Mail::SpamAssassin::Plugin::";

    [Fact]
    public void Every_mistake_is_told_with_its_place_and_the_rest_is_in_force()
    {
        var ruleset = Read(
            """
            header A Subject =~ /a/i
            body B /(/
            nonsense 5
            score A ten
            header 1BAD Subject =~ /x/
            meta M A &&
            include nowhere.cf
            rawbody R no delimiters
            body C /c\x{e9}/ # a comment
            freemail_domains example.com
            endif
            score A 2.5
            if (version > 5)
            """
        );
        Assert.Equal([2, 3, 4, 5, 6, 7, 8, 10, 11, 13], ruleset.Warnings.Select(static warning => warning.Line));
        Assert.All(ruleset.Warnings, static warning => Assert.Equal("test.cf", warning.File));
        Assert.Equal(["A", "C"], ruleset.Rules.Select(static rule => rule.Name));
        Assert.True(ruleset.TryGetRule("A", out var rule) && rule.Scores.SequenceEqual([2.5, 2.5, 2.5, 2.5]));
    }

    [Theory]
    [InlineData("score A 2", new[] { 2.0, 2, 2, 2 })]
    [InlineData("score A 1 2 3 4", new[] { 1.0, 2, 3, 4 })]
    [InlineData("score A 1 2 3 4\nscore A (1)", new[] { 2.0, 3, 4, 5 })]
    [InlineData("score A (1)", new[] { 1.0, 1, 1, 1 })]
    [InlineData("tflags A nice", new[] { -1.0, -1, -1, -1 })]
    [InlineData("", new[] { 1.0, 1, 1, 1 })]
    public void Scores_are_one_four_or_added(string lines, double[] scores)
    {
        var ruleset = Read("body A /a/\n" + lines);
        Assert.True(ruleset.TryGetRule("A", out var rule));
        Assert.Equal(scores, rule.Scores);
    }

    [Theory]
    [InlineData("if (version >= 4.000000)", true)]
    [InlineData("if !(version >= 4.000000) || perl_version < 5", false)]
    [InlineData("if can(Mail::SpamAssassin::Conf::feature_bug6558_free)", true)]
    [InlineData("if can(Mail::SpamAssassin::Conf::feature_of_tomorrow)", false)]
    [InlineData("if (local_tests_only)", true)]
    [InlineData("ifplugin Mail::SpamAssassin::Plugin::FreeMail", true)]
    [InlineData("ifplugin Mail::SpamAssassin::Plugin::TxRep", false)]
    [InlineData("if !plugin(Mail::SpamAssassin::Plugin::TxRep) && (2 * 3 + 1 == 7)", true)]
    [InlineData("if can(Mail::SpamAssassin::Conf::compat_welcomelist_blocklist)", false)]
    public void Conditions_choose(string condition, bool holds)
    {
        var ruleset = Read($"loadplugin {Plugin}FreeMail\n{condition}\nbody A /a/\nelse\nbody B /b/\nendif\n");
        Assert.Empty(ruleset.Warnings);
        Assert.Equal(holds ? "A" : "B", Assert.Single(ruleset.Rules).Name);
    }

    [Fact]
    public void An_else_within_a_block_that_is_left_out_stays_left_out()
    {
        var ruleset = Read(
            "if (0 == 1)\nif (1 == 1)\nbody A /a/\nelse\nbody B /b/\nendif\nelse\nbody C /c/\nendif\nbody D /d/\n"
        );
        Assert.Equal(["C", "D"], ruleset.Rules.Select(static rule => rule.Name));
    }

    [Fact]
    public void A_later_definition_replaces_an_earlier_one_of_any_kind()
    {
        var ruleset = Read(
            "body A /a/\nmeta A B + 1\nlang de describe A deutsch\ndescribe A english\nbody B /x\\#y/\n"
        );
        Assert.True(ruleset.TryGetRule("A", out var rule) && rule.Kind == RuleKind.Meta);
        Assert.Equal("english", rule.Description);
        Assert.True(ruleset.TryGetRule("B", out var other));
        Assert.Equal("x#y", other.Pattern!.Source);
    }

    [Fact]
    public void Tags_are_replaced_with_what_stands_between_them()
    {
        var ruleset = Read(
            $"loadplugin {Plugin}ReplaceTags\nreplace_tag A [a4]\nreplace_tag B (?:<A>b)\nreplace_inter SP \\s\nreplace_post P {{1,2}}\n"
                + "body R /<inter SP><post P><A><A>x<B><C>/i\nreplace_rules R\n"
        );
        Assert.Empty(ruleset.Warnings);
        Assert.True(ruleset.TryGetRule("R", out var rule));
        Assert.Equal(@"[a4]{1,2}\s[a4]{1,2}x(?:[a4]b){1,2}\s<C>{1,2}", rule.Pattern!.Source);
    }

    [Fact]
    public void Metas_that_need_each_other_never_hit_and_are_told()
    {
        var ruleset = Read("meta A B\nmeta B A\nmeta C A || D\nbody D /d/\n");
        Assert.Equal(3, ruleset.Warnings.Count);
        Assert.True(ruleset.TryGetRule("A", out var rule) && rule.Expression!.Names.Count == 0);
    }

    [Fact]
    public void What_a_meta_needs_runs_no_later_than_the_meta()
    {
        var ruleset = Read(
            "meta A B\npriority A -900\nmeta B C\nbody C /c/\nbody N /n/\ntflags N net\nmeta M N\npriority M -500\n"
        );
        Assert.Equal(
            new Dictionary<string, int>
            {
                ["A"] = -900,
                ["B"] = -900,
                ["C"] = -900,
                ["M"] = -500,
                ["N"] = -100,
            },
            ruleset.Rules.ToDictionary(static rule => rule.Name, static rule => rule.Priority)
        );
        Assert.True(ruleset.TryGetRule("M", out var meta) && meta.Flags.IsNet);
    }

    [Theory]
    [InlineData("A + B", 5)]
    [InlineData("A && B", 3)]
    [InlineData("C && B", 0)]
    [InlineData("C || B", 3)]
    [InlineData("!A", 0)]
    [InlineData("!C", 1)]
    [InlineData("A * B - 1", 5)]
    [InlineData("A + B > 4 && !C", 1)]
    [InlineData("(A + B) / 0", 0)]
    [InlineData("C ? A : B", 3)]
    [InlineData("A == 2 ? 7 : B", 7)]
    [InlineData("A ^ B", 1)]
    [InlineData("rules_matching(?) - 1", 4)]
    [InlineData("A <= 2", 1)]
    [InlineData("A != 2", 0)]
    public void Metas_are_worked_out_as_Perl_does(string expression, double value)
    {
        var meta = MetaCompiler.Compile(expression, out var error);
        Assert.True(meta is not null, error);
        double[] hits = [2, 3, 0];
        var names = meta.Names.Select(static name => name[0] - 'A').ToArray();
        int[][] sums =
        [
            [0, 1, 2],
        ];
        Assert.Equal(value, MetaEvaluation.Evaluate(meta.Steps, names, sums, hits, isLocal: true));
    }

    [Theory]
    [InlineData("A &&")]
    [InlineData("A B")]
    [InlineData("(A")]
    [InlineData("A +1")]
    [InlineData("$x")]
    [InlineData("A and B")]
    [InlineData("A ? B")]
    public void What_is_no_expression_is_refused(string expression)
    {
        Assert.Null(MetaCompiler.Compile(expression, out var error));
        Assert.NotEqual("", error);
    }

    [Fact]
    public void An_expression_nested_too_deep_is_refused() =>
        Assert.Null(MetaCompiler.Compile(new string('(', 100_000) + "A" + new string(')', 100_000), out _));

    private static Ruleset Read(string text)
    {
        var reader = new RulesetReader();
        reader.ReadText("test.cf", text);
        return reader.Complete();
    }
}
