using System.Buffers;
using System.Text;
using Postreiter.Core;
using Postreiter.Smtp.Client;

namespace Postreiter.Smtp.Tests.Client;

public sealed class ReplyParserTests
{
    [Theory]
    [InlineData("250 ok\r\n", 250, null, "ok")]
    [InlineData("250\r\n", 250, null, "")]
    [InlineData("550 5.1.1 no such user\r\n", 550, "5.1.1", "no such user")]
    [InlineData("250-one\r\n250-two\r\n250 three\r\n", 250, null, "one|two|three")]
    [InlineData("550 2.0.0 odd\r\n", 550, null, "2.0.0 odd")]
    [InlineData("250 a\u0007b\n", 250, null, "a?b")]
    public void A_good_reply_is_read_and_every_cut_of_it_waits(string text, int code, string? status, string lines)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        for (var cut = 0; cut < bytes.Length; cut++)
            Assert.Equal(ParseStatus.NeedMoreData, Read(bytes[..cut]).Status);
        var (found, reply) = Read(bytes);
        Assert.Equal(ParseStatus.Complete, found);
        Assert.Equal(code, reply!.Code);
        Assert.Equal(status, reply.Enhanced?.ToString());
        Assert.Equal(lines, string.Join('|', reply.Lines));
    }

    [Theory]
    [InlineData("hello\r\n")]
    [InlineData("150 no\r\n")]
    [InlineData("650 no\r\n")]
    [InlineData("25x no\r\n")]
    [InlineData("250_no\r\n")]
    [InlineData("250-one\r\n251 two\r\n")]
    [InlineData("\r\n")]
    public void Nonsense_is_invalid(string text) =>
        Assert.Equal(ParseStatus.Invalid, Read(Encoding.Latin1.GetBytes(text)).Status);

    [Fact]
    public void An_endless_line_and_endless_lines_are_invalid()
    {
        Assert.Equal(ParseStatus.Invalid, Read(Encoding.ASCII.GetBytes("250 " + new string('x', 2048))).Status);
        var lines = string.Concat(Enumerable.Repeat("250-x\r\n", ReplyReader.MaxLines));
        Assert.Equal(ParseStatus.Invalid, Read(Encoding.ASCII.GetBytes(lines)).Status);
    }

    [Fact]
    public void P9_a_reply_of_many_long_lines_is_read_and_little_of_it_kept()
    {
        var lines = string.Concat(Enumerable.Repeat("250-" + new string('x', 2000) + "\r\n", 127)) + "250 end\r\n";
        var reply = Read(Encoding.ASCII.GetBytes(lines)).Reply;
        Assert.Equal(ReplyReader.MaxText, reply!.Lines.Sum(l => l.Length));
    }

    [Fact]
    public void P10_lines_that_are_read_are_not_read_again()
    {
        var reader = new ReplyReader();
        var first = new SequenceReader<byte>(new ReadOnlySequence<byte>("250-one\r\n250-tw"u8.ToArray()));
        Assert.Equal(ParseStatus.NeedMoreData, reader.TryRead(ref first, out _));
        Assert.Equal("250-one\r\n".Length, first.Consumed);
        var second = new SequenceReader<byte>(new ReadOnlySequence<byte>("250-two\r\n250 three\r\n"u8.ToArray()));
        Assert.Equal(ParseStatus.Complete, reader.TryRead(ref second, out var reply));
        Assert.Equal(["one", "two", "three"], reply!.Lines);
    }

    [Theory]
    [InlineData("a\r\n.b\r\n..\r\n", "a\r\n..b\r\n...\r\n.\r\n")]
    [InlineData(".", "..\r\n.\r\n")]
    [InlineData("a.b", "a.b\r\n.\r\n")]
    [InlineData("", ".\r\n")]
    public void Dots_are_stuffed_however_the_message_is_cut(string text, string wire)
    {
        for (var cut = 0; cut <= text.Length; cut++)
        {
            var (to, stuffer) = (new ArrayBufferWriter<byte>(), new DotStuffer());
            Assert.True(stuffer.TryWrite(Encoding.ASCII.GetBytes(text[..cut]), to));
            Assert.True(stuffer.TryWrite(Encoding.ASCII.GetBytes(text[cut..]), to));
            stuffer.Finish(to);
            Assert.Equal(wire, Encoding.ASCII.GetString(to.WrittenSpan));
        }
    }

    [Theory]
    [InlineData("a\n.\r\nMAIL")]
    [InlineData("a\r.\r\n")]
    [InlineData("a\r\r\n")]
    public void A_bare_line_end_is_never_sent_on(string text) =>
        Assert.False(new DotStuffer().TryWrite(Encoding.ASCII.GetBytes(text), new ArrayBufferWriter<byte>()));

    private static (ParseStatus Status, SmtpReply? Reply) Read(byte[] bytes)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes));
        var status = new ReplyReader().TryRead(ref reader, out var reply);
        Assert.True(status != ParseStatus.Complete || reader.Consumed == bytes.Length);
        return (status, reply);
    }
}
