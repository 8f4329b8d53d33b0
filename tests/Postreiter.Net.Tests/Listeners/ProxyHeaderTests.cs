using System.Buffers;
using System.Net;
using System.Text;
using Postreiter.Core;
using Postreiter.Net.Listeners;

namespace Postreiter.Net.Tests.Listeners;

public sealed class ProxyHeaderTests
{
    private const string Binary = "\r\n\r\n\0\r\nQUIT\n";

    public static TheoryData<string, string?> Good =>
        new()
        {
            { "PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\r\n", "192.0.2.1:40000 198.51.100.2:25" },
            { "PROXY TCP6 2001:db8::1 2001:db8::2 40000 25\r\n", "[2001:db8::1]:40000 [2001:db8::2]:25" },
            {
                "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
                "255.255.255.255:65535 255.255.255.255:65535"
            },
            { "PROXY UNKNOWN\r\n", null },
            { "PROXY UNKNOWN ffff:f...f:ffff 1 2 3\r\n", null },
            {
                Binary + "\x21\x11\0\x0C\xC0\0\x02\x01\xC6\x33\x64\x02\x9C\x40\0\x19",
                "192.0.2.1:40000 198.51.100.2:25"
            },
            // With a TLV behind.
            {
                Binary + "\x21\x11\0\x10\xC0\0\x02\x01\xC6\x33\x64\x02\x9C\x40\0\x19\x04\0\x01x",
                "192.0.2.1:40000 198.51.100.2:25"
            },
            { Binary + "\x21\x21\0\x24" + V6(1) + V6(2) + "\x9C\x40\0\x19", "[2001:db8::1]:40000 [2001:db8::2]:25" },
            // LOCAL, an unspecified family, a Unix socket.
            { Binary + "\x20\0\0\0", null },
            { Binary + "\x20\x11\0\x0C\xC0\0\x02\x01\xC6\x33\x64\x02\x9C\x40\0\x19", null },
            { Binary + "\x21\0\0\x02" + "ab", null },
            { Binary + "\x21\x31\0\x02" + "ab", null },
        };

    [Theory, MemberData(nameof(Good))]
    public void A_header_is_read_whole_wherever_it_is_cut(string text, string? ends)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        Assert.Equal((ParseStatus.Complete, bytes.Length, ends), Read([.. bytes, .. "EHLO c\r\n"u8]));
        for (var cut = 0; cut < bytes.Length; cut++)
            Assert.Equal((ParseStatus.NeedMoreData, 0, null), Read(bytes[..cut]));
    }

    [Theory]
    [InlineData("EHLO client.example\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 40000\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 40000 25 \r\n")]
    [InlineData("PROXY  TCP4 192.0.2.1 198.51.100.2 40000 25\r\n")]
    [InlineData("PROXY TCP4 2001:db8::1 2001:db8::2 40000 25\r\n")]
    [InlineData("PROXY TCP6 192.0.2.1 198.51.100.2 40000 25\r\n")]
    [InlineData("PROXY TCP4 192.0.2 198.51.100.2 40000 25\r\n")]
    [InlineData("PROXY TCP4 192.000.2.1 198.51.100.2 40000 25\r\n")]
    [InlineData("PROXY TCP4 0x7f.0.0.1 198.51.100.2 40000 25\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 -1 25\r\n")]
    [InlineData("PROXY TCP6 fe80::1%eth0 2001:db8::2 40000 25\r\n")]
    [InlineData("PROXY TCP6 [::1] 2001:db8::2 40000 25\r\n")]
    [InlineData("PROXY UDP4 192.0.2.1 198.51.100.2 40000 25\r\n")]
    [InlineData("proxy TCP4 192.0.2.1 198.51.100.2 40000 25\r\n")]
    [InlineData(
        "PROXY TCP4 192.0.2.1 198.51.100.2 40000 25\nEHLO aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
    )]
    [InlineData("\r\n\r\n\0\r\nQUIX\n")]
    [InlineData(Binary + "\x11\x11\0\0")]
    [InlineData(Binary + "\x22\x11\0\0")]
    [InlineData(Binary + "\x21\x11\0\x0B\xC0\0\x02\x01\xC6\x33\x64\x02\x9C\x40\0")]
    [InlineData(Binary + "\x21\x11\xFF\xFF")]
    public void What_is_no_header_is_invalid(string text) =>
        Assert.Equal((ParseStatus.Invalid, 0, null), Read(Encoding.Latin1.GetBytes(text)));

    [Fact]
    public void A_line_without_an_end_is_invalid_at_107_octets()
    {
        var line = "PROXY UNKNOWN " + new string('x', 200);
        Assert.Equal(ParseStatus.NeedMoreData, Read(Encoding.ASCII.GetBytes(line[..106])).Status);
        Assert.Equal(ParseStatus.Invalid, Read(Encoding.ASCII.GetBytes(line[..107])).Status);
    }

    private static string V6(int last) =>
        Encoding.Latin1.GetString(IPAddress.Parse("2001:db8::" + last).GetAddressBytes());

    private static (ParseStatus Status, int Used, string? Ends) Read(byte[] bytes)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(bytes));
        var status = ProxyHeader.TryRead(ref reader, out var header);
        return (status, (int)reader.Consumed, header?.Source is null ? null : $"{header.Source} {header.Destination}");
    }
}
