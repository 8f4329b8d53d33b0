using System.Text;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Tests.Syntax;

public sealed class DataSyntaxTests
{
    [Theory]
    [InlineData(".\r\n", "", "EndOfData")]
    [InlineData("a\r\n.\r\n", "a\r\n", "EndOfData")]
    [InlineData("..\r\n.\r\n", ".\r\n", "EndOfData")]
    [InlineData(".a\r\n..b\r\n.\r\n", "a\r\n.b\r\n", "EndOfData")]
    [InlineData("a.\r\n.\r\n", "a.\r\n", "EndOfData")]
    [InlineData("\r\n\r\n.\r\n", "\r\n\r\n", "EndOfData")]
    [InlineData("....\r\n.\r\n", "...\r\n", "EndOfData")]
    [InlineData("\0\u00ff\r\n.\r\n", "\0\u00ff\r\n", "EndOfData")]
    [InlineData("a\n", "a", "BareLineEnd")]
    [InlineData("\n", "", "BareLineEnd")]
    [InlineData("a\rb", "a\r", "BareLineEnd")]
    [InlineData("\r\r\n", "\r", "BareLineEnd")]
    [InlineData("a\r\n.\n", "a\r\n", "BareLineEnd")]
    [InlineData("a\r\n.\r.", "a\r\n", "BareLineEnd")]
    [InlineData("a\r\n..\n", "a\r\n.", "BareLineEnd")]
    [InlineData("a\r\n.a\r.", "a\r\na\r", "BareLineEnd")]
    public void However_it_is_cut_the_outcome_is_the_same(string input, string content, string stop)
    {
        var bytes = Encoding.Latin1.GetBytes(input);
        for (var first = 0; first <= bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second++)
            {
                var syntax = default(DataSyntax);
                var kept = new List<byte>();
                var end = DataStop.NeedMoreData;
                var used = 0;
                foreach (var piece in new[] { bytes[..first], bytes[first..second], bytes[second..] })
                {
                    if (end != DataStop.NeedMoreData)
                        break;
                    end = Take(ref syntax, piece, kept, out var at);
                    used += at;
                }

                Assert.Equal(stop, end.ToString());
                Assert.Equal(content, Encoding.Latin1.GetString([.. kept]));
                if (end == DataStop.EndOfData)
                    Assert.Equal(bytes.Length, used);
            }
        }
    }

    [Fact]
    public void What_follows_the_end_is_left()
    {
        var syntax = default(DataSyntax);
        var kept = new List<byte>();
        Assert.Equal(DataStop.EndOfData, Take(ref syntax, "a\r\n.\r\nQUIT\r\n"u8.ToArray(), kept, out var at));
        Assert.Equal(6, at);
    }

    [Fact]
    public void L2_the_longest_line_is_known_over_any_cut()
    {
        var syntax = default(DataSyntax);
        var kept = new List<byte>();
        foreach (var piece in new[] { "abc", "defg", "\r", "\nxy\r\n..", "z" })
            Take(ref syntax, Encoding.ASCII.GetBytes(piece), kept, out _);
        Assert.Equal(7, syntax.LongestLine);
    }

    private static DataStop Take(ref DataSyntax syntax, byte[] piece, List<byte> kept, out int at)
    {
        at = 0;
        while (true)
        {
            var stop = syntax.Next(piece, ref at, out var run);
            kept.AddRange(piece[run]);
            if (stop != DataStop.StuffedDot)
                return stop;
        }
    }
}
