using System.Buffers;
using System.Text;
using Postreiter.Core;
using Postreiter.Milter.Policy;
using Postreiter.Milter.Syntax;

namespace Postreiter.Milter.Tests;

/// <summary>Good and bad packets, offers, replies and questions; each good one cut at every offset.</summary>
public sealed class SyntaxTests
{
    public static TheoryData<string, string> GoodPackets =>
        new()
        {
            { "\0\0\0\u0001A", "A:" },
            { "\0\0\0\u0005Babcd", "B:abcd" },
            { "\0\0\0\u0001\0", "\0:" },
            { "\0\0\0\u0002Lx\0\0\0\u0001N", "L:x" },
        };

    public static TheoryData<string> BadPackets => ["\0\0\0\0A", "\u00ff\u00ff\u00ff\u00ffA", "\0\u0001\0\u0001A"];

    public static TheoryData<string, int, string?, string> Replies =>
        new()
        {
            { "550 5.7.1 no", 550, "5.7.1", "no" },
            { "451 later", 451, "4.7.1", "later" },
            { "550", 550, "5.7.1", "Refused" },
            { "421 4.3.2 bye", 421, "4.3.2", "bye" },
            { "550-5.1.1 one\r\n550-5.1.1 two\r\n550 5.1.1 three", 550, "5.1.1", "one|two|three" },
            { "550 4.7.1 another class", 550, "5.7.1", "4.7.1 another class" },
            { "550 100%% sure", 550, "5.7.1", "100% sure" },
            { "550 a\tb\x01\u00e9", 550, "5.7.1", "a\tb??" },
        };

    [Theory, MemberData(nameof(GoodPackets))]
    public void A_packet_is_read_once_it_is_whole(string text, string expected)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        var whole = 4 + bytes[3];
        for (var cut = 0; cut < whole; cut++)
        {
            var part = new ReadOnlySequence<byte>(bytes, 0, cut);
            Assert.Equal(ParseStatus.NeedMoreData, MilterPacket.TryRead(ref part, 100, out _, out _));
            Assert.Equal(cut, part.Length);
        }

