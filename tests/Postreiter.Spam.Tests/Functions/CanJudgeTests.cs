using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Functions;

public sealed class CanJudgeTests
{
    [Theory]
    [InlineData("body A /x/", true)]
    [InlineData("body A eval:no_such_function()", false)]
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
}
