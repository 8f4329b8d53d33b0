using System.Text;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Tests.Syntax;

public sealed class PathSyntaxTests
{
    [Theory]
    [InlineData("<a@b.example>", "a@b.example", "")]
    [InlineData(" <a@b.example>", "a@b.example", "")]
    [InlineData("a@b.example", "a@b.example", "")]
    [InlineData(" a@b.example", "a@b.example", "")]
    [InlineData("<a@b.example> SIZE=1", "a@b.example", "SIZE=1")]
    [InlineData("a@b.example  SIZE=1 ", "a@b.example", "SIZE=1 ")]
    [InlineData("<a@B.EXAMPLE.>", "a@b.example", "")]
    [InlineData("<@r.example:a@b.example>", "a@b.example", "")]
    [InlineData("<@r.example,@[192.0.2.1]:a@b.example>", "a@b.example", "")]
    [InlineData("<\"<a>@x\"@b.example>", "\"<a>@x\"@b.example", "")]
    [InlineData("<\"a\\>\\\"b\"@b.example> X", "\"a>\\\"b\"@b.example", "X")]
    [InlineData("<\u00fc@b.example>", "\u00fc@b.example", "")]
    public void Addresses(string text, string address, string rest)
    {
        Assert.Equal(PathStatus.Address, Read(text, out var read, out var behind, out var isAscii));
        Assert.Equal((address, rest, Ascii.IsValid(text)), (read, behind, isAscii));
        // Whatever is cut off the end of the path, no other address may come of it with brackets.
        if (!text.TrimStart().StartsWith('<'))
            return;
        var bytes = Encoding.UTF8.GetBytes(text);
        var end = bytes.Length - Encoding.UTF8.GetByteCount(rest) - (rest.Length > 0 ? 1 : 0);
        for (var cut = 0; cut < end; cut++)
            Assert.Equal(PathStatus.Invalid, PathSyntax.Read(bytes.AsSpan(0, cut), out _, out _, out _));
    }

    [Theory]
    [InlineData("<>", "Null")]
    [InlineData(" <>", "Null")]
    [InlineData("<postmaster>", "Postmaster")]
    [InlineData("POSTMASTER", "Postmaster")]
    [InlineData("", "Invalid")]
    [InlineData("  <a@b.example>", "Invalid")]
    [InlineData("\t<a@b.example>", "Invalid")]
    [InlineData("<a@b.example", "Invalid")]
    [InlineData("a@b.example>", "Invalid")]
    [InlineData("<a@b.example>x", "Invalid")]
    [InlineData("<<a@b.example>>", "Invalid")]
    [InlineData("< a@b.example>", "Invalid")]
    [InlineData("<a@b.example >", "Invalid")]
    [InlineData("<a@b.example,c@d.example>", "Invalid")]
    [InlineData("<a@b.example;c@d.example>", "Invalid")]
    [InlineData("<a(comment)@b.example>", "Invalid")]
    [InlineData("<a@b.example\0>", "Invalid")]
    [InlineData("<@r.example:>", "Invalid")]
    [InlineData("<@r.example>", "Invalid")]
    [InlineData("<@:a@b.example>", "Invalid")]
    [InlineData("<@r.example,:a@b.example>", "Invalid")]
    [InlineData("<@r.example,s.example:a@b.example>", "Invalid")]
    [InlineData("@r.example:a@b.example", "Invalid")]
    [InlineData("<:a@b.example>", "Invalid")]
    [InlineData("<\"a@b.example>", "Invalid")]
    [InlineData("<\"\"@b.example>", "Invalid")]
    [InlineData("<a@b@c.example>", "Invalid")]
    [InlineData("<a@[]>", "Invalid")]
    [InlineData("<a@[1.2.3]>", "Invalid")]
    [InlineData("<a@[::1]>", "Invalid")]
    [InlineData("<a@[x.example]>", "Invalid")]
    [InlineData("<a@1.2.3.4>", "Address")]
    public void Others(string text, string status) => Assert.Equal(status, Read(text, out _, out _, out _).ToString());

    [Fact]
    public void What_is_no_UTF_8() =>
        Assert.Equal(PathStatus.NotUtf8, PathSyntax.Read([(byte)'<', 0xFC, .. "@b.example>"u8], out _, out _, out _));

    private static PathStatus Read(string text, out string address, out string rest, out bool isAscii)
    {
        var status = PathSyntax.Read(Encoding.UTF8.GetBytes(text), out var read, out var behind, out isAscii);
        (address, rest) = (read.ToString(), Encoding.UTF8.GetString(behind));
        return status;
    }
}
