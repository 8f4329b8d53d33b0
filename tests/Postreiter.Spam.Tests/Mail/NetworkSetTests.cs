using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Tests.Mail;

public sealed class NetworkSetTests
{
    [Theory]
    [InlineData("192.0.2.0/24", "192.0.2.255", true)]
    [InlineData("192.0.2.0/24", "192.0.3.0", false)]
    [InlineData("192.0.2", "192.0.2.9", true)]
    [InlineData("10.", "10.9.9.9", true)]
    [InlineData("010.9", "10.9.9.9", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.0/255.255.255.128", "192.0.2.127", true)]
    [InlineData("192.0.2.0/255.255.255.128", "192.0.2.128", false)]
    [InlineData("0/0", "203.0.113.1", true)]
    [InlineData("[2001:db8::]/32", "2001:db8:1::1", true)]
    [InlineData("2001:db8::/33", "2001:db8:8000::1", false)]
    [InlineData("192.0.2.0/24", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.0/24", "no address", false)]
    [InlineData("192.0.2.0/24", "", false)]
    public void A_network_holds_its_addresses(string network, string address, bool held)
    {
        var set = NetworkSet.Parse([network], out var invalid);
        Assert.Empty(invalid);
        Assert.Equal(held, set.Contains(address));
    }

    [Fact]
    public void The_first_network_that_fits_decides()
    {
        var set = NetworkSet.WithLoopback("!192.0.2.5", "192.0.2.0/24");
        Assert.False(set.Contains("192.0.2.5"));
        Assert.True(set.Contains("192.0.2.6"));
        Assert.True(set.Contains("127.9.9.9"));
        Assert.True(set.Contains("::1"));
    }

    [Theory]
    [InlineData("192.0.2.256")]
    [InlineData("192.0.2.0/33")]
    [InlineData("1.2.3.4.5")]
    [InlineData("2001:db8::/129")]
    [InlineData("192.0.2.0/255.0.255.0")]
    [InlineData("example.org")]
    [InlineData("")]
    public void What_is_no_network_is_given_back(string text)
    {
        var set = NetworkSet.Parse([text, "10.0.0.0/8"], out var invalid);
        Assert.Equal([text], invalid);
        Assert.Equal(1, set.Count);
        Assert.Throws<FormatException>(() => NetworkSet.WithLoopback(text));
    }

    [Theory]
    [InlineData("10.0.0.0/8 203.0.113.0/24", "10.1.0.0/16", "10.1.2.3", true)]
    [InlineData("10.0.0.0/8 203.0.113.0/24", "10.0.0.0/7", "10.1.2.3", false)]
    [InlineData("!203.0.113.0/25 203.0.113.0/24", "203.0.113.9", "203.0.113.9", false)]
    [InlineData("203.0.113.0/24", "198.51.100.0/24", "198.51.100.1", false)]
    public void What_is_not_within_another_set_is_left_out(string outer, string inner, string address, bool holds) =>
        Assert.Equal(
            holds,
            NetworkSet
                .Parse(inner.Split(' '), out _)
                .Within(NetworkSet.Parse(outer.Split(' '), out _))
                .Contains(address)
        );
}
