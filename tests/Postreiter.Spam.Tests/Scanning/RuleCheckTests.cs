using Postreiter.Spam.Configuration;
using Postreiter.Spam.Scanning;

namespace Postreiter.Spam.Tests.Scanning;

public sealed class RuleCheckTests
{
    [Theory]
    [InlineData("check_freemail_from('^a')", false)]
    [InlineData("check_freemail_from('^(a')", true)]
    [InlineData("check_freemail_header('Reply-To', '[a')", true)]
    [InlineData("check_freemail_header('Reply-To')", false)]
    [InlineData("pdf_name_regex('/^a/i')", false)]
    [InlineData("pdf_name_regex('/(a/i')", true)]
    [InlineData("pdf_name_regex('^a')", true)]
    [InlineData("pdf_match_details('author', '/^a/')", false)]
    [InlineData("pdf_match_details('author', '/[a/')", true)]
    public void A_pattern_in_an_argument_that_cannot_be_read_is_told(string call, bool isTold)
    {
        var reader = new RulesetReader();
        reader.ReadText("test.cf", $"header A eval:{call}\n");
        var warnings = RuleCheck.Warnings(reader.Complete()).ToList();
        if (!isTold)
        {
            Assert.Empty(warnings);
            return;
        }
        var warning = Assert.Single(warnings);
        Assert.True(warning is { IsError: true, Line: 1, File: "test.cf" });
        Assert.StartsWith("A: the pattern ", warning.Message, StringComparison.Ordinal);
    }
}
