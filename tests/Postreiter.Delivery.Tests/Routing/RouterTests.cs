using Postreiter.Core;
using Postreiter.Delivery.Routing;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Routing;

public sealed class RouterTests
{
    private static readonly FakeDns Dns = new FakeDns()
        .Mx("two.test", 20, "b.test")
        .Mx("two.test", 10, "a.test")
        .Address("a.test", "192.0.2.1", "2001:db8::1")
        .Address("b.test", "192.0.2.2")
        .Address("plain.test", "192.0.2.3")
        .Mx("null.test", 0, ".")
        .Mx("own.test", 10, "mx.our.test")
        .Mx("own.test", 20, "b.test")
        .Mx("backup.test", 10, "b.test")
        .Mx("backup.test", 20, "mx.our.test")
        .Mx("backup.test", 20, "a.test")
        .Mx("hollow.test", 10, "nowhere.test")
        .Mx("shaky.test", 10, "broken.test")
        .Mx("nulls.test", 0, ".")
        .Mx("nulls.test", 10, ".")
        .Mx("alias.test", 10, "cname.test")
        .Cname("cname.test", "a.test")
        .Cname("aliased.test", "two.test")
        .Mx("mixed.test", 5, "nowhere.test")
        .Mx("mixed.test", 10, "broken.test")
        .Mx("mixed.test", 20, "b.test")
        .Mx("greedy.test", 10, "many.test")
        .Mx("greedy.test", 20, "b.test")
        .Address("many.test", [.. Enumerable.Range(1, 30).Select(i => $"198.51.100.{i}")])
        .Address("many.test", [.. Enumerable.Range(1, 30).Select(i => $"2001:db8::{i}")])
        .Empty("empty.test")
        .Fail("broken.test");

    [Theory]
    [InlineData("two.test", "[2001:db8::1]:25 192.0.2.1:25 192.0.2.2:25")]
    [InlineData("plain.test", "192.0.2.3:25")]
    [InlineData("[192.0.2.9]", "192.0.2.9:25")]
    [InlineData("[IPv6:2001:db8::9]", "[2001:db8::9]:25")]
    [InlineData("nulls.test", "5.1.10")]
    [InlineData("alias.test", "[2001:db8::1]:25 192.0.2.1:25")]
    [InlineData("aliased.test", "[2001:db8::1]:25 192.0.2.1:25 192.0.2.2:25")]
    [InlineData("sub.routed.test", "5.1.2")]
    [InlineData(
        "greedy.test",
        "[2001:db8::1]:25 198.51.100.1:25 [2001:db8::2]:25 198.51.100.2:25 [2001:db8::3]:25 192.0.2.2:25"
    )]
    [InlineData("backup.test", "192.0.2.2:25")]
    [InlineData("routed.test", "127.0.0.1:2526")]
    [InlineData("null.test", "5.1.10")]
    [InlineData("absent.test", "5.1.2")]
    [InlineData("empty.test", "5.1.2")]
    [InlineData("own.test", "5.4.6")]
    [InlineData("hollow.test", "5.4.4")]
    [InlineData("shaky.test", "4.4.3")]
    [InlineData("broken.test", "4.4.3")]
    public async Task F8_F9_A_domain_leads_to_its_hosts_or_to_a_reason(string domain, string expected)
    {
        var options = new OutboundOptions
        {
            HostName = DomainName.Parse("mx.our.test"),
            Routes = [new StaticRoute(DomainName.Parse("routed.test"), new RelayHost("127.0.0.1", 2526))],
        };
        var router = new Router(options, Dns, new Random(1));
        var route = await router.FindAsync(DomainName.Parse(domain), TestContext.Current.CancellationToken);
        Assert.Equal(
            expected,
            route.Failure?.Enhanced?.ToString() ?? string.Join(' ', route.Hops.Select(h => h.EndPoint))
        );
    }

    [Fact]
    public async Task F8_what_could_not_be_looked_up_stands_beside_what_could()
    {
        var router = new Router(Options, Dns, new Random(1));
        var route = await router.FindAsync(DomainName.Parse("mixed.test"), TestContext.Current.CancellationToken);
        Assert.Equal(["192.0.2.2:25"], route.Hops.Select(h => h.EndPoint.ToString()));
        Assert.Equal("4.4.3", route.Failure?.Enhanced.ToString());
    }

    [Fact]
    public async Task Equal_preferences_are_shuffled_and_others_keep_their_order()
    {
        var dns = new FakeDns().Mx("shuffled.test", 20, "last.test").Address("last.test", "192.0.2.99");
        for (var i = 1; i <= 4; i++)
            dns.Mx("shuffled.test", 10, $"h{i}.test").Address($"h{i}.test", $"192.0.2.{i}");
        var seen = new HashSet<string>();
        for (var seed = 0; seed < 50; seed++)
        {
            var router = new Router(Options, dns, new Random(seed));
            var route = await router.FindAsync(
                DomainName.Parse("shuffled.test"),
                TestContext.Current.CancellationToken
            );
            Assert.Equal("192.0.2.99", route.Hops[^1].EndPoint.Address.ToString());
            seen.Add(route.Hops[0].Name);
        }

        Assert.Equal(4, seen.Count);
    }

    [Fact]
    public async Task A_domain_with_very_many_exchangers_costs_few_questions()
    {
        var dns = new FakeDns();
        for (var i = 0; i < 500; i++)
            dns.Mx("flood.test", i, $"h{i}.test");
        var router = new Router(Options, dns, new Random(1));
        var route = await router.FindAsync(DomainName.Parse("flood.test"), TestContext.Current.CancellationToken);
        Assert.Equal("5.4.4", route.Failure?.Enhanced.ToString());
        Assert.Equal(1 + (2 * Options.MaxHosts), dns.Questions.Count);
    }

    [Theory]
    [InlineData("relay.test", "192.0.2.7:2525")]
    [InlineData("absent.test", "4.4.4")]
    [InlineData("broken.test", "4.4.3")]
    [InlineData("not a name", "4.4.4")]
    public async Task A_relay_that_cannot_be_found_defers_for_the_setting_is_ours(string host, string expected)
    {
        var dns = new FakeDns().Address("relay.test", "192.0.2.7").Fail("broken.test");
        var router = new Router(Options with { Smarthost = new RelayHost(host, 2525) }, dns, new Random(1));
        var route = await router.FindAsync(DomainName.Parse("any.test"), TestContext.Current.CancellationToken);
        Assert.Equal(
            expected,
            route.Failure?.Enhanced?.ToString() ?? string.Join(' ', route.Hops.Select(h => h.EndPoint))
        );
    }

    private static OutboundOptions Options => new() { HostName = DomainName.Parse("mx.our.test") };
}
