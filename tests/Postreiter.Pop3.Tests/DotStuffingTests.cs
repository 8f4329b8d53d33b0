using System.Buffers;
using System.Text;

namespace Postreiter.Pop3.Tests;

public sealed class DotStuffingTests
{
    [Theory]
    [InlineData("", null, ".\r\n")]
    [InlineData(".", null, "..\r\n.\r\n")]
    [InlineData("a\r\n.\r\n", null, "a\r\n..\r\n.\r\n")]
    [InlineData("a\r\n\r\n..b\r\n", null, "a\r\n\r\n...b\r\n.\r\n")]
    [InlineData("a\n.\nb\r\n", null, "a\n..\nb\r\n.\r\n")]
    [InlineData("a\n", null, "a\n\r\n.\r\n")]
    [InlineData("a\r\0", null, "a\r\0\r\n.\r\n")]
    [InlineData("a\r", null, "a\r\r\n.\r\n")]
    [InlineData("h: 1\r\n\r\n1\r\n2\r\n", 0, "h: 1\r\n\r\n.\r\n")]
    [InlineData("h: 1\r\n\r\n1\r\n2\r\n", 1, "h: 1\r\n\r\n1\r\n.\r\n")]
    [InlineData("\r\n1\r\n2\r\n", 1, "\r\n1\r\n.\r\n")]
    [InlineData("h: 1\r\n\r\n\r\n\r\n2\r\n", 2, "h: 1\r\n\r\n\r\n\r\n.\r\n")]
    public void Stuffs_alike_in_pieces_of_any_size(string message, int? bodyLines, string expected)
    {
        var bytes = Encoding.ASCII.GetBytes(message);
        for (var size = 1; size <= bytes.Length + 1; size++)
        {
            var output = new ArrayBufferWriter<byte>();
            var stuffing = new DotStuffing(bodyLines);
            foreach (var piece in bytes.Chunk(size))
                stuffing.Write(piece, output);
            stuffing.Complete(output);
            Assert.Equal(expected, Encoding.ASCII.GetString(output.WrittenSpan));
        }
    }
}
