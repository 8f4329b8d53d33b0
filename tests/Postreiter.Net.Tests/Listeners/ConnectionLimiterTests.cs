using System.Net;
using Postreiter.Net.Listeners;

namespace Postreiter.Net.Tests.Listeners;

public sealed class ConnectionLimiterTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", false)]
    [InlineData("192.0.2.1", "192.0.2.2", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", true)]
    [InlineData("127.0.0.2", "127.0.0.2", false)]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("::1", "::1", true)]
    public void L12_One_address_has_its_share(string first, string second, bool isAllowed)
    {
        var limiter = new ConnectionLimiter(10, 1);

        Assert.True(limiter.TryEnter(IPAddress.Parse(first)));
        Assert.Equal(isAllowed, limiter.TryEnter(IPAddress.Parse(second)));
    }

    [Fact]
    public void L12_A_place_given_back_can_be_taken_again()
    {
        var limiter = new ConnectionLimiter(2, 1);
        var address = IPAddress.Parse("192.0.2.1");
        for (var round = 0; round < 100; round++)
        {
            Assert.True(limiter.TryEnter(address));
            Assert.False(limiter.TryEnter(address));
            limiter.Leave(address);
        }
    }

    [Fact]
    public void L12_All_connections_count_wherever_they_come_from()
    {
        var limiter = new ConnectionLimiter(2, 1);

        Assert.True(limiter.TryEnter(null));
        Assert.True(limiter.TryEnter(IPAddress.Loopback));
        Assert.False(limiter.TryEnter(IPAddress.Parse("192.0.2.1")));
        limiter.Leave(null);
        Assert.True(limiter.TryEnter(IPAddress.Parse("192.0.2.1")));
    }
}
