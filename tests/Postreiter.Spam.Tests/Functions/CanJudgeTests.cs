using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Functions;

public sealed class CanJudgeTests
{
    [Theory]
    [InlineData("body A /x/", true)]
    [InlineData("body A eval:no_such_function()", false)]
    [InlineData("body A eval:no_such_function()\nscore A 0", true)]
    [InlineData("body A eval:no_such_function()\ntflags A net", true)]
    [InlineData("body A eval:no_such_function()\ntflags A learn", true)]
    [InlineData("body __A eval:no_such_function()", true)]
    [InlineData("body __A eval:no_such_function()\nmeta B __A", false)]
    [InlineData("body __A eval:no_such_function()\nmeta B __A\nscore B 0", true)]
    [InlineData("ifplugin Mail::SpamAssassin::Plugin::PDFInfo\nbody A eval:no_such_function()\nendif", true)]
    public void Rules_whose_functions_are_missing_judge_no_mail(string rules, bool can)
    {
        var folder = Directory.CreateTempSubdirectory("postreiter-test-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "a.cf"), rules + "\n");
            Assert.Equal(can, RuleCheck.CanJudge(RuleSources.Read([folder.FullName])!));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void SpamAssassins_own_rules_judge_mail()
    {
        Assert.True(RuleCheck.CanJudge(Rulesets.Stock));
        // Not one function is missing that a rule without the network would call.
        Assert.DoesNotContain(
            RuleSelection.Wanted(Rulesets.Stock, new SpamEngineOptions()),
            static rule => rule.Function.Length > 0 && !RuleFunctions.All.ContainsKey(rule.Function)
        );
    }
}
