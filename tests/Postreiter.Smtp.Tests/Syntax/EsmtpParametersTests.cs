using System.Text;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Tests.Syntax;

public sealed class EsmtpParametersTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("SIZE=1", "SIZE=1")]
    [InlineData("size=1  Body=8BITMIME ", "SIZE=1 BODY=8BITMIME")]
    [InlineData("SMTPUTF8", "SMTPUTF8")]
    [InlineData("X-A1=b+2Bc=d", "X-A1=b+2Bc=d")]
    [InlineData("ORCPT=utf-8;\u00fc", "ORCPT=utf-8;\u00fc")]
    public void Good_ones_are_read(string text, string expected)
    {
        Assert.True(EsmtpParameters.TryRead(Encoding.UTF8.GetBytes(text), out var parameters));
        Assert.Equal(
            expected,
            string.Join(' ', parameters.Select(p => p.Value is null ? p.Key : $"{p.Key}={p.Value}"))
        );
    }

    [Theory]
    [InlineData("=1")]
    [InlineData("SIZE=")]
    [InlineData("-SIZE=1")]
    [InlineData("SI_ZE=1")]
    [InlineData("SIZE=1 SIZE=1")]
    [InlineData("SIZE=1 size=2")]
    [InlineData("\u00fc=1")]
    [InlineData("A=\u0001")]
    [InlineData("A B C D E F G H I J K L M N O P Q")]
    public void Broken_ones_are_refused(string text) =>
        Assert.False(EsmtpParameters.TryRead(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void What_is_no_UTF_8_is_refused() =>
        Assert.False(EsmtpParameters.TryRead([(byte)'A', (byte)'=', 0xFF], out _));

    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("a+2Bb", "a+b")]
    [InlineData("a+3Db", "a=b")]
    [InlineData("+20", " ")]
    [InlineData("+C3+BC", "\u00fc")]
    [InlineData("", "")]
    [InlineData("<>", "<>")]
    public void Xtext_is_decoded(string text, string expected)
    {
        Assert.True(EsmtpParameters.TryDecodeXtext(text, utf8: false, out var decoded));
        Assert.Equal(expected, decoded);
    }

    [Theory]
    [InlineData("+")]
    [InlineData("a+2")]
    [InlineData("a+2b")]
    [InlineData("a+GG")]
    [InlineData("a=b")]
    [InlineData("a b")]
    [InlineData("a+0Db")]
    [InlineData("a+00")]
    [InlineData("a+7F")]
    [InlineData("+C3")]
    [InlineData("+C2+85")]
    [InlineData("\u00fc")]
    public void Broken_xtext_is_refused(string text) =>
        Assert.False(EsmtpParameters.TryDecodeXtext(text, utf8: false, out _));

    [Fact]
    public void Under_SMTPUTF8_characters_stand_for_themselves()
    {
        Assert.True(EsmtpParameters.TryDecodeXtext("\u00fc+2B\U0001F600", utf8: true, out var decoded));
        Assert.Equal("\u00fc+\U0001F600", decoded);
    }
}
