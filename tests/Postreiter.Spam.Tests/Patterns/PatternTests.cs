using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Tests.Patterns;

public sealed class PatternTests
{
    [Theory]
    [InlineData("/[bcdfgjklmnpqrstvwxz]{7}\\S*\\@/i", "<meg34807147238s03@isppan.waw.pl>\n", false)]
    [InlineData("/[bcd]{3}/i", "123", false)]
    [InlineData("/[bcd]{3}/i", "xBcD", true)]
    public void A_pattern_matches_as_in_Perl(string pattern, string text, bool matches)
    {
        Assert.True(OctetPattern.TryParse(pattern, out var parsed, out var error), error);
        Assert.Equal(matches, parsed.IsMatch(text));
    }
}
