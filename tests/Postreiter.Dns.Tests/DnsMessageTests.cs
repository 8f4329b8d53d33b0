using Postreiter.Dns.Wire;

namespace Postreiter.Dns.Tests;

/// <summary>Reading answers: good ones whole and cut anywhere, hostile ones.</summary>
public sealed class DnsMessageTests
{
    private static readonly byte[] Question = DnsQuery.Write(0x1234, "far.test", DnsType.Mx, edns: true);

    [Fact]
    public void A_question_is_as_RFC_1035_writes_it()
    {
        byte[] plain = [0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 3, .. "far"u8, 4, .. "test"u8, 0, 0, 15, 0, 1];
        Assert.Equal(plain, DnsQuery.Write(0x1234, "far.test", DnsType.Mx, edns: false));
        Assert.Equal(plain.Length + 11, Question.Length);
    }

    [Fact]
    public void Every_cut_of_a_good_answer_is_refused()
    {
        var bytes = new Question(Question, false).Reply(
            0,
            0,
            [
                Record.Mx("far.test", 1, "a.test"),
                Record.A("a.test", "192.0.2.1"),
                Record.Aaaa("a.test", "2001:db8::1"),
                Record.Txt("far.test", "one", "two"),
                Record.Cname("b.test", "c.test"),
                new Record("s.test", 33, 5, [0, 1, 0, 2, 3, 0xE1, .. Record.Name("h.test")]),
                new Record("t.test", 52, 5, 3, 1, 1, 0xAB, 0xCD),
                new Record("far.test", 99, 5, 1, 2, 3),
            ],
            [Record.Soa("test", 5, 6)]
        );
        Assert.True(DnsMessage.TryParse(bytes, out var message));
        Assert.Equal((0x1234, "far.test", DnsType.Mx), (message!.Id, message.QuestionName, message.QuestionType));
        Assert.Equal(new SrvData(1, 2, 993, "h.test"), message.Answers[5].Value);
        Assert.Equal(new TlsaRecord(3, 1, 1, "abcd"), message.Answers[6].Value);
        Assert.Equal((8, 1), (message.Answers.Count, message.Authorities.Count));
        for (var cut = 0; cut < bytes.Length; cut++)
            Assert.False(DnsMessage.TryParse(bytes.AsSpan(0, cut), out _));
    }

    [Fact]
    public void Names_are_compressed_by_pointers_backwards()
    {
        // far.test MX: owner is a pointer to the question, exchange "a" and a pointer into it.
        byte[] bytes = [.. Head(answers: 1), 0xC0, 12, 0, 15, 0, 1, 0, 0, 0, 9, 0, 6, 0, 7, 1, (byte)'a', 0xC0, 16];
        Assert.True(DnsMessage.TryParse(bytes, out var message));
        var record = Assert.Single(message!.Answers);
        Assert.Equal(new DnsRecord("far.test", DnsType.Mx, 9, new MxData(7, "a.test")), record);
    }

    [Theory]
    [InlineData(new byte[] { 0xC0, 26 })] // to itself
    [InlineData(new byte[] { 0xC0, 28 })] // forwards
    [InlineData(new byte[] { 0xFF, 0xFF })] // past the end
    [InlineData(new byte[] { 0xC0 })]
    [InlineData(new byte[] { 0x40, 0 })] // reserved
    [InlineData(new byte[] { 0x80, 0 })]
    [InlineData(new byte[] { 1, 97, 0xC0, 26 })] // a loop by way of a label
    public void A_pointer_that_does_not_lead_back_is_refused(byte[] name)
    {
        byte[] bytes = [.. Head(answers: 1), .. name, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4];
        Assert.False(DnsMessage.TryParse(bytes, out _));
    }

    [Fact]
    public void A_name_has_255_octets_at_most()
    {
        string Name(int last) =>
            string.Join('.', Enumerable.Repeat(new string('x', 62), 3).Append(new string('y', last)));
        byte[] With(string name) => [.. Head(answers: 1), .. Record.A(name, "192.0.2.1").Bytes()];
        Assert.True(DnsMessage.TryParse(With(Name(63)), out _));
        Assert.False(DnsMessage.TryParse(With(Name(62) + ".zz"), out _));
    }

    [Theory]
    [InlineData(1, new byte[] { 1, 2, 3 })]
    [InlineData(1, new byte[] { 1, 2, 3, 4, 5 })]
    [InlineData(28, new byte[] { 1, 2, 3, 4 })]
    [InlineData(15, new byte[] { 0, 1 })]
    [InlineData(15, new byte[] { 0, 1, 1, 97, 0, 0 })]
    [InlineData(16, new byte[] { 5, 97 })]
    [InlineData(5, new byte[] { 1, 97 })]
    [InlineData(6, new byte[] { 0, 0, 1, 2, 3 })]
    public void Data_that_does_not_fit_its_type_is_refused(int type, byte[] data)
    {
        byte[] bytes = [.. Head(answers: 1), .. new Record("far.test", type, 9, data).Bytes()];
        Assert.False(DnsMessage.TryParse(bytes, out _));
    }

    [Fact]
    public void A_dot_inside_a_label_is_not_the_dot_between_two()
    {
        byte[] bytes = [.. Head(answers: 1), .. new Record("x", 5, 9, 3, (byte)'a', (byte)'.', (byte)'\0', 0).Bytes()];
        Assert.True(DnsMessage.TryParse(bytes, out var message));
        Assert.Equal("a\\046\\000", message!.Answers[0].Value);
    }

    [Fact]
    public void P10_sixty_thousand_records_that_are_promised_and_do_not_come_cost_nothing()
    {
        Assert.False(DnsMessage.TryParse(Head(answers: 65_535), out _));
    }

    private static byte[] Head(int answers) =>
        [.. Question[..2], 0x81, 0x80, 0, 1, (byte)(answers >> 8), (byte)answers, 0, 0, 0, 0, .. Question[12..26]];
}
