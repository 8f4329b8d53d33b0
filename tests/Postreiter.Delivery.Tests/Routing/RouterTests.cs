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
        .Empty("empty.test")
        .Fail("broken.test");

    [Theory]
    [InlineData("two.test", "[2001:db8::1]:25 192.0.2.1:25 192.0.2.2:25")]
    [InlineData("plain.test", "192.0.2.3:25")]
    [InlineData("[192.0.2.9]", "192.0.2.9:25")]
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
}
