using CsCheck;

namespace Postreiter.Core.Tests;

public sealed class SmallValueTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("1024", 1024)]
    [InlineData("1KiB", 1024)]
    [InlineData("50MiB", 50L * 1024 * 1024)]
    [InlineData("2GiB", 2L * 1024 * 1024 * 1024)]
    public void Sizes_are_read(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("MiB")]
    [InlineData("1XB")]
    [InlineData("99999999999999999999")]
    [InlineData("99999999999GiB")]
    public void Bad_sizes_are_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Fact]
    public void Trace_names_ascend_with_time_and_read_back() =>
        Gen.Select(Gen.Long[0, 1L << 39], Gen.Long[1, 1L << 30], Gen.Int)
            .Sample(
                (milliseconds, later, seed) =>
                {
                    var random = new Random(seed);
                    var start = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMilliseconds(milliseconds);
                    var first = TraceId.Create(start, random);
                    var second = TraceId.Create(start.AddMilliseconds(later), random);
                    return string.CompareOrdinal(first.ToString(), second.ToString()) < 0
                        && TraceId.TryParse(first.ToString(), out var again)
                        && again == first
                        && first.Time == start
                        && string.CompareOrdinal(TraceId.FirstAt(start), first.ToString()) < 0
                        && string.CompareOrdinal(first.ToString(), TraceId.FirstAt(start.AddMilliseconds(later))) < 0;
                }
            );

    [Theory]
    [InlineData("5.1.1", true)]
    [InlineData("2.0.0", true)]
    [InlineData("3.0.0", false)]
    [InlineData("5.1", false)]
    [InlineData("5.1.1.1", false)]
    [InlineData("5.1234.1", false)]
    public void Enhanced_status_codes_follow_RFC_3463(string text, bool good) =>
        Assert.Equal(good, EnhancedStatus.TryParse(text, out _));
}
