using System.Net;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Gate;

/// <summary>What the checks before the message are made of.</summary>
public sealed class CheckTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public void A_list_in_the_DNS_reads_as_it_is_written()
    {
        foreach (
            var text in (string[])["bl.example 4", "wl.example -2.5", "bl.example 127.0.0.2=5:spam 127.0.0.10/31=2"]
        )
        {
            Assert.True(DnsList.TryParse(text, out var list), text);
            Assert.True(DnsList.TryParse(list.ToString(), out var again), list.ToString());
            Assert.Equal(list.ToString(), again.ToString());
        }

        foreach (
            var text in (string[])
                [
                    "",
                    "bl.example",
                    "4 bl.example x",
                    "bl.example 127.0.0.2=",
                    "bl.example 10.0.0.1=2",
                    "bl.example 1e9",
                    "[127.0.0.1] 3",
                    "bl.example =2",
                ]
        )
            Assert.False(DnsList.TryParse(text, out _), text);
    }

    [Fact]
    public void Rates_are_kept_for_a_bounded_number_of_networks()
    {
        var rates = new RateLimits(_clock);
        var client = IPAddress.Parse("192.0.2.1");
        Assert.True(rates.TryTake(client, RateOf.Messages, 1));
        Assert.False(rates.TryTake(client, RateOf.Messages, 1));
        // A flood from everywhere: it answers, in bounded memory, at once.
        for (var i = 0; i < 200_000; i++)
            Assert.True(
                rates.TryTake(
                    new IPAddress([20, (byte)(i >> 16), (byte)(i >> 8), (byte)i]),
                    RateOf.Connections,
                    1_000_000
                )
            );
    }

    [Fact]
    public void Many_networks_are_found_by_the_smallest_that_holds_an_address()
    {
        var networks = new NetworkSet();
        for (var i = 0; i < 65_536; i++)
            networks.Add(new IPNetwork(new IPAddress([10, (byte)(i >> 8), (byte)i, 0]), 24), "n");
        networks.Add(IPNetwork.Parse("10.0.0.0/8"), "all");
        networks.Add(IPNetwork.Parse("10.1.2.3/32"), "one");
        networks.Add(IPNetwork.Parse("0.0.0.0/0"), "v4");
        networks.Add(IPNetwork.Parse("2001:db8::/32"), "v6");
        Assert.Equal("one", networks.Find(IPAddress.Parse("10.1.2.3")));
        Assert.Equal("n", networks.Find(IPAddress.Parse("::ffff:10.1.2.4")));
        Assert.Equal("v4", networks.Find(IPAddress.Parse("192.0.2.1")));
        Assert.Equal("v6", networks.Find(IPAddress.Parse("2001:db8:1::1")));
        Assert.Null(networks.Find(IPAddress.Parse("2001:db9::1")));
    }

    [Fact]
    public void Clients_read_as_they_are_written()
    {
        foreach (
            var (text, words) in new[]
            {
                ("192.0.2.7", "192.0.2.0/24"),
                ("192.0.2.0/24", "192.0.2.0/24"),
                ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
                ("2001:db8::/64", "2001:db8::/64"),
            }
        )
        {
            Assert.True(GreylistClient.TryParse(text, out var client), text);
            Assert.Equal(words, client.Network);
        }

        foreach (var text in (string[])["192.0.2.0/16", "2001:db8::/48", "far.example/24", "[192.0.2.1]", "x y"])
            Assert.False(GreylistClient.TryParse(text, out _), text);
    }
}
