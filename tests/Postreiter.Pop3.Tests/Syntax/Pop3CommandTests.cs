using System.Buffers;
using System.Text;
using Postreiter.Core;
using Postreiter.Pop3.Syntax;

namespace Postreiter.Pop3.Tests.Syntax;

public sealed class Pop3CommandTests
{
    [Theory]
    [InlineData("STAT", "STAT", null)]
    [InlineData("stat", "STAT", null)]
    [InlineData("TOP 1 2", "TOP", "1 2")]
    [InlineData("PASS  two  spaces ", "PASS", " two  spaces ")]
    [InlineData("PASS ", "PASS", "")]
    public void Reads(string line, string keyword, string? argument)
    {
        Assert.True(Pop3Command.TryParse(Encoding.ASCII.GetBytes(line), out var command));
        Assert.Equal(Pop3Command.Pack(Encoding.ASCII.GetBytes(keyword)), command.Keyword);
        Assert.Equal(argument, command.Argument is { } bytes ? Encoding.ASCII.GetString(bytes.Span) : null);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" STAT")]
    [InlineData("ST")]
    [InlineData("STATS")]
    [InlineData("ST4T")]
    [InlineData("S\0AT")]
    [InlineData("LIST 1\0")]
    [InlineData("LIST 1\r")]
    [InlineData("LIST\t1")]
    public void Refuses(string line) => Assert.False(Pop3Command.TryParse(Encoding.ASCII.GetBytes(line), out _));

    [Fact]
    public void A_line_cut_anywhere_waits_for_more_and_moves_nothing()
    {
        var whole = "RETR 1\r\nQUIT"u8.ToArray();
        for (var cut = 0; cut < 8; cut++)
        {
            var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(whole, 0, cut));
            Assert.Equal(ParseStatus.NeedMoreData, Pop3Command.TryReadLine(ref input, out _, out var length));
            Assert.Equal((cut, 0), (length, input.Consumed));
        }

        var all = new SequenceReader<byte>(new ReadOnlySequence<byte>(whole));
        Assert.Equal(ParseStatus.Complete, Pop3Command.TryReadLine(ref all, out var line, out _));
        Assert.Equal("RETR 1", Encoding.ASCII.GetString(line));
        Assert.Equal(8, all.Consumed);
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("0012", 12)]
    [InlineData("2147483647", int.MaxValue)]
    [InlineData("2147483648", 0)]
    [InlineData("0", 0)]
    [InlineData("", 0)]
    [InlineData("-1", 0)]
    [InlineData("+1", 0)]
    [InlineData("1 ", 0)]
    [InlineData("1x", 0)]
    public void Numbers_are_digits_above_zero(string text, int expected)
    {
        var good = MessageNumbers.TryParse(Encoding.ASCII.GetBytes(text), out var number);
        Assert.Equal(expected, good ? number : 0);
    }
}
