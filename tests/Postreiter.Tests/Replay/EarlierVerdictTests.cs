using Postreiter.Replay;

namespace Postreiter.Tests.Replay;

/// <summary>What X-Spam-Status says, as this server, SpamAssassin and others write it.</summary>
public sealed class EarlierVerdictTests
{
    [Theory]
    [InlineData(" Yes, score=7.3 required=5.0 tests=A,B_2 autolearn=no", true, 7.3, 5.0, "A B_2")]
    [InlineData(
        " No, score=-1.9 required=5.0\r\n\ttests=A,\r\n\tB,C autolearn=ham\r\n\tversion=4.0.1\r\n",
        false,
        -1.9,
        5.0,
        "A B C"
    )]
    [InlineData(" No, score=0.0 required=5.0 tests=none autolearn=no", false, 0.0, 5.0, "")]
    [InlineData("No, hits=2 required=5", false, 2.0, 5.0, "")]
    [InlineData("Yes, score=6.1 required=5 tests=[A=3.1, B=-0.5,C=3.5] autolearn=no", true, 6.1, 5.0, "A B C")]
    [InlineData("score=6.1 required=5", true, 6.1, 5.0, "")]
    [InlineData("Yes", true, null, null, "")]
    public void It_is_read(string status, bool isSpam, double? points, double? required, string rules)
    {
        var verdict = EarlierVerdict.FromStatus(status)!;
        Assert.Equal((isSpam, points, required), (verdict.IsSpam, verdict.Points, verdict.Required));
        Assert.Equal(rules, string.Join(' ', verdict.Rules.Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("score=6.1")]
    [InlineData("perhaps")]
    public void What_says_nothing_is_none(string status) => Assert.Null(EarlierVerdict.FromStatus(status));

    [Fact]
    public void A_hostile_one_takes_no_time()
    {
        var status = "No, score=1 required=5 tests=" + string.Concat(Enumerable.Repeat("A, ", 200_000)) + "!";
        Assert.Equal(["A"], EarlierVerdict.FromStatus(status)!.Rules);
    }
}
