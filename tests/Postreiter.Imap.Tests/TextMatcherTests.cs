using Postreiter.Imap.Searching;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Tests;

public sealed class TextMatcherTests
{
    [Fact]
    public void P10_a_match_is_found_in_any_cut_as_a_whole_text_finds_it()
    {
        var random = new Random(4);
        for (var round = 0; round < 20_000; round++)
        {
            var text = Letters(random, random.Next(0, 30));
            var wanted = Letters(random, random.Next(1, 6));
            var matcher = new TextMatcher(wanted);
            for (var at = 0; at < text.Length; )
            {
                var length = random.Next(1, text.Length - at + 1);
                matcher.Append(text.AsSpan(at, length));
                at += length;
            }

            Assert.True(matcher.IsFound == text.Contains(wanted, StringComparison.Ordinal), $"{wanted} in {text}");
        }
    }

    [Fact]
    public void No_match_reaches_over_a_gap()
    {
        var matcher = new TextMatcher("AB");
        matcher.Append("A");
        matcher.Restart();
        matcher.Append("B");
        Assert.False(matcher.IsFound);
        matcher.Append("AB");
        Assert.True(matcher.IsFound);
        matcher.Reset();
        Assert.False(matcher.IsFound);
    }

    [Theory]
    [InlineData("Ärger\r\n im  Haus", "ÄRGER IM HAUS")]
    [InlineData("", "")]
    [InlineData("  a", " A")]
    public void Texts_are_folded(string text, string folded)
    {
        Assert.Equal(folded, SearchText.Fold(text));
        var (folding, pieces) = (new SearchText(), new List<char>());
        foreach (var c in text)
        {
            var one = new char[1];
            pieces.AddRange(one.AsSpan(0, folding.Fold([c], one)));
        }

        Assert.Equal(folded, new string([.. pieces]));
    }

    private static string Letters(Random random, int count) =>
        new([.. Enumerable.Range(0, count).Select(_ => (char)('A' + random.Next(2)))]);
}
