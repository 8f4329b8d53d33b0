using System.Buffers;
using System.Text;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Tests.Syntax;

public sealed class CommandLineReaderTests
{
    private const int Most = 20;
    private const int MostAuth = 40;

    [Theory]
    [InlineData("NOOP\r\n", "NOOP", "")]
    [InlineData("NOOP\r\nQUIT\r\n", "NOOP", "QUIT\r\n")]
    [InlineData("\r\n", "", "")]
    [InlineData("\0\r\n", "\0", "")]
    [InlineData("123456789012345678\r\n", "123456789012345678", "")]
    [InlineData("auth 12345678901234567890123456789012\r\n", "auth 12345678901234567890123456789012", "")]
    public void A_line_ends_with_CRLF(string input, string line, string rest)
    {
        foreach (var buffer in Cut(input))
        {
            var left = buffer;
            Assert.Equal(LineStatus.Complete, CommandLineReader.TryRead(ref left, Most, MostAuth, out var read));
            Assert.Equal((line, rest), (Text(read), Text(left)));
        }

        for (var cut = 0; cut < input.Length - rest.Length; cut++)
        {
            var left = Sequence(input[..cut]);
            Assert.Equal(LineStatus.NeedMoreData, CommandLineReader.TryRead(ref left, Most, MostAuth, out _));
            Assert.Equal(cut, left.Length);
        }
    }

    [Theory]
    [InlineData("1234567890123456789\r\nNOOP\r\n", "TooLong")]
    [InlineData("AUTHX234567890123456789\r\nNOOP\r\n", "TooLong")]
    [InlineData("AUTH 1234567890123456789012345678901234\r\nNOOP\r\n", "TooLong")]
    [InlineData("\n", "BareLineEnd")]
    [InlineData("NOOP\n", "BareLineEnd")]
    [InlineData("NOOP\rx", "BareLineEnd")]
    [InlineData("NOOP\r\r\n", "BareLineEnd")]
    [InlineData("1234567890123456789012345678901234567890\n", "BareLineEnd")]
    public void What_is_no_line_is_told(string input, string status)
    {
        foreach (var buffer in Cut(input))
        {
            var left = buffer;
            Assert.Equal(status, CommandLineReader.TryRead(ref left, Most, MostAuth, out var line).ToString());
            Assert.True(line.IsEmpty);
            if (status == "TooLong")
                Assert.Equal("NOOP\r\n", Text(left));
        }
    }

    [Fact]
    public void L1_64_KiB_without_an_end_are_endless()
    {
        var at = Sequence(new string('x', CommandLineReader.MaxUnendedBytes));
        Assert.Equal(LineStatus.NeedMoreData, CommandLineReader.TryRead(ref at, Most, MostAuth, out _));
        var above = Sequence(new string('x', CommandLineReader.MaxUnendedBytes + 1));
        Assert.Equal(LineStatus.Endless, CommandLineReader.TryRead(ref above, Most, MostAuth, out _));
    }

    private static IEnumerable<ReadOnlySequence<byte>> Cut(string text)
    {
        for (var cut = 0; cut <= text.Length; cut++)
            yield return Segment.Join(Bytes(text[..cut]), Bytes(text[cut..]));
    }

    private static ReadOnlySequence<byte> Sequence(string text) => new(Bytes(text));

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Text(ReadOnlySequence<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
