using System.Buffers;
using System.Text;
using Postreiter.Core;
using Postreiter.Smtp.Syntax;

namespace Postreiter.Smtp.Tests.Syntax;

public sealed class ReplyWriterTests
{
    [Fact]
    public void Each_line_has_code_and_status() =>
        Assert.Equal("214-2.0.0 one\r\n214 2.0.0 two\r\n", Write(new SmtpReply(214, "2.0.0", "one", "two")));

    [Fact]
    public void Without_a_status_there_is_none() =>
        Assert.Equal("334 \r\n", Write(new SmtpReply(334, (EnhancedStatus?)null, "")));

    [Fact]
    public void Nothing_in_the_text_makes_a_second_line() =>
        Assert.Equal("550 5.1.1 a??250 ok? \u00fc\r\n", Write(new SmtpReply(550, "5.1.1", "a\r\n250 ok\u007f \u00fc")));

    private static string Write(SmtpReply reply)
    {
        var output = new ArrayBufferWriter<byte>();
        ReplyWriter.Write(output, reply);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