        var input = new ReadOnlySequence<byte>(bytes);
        Assert.Equal(ParseStatus.Complete, MilterPacket.TryRead(ref input, 100, out var code, out var data));
        Assert.Equal(expected, $"{(char)code}:{Encoding.Latin1.GetString(data)}");
        Assert.Equal(bytes.Length - whole, input.Length);
    }

    [Theory, MemberData(nameof(BadPackets))]
    public void A_length_that_no_packet_has_is_known_before_its_data_comes(string text)
    {
        var input = new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(text)[..4]);
        Assert.Equal(ParseStatus.Invalid, MilterPacket.TryRead(ref input, 65_535, out _, out _));
    }

    [Fact]
    public void What_is_written_can_be_read()
    {
        var output = new ArrayBufferWriter<byte>();
        MilterPacket.Write(output, (byte)'N');
        MilterPacket.Write(output, (byte)'B', "xyz"u8);
        var input = new ReadOnlySequence<byte>(output.WrittenMemory);
        Assert.Equal(ParseStatus.Complete, MilterPacket.TryRead(ref input, 0, out var first, out _));
        Assert.Equal(ParseStatus.Complete, MilterPacket.TryRead(ref input, 3, out var second, out var data));
        Assert.Equal(('N', 'B', "xyz"), ((char)first, (char)second, Encoding.ASCII.GetString(data)));
        Assert.Equal(0, input.Length);
    }

    [Fact]
    public void An_offer_comes_back_as_it_was_written_with_the_macros_of_its_stages()
    {
        var offer = new MilterOffer(6, MilterActions.All, MilterSteps.Skip)
        {
            Macros = new Dictionary<MilterStage, IReadOnlyList<string>>
            {
                [MilterStage.Connect] = ["j", "{client_addr}"],
                [MilterStage.EndOfHeader] = [],
            },
        };
        var data = new MilterData();
        offer.Write(data);
        Assert.True(MilterOffer.TryRead(data.Span, out var read));
        Assert.Equal((offer.Version, offer.Actions, offer.Steps), (read.Version, read.Actions, read.Steps));
        Assert.Equal(["j", "{client_addr}"], read.Macros[MilterStage.Connect]);
        Assert.Empty(read.Macros[MilterStage.EndOfHeader]);
        for (var cut = 0; cut < 12; cut++)
            Assert.False(MilterOffer.TryRead(data.Span[..cut], out _));
        Assert.False(MilterOffer.TryRead(data.Span[..^1], out _));
    }

    [Theory]
    [InlineData(2u, MilterSteps.NoData | MilterSteps.NoUnknown)]
    [InlineData(3u, MilterSteps.NoData)]
    [InlineData(6u, MilterSteps.None)]
    public void Of_steps_that_an_old_version_does_not_know_it_is_spared(uint version, MilterSteps steps) =>
        Assert.Equal(steps, new MilterOffer(version, MilterActions.None, MilterSteps.None).StepsInForce);

    [Theory, MemberData(nameof(Replies))]
    public void A_reply_is_read_into_one_of_ours(string text, int code, string? status, string lines)
    {
        var reply = MilterReplyText.TryRead(Encoding.UTF8.GetBytes(text));
        Assert.NotNull(reply);
        Assert.Equal((code, status, lines), (reply.Code, reply.Enhanced?.ToString(), string.Join('|', reply.Lines)));
        Assert.Equal(code == 421, reply.ClosesConnection);
    }

    [Theory]
    [InlineData("")]
    [InlineData("250 ok")]
    [InlineData("350 go")]
    [InlineData("55")]
    [InlineData("5500 x")]
    [InlineData("no")]
    [InlineData("550-a\r\n551 b")]
    public void What_refuses_nothing_is_no_reply(string text) =>
        Assert.Null(MilterReplyText.TryRead(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void A_reply_of_ours_is_written_with_its_lines_and_per_cent_signs_doubled()
    {
        var data = new MilterData();
        MilterReplyText.Write(data, new SmtpReply(451, "4.7.1", "one 5%", "two"));
        Assert.Equal("451-4.7.1 one 5%%\r\n451 4.7.1 two\0", Encoding.ASCII.GetString(data.Span));
    }

    [Fact]
    public void Questions_are_read_one_after_another_in_any_cut()
    {
        var bytes = "request=smtpd_access_policy\nsender=a=b\n\nrequest=x\r\nempty=\r\n\r\n"u8.ToArray();
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var reader = new PolicyRequestReader();
            var found = new List<PolicyRequest>();
            var taken = 0;
            foreach (var end in new[] { cut, bytes.Length })
            {
                var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes, taken, end - taken));
                while (reader.Read(ref input, out var request) == ParseStatus.Complete)
                    found.Add(request!);
                taken += (int)input.Consumed;
            }

            Assert.Equal(2, found.Count);
            Assert.Equal(
                ("smtpd_access_policy", "a=b", ""),
                (found[0]["request"], found[0]["sender"], found[0]["none"])
            );
            Assert.Equal(("x", ""), (found[1]["request"], found[1]["empty"]));
        }
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("no equals\n")]
    [InlineData("=value\n")]
    [InlineData("a=\0\n")]
    public void What_is_no_question_is_invalid(string text) =>
        Assert.Equal(ParseStatus.Invalid, Read(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void A_question_without_end_is_cut_off()
    {
        Assert.Equal(ParseStatus.Invalid, Read([.. "a="u8, .. Enumerable.Repeat((byte)'x', 9000)]));
        Assert.Equal(
            ParseStatus.Invalid,
            Read(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a=b\n", 201))))
        );
        Assert.Equal(
            ParseStatus.Invalid,
            Read(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"a={new string('x', 8000)}\n", 9))))
        );
    }

    private static ParseStatus Read(byte[] bytes)
    {
        var input = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes));
        return new PolicyRequestReader().Read(ref input, out _);
    }
}
