using Postreiter.Settings;

namespace Postreiter.Tests.Settings;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("500ms", 500, "500ms")]
    [InlineData("90s", 90_000, "1m30s")]
    [InlineData("5m", 300_000, "5m")]
    [InlineData("1h30m", 5_400_000, "1h30m")]
    [InlineData("2d", 172_800_000, "2d")]
    [InlineData("1w", 604_800_000, "7d")]
    [InlineData("0s", 0, "0s")]
    public void Good(string text, long milliseconds, string written)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.Value.TotalMilliseconds);
        Assert.Equal(written, Durations.Format(duration.Value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("-5m")]
    [InlineData("5 m")]
    [InlineData("5M")]
    [InlineData("1.5h")]
    [InlineData("5m ")]
    [InlineData("9999999999s")]
    [InlineData("999999999w")]
    public void Bad(string text) => Assert.False(Durations.TryParse(text, out _));
}
