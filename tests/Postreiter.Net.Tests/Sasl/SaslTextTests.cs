using System.Text;
using Postreiter.Net.Sasl;

namespace Postreiter.Net.Tests.Sasl;

public sealed class SaslTextTests
{
    // RFC 4013 §3, and what §2.3 prohibits.
    [Theory]
    [InlineData("I\u00ADX", "IX")]
    [InlineData("user", "user")]
    [InlineData("USER", "USER")]
    [InlineData("\u00AA", "a")]
    [InlineData("\u2168", "IX")]
    [InlineData("a\u00A0b", "a b")]
    [InlineData("\u0007", null)]
    [InlineData("a\u0085", null)]
    [InlineData("\uE000", null)]
    [InlineData("\u00AD", null)]
    [InlineData("", null)]
    public void Names_are_prepared(string text, string? expected) => Assert.Equal(expected, SaslPrep.Prepare(text));

    [Theory]
    [InlineData("\0ann@a.example\0tanstaaf", "ann@a.example", "tanstaaf")]
    [InlineData("ann@a.example\0ann@a.example\0x", "ann@a.example", "x")]
    [InlineData("bob@a.example\0ann@a.example\0x", null, null)]
    [InlineData("\0ann\0", null, null)]
    [InlineData("\0\0x", null, null)]
    [InlineData("ann\0x", null, null)]
    [InlineData("\0ann\0x\0y", null, null)]
    [InlineData("", null, null)]
    public void Plain_messages(string message, string? user, string? password)
    {
        var good = PlainExchange.TryRead(Encoding.UTF8.GetBytes(message), out var readUser, out var readPassword);
        Assert.Equal(user is not null, good);
        Assert.Equal((user ?? "", password ?? ""), (readUser, readPassword));
    }

    [Fact]
    public void Plain_takes_only_utf8() => Assert.False(PlainExchange.TryRead([0, 0xC3, 0, (byte)'x'], out _, out _));

    [Theory]
    [InlineData("a=2Cb=3Dc", "a,b=c")]
    [InlineData("a=2cb", null)]
    [InlineData("a=", null)]
    public void Scram_names(string text, string? expected)
    {
        Assert.Equal(expected is not null, ScramExchange.TryReadName(text, out var name));
        Assert.Equal(expected ?? "", name);
    }
}
