using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests;

public sealed class IprevTests
{
    private readonly FakeDns _dns = new();

    private ValueTask<IprevOutcome> CheckAsync(string address) =>
        new Iprev(_dns, new FakeTimeProvider()).CheckAsync(
            IPAddress.Parse(address),
            TestContext.Current.CancellationToken
        );

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8::1", "2001:db8:0::1")]
    public async Task A_name_that_leads_back_passes(string client, string address)
    {
        _dns.Ptr(address, "other.example.org")
            .Ptr(address, "mx.example.org")
            .Address("mx.example.org", "198.51.100.1", address);

        var outcome = await CheckAsync(client);

        Assert.Equal((IprevResult.Pass, "mx.example.org"), (outcome.Result, outcome.Name?.Ascii));
    }

    [Fact]
    public async Task Names_that_lead_elsewhere_fail()
    {
        _dns.Ptr("192.0.2.1", "mx.example.org").Address("mx.example.org", "192.0.2.2");

        Assert.Equal(
            (IprevResult.Fail, null),
            ((await CheckAsync("192.0.2.1")).Result, (await CheckAsync("192.0.2.1")).Name)
        );
    }

    [Fact]
    public async Task No_name_is_a_permanent_error() =>
        Assert.Equal(IprevResult.PermError, (await CheckAsync("192.0.2.1")).Result);

    [Fact]
    public async Task F8_No_answer_is_a_temporary_error()
    {
        _dns.Fail("192.0.2.1");
        Assert.Equal(IprevResult.TempError, (await CheckAsync("192.0.2.1")).Result);

        _dns.Ptr("192.0.2.2", "a.example.org").Ptr("192.0.2.2", "b.example.org").Fail("a.example.org");
        Assert.Equal(IprevResult.TempError, (await CheckAsync("192.0.2.2")).Result);

        _dns.Address("b.example.org", "192.0.2.2");
        Assert.Equal(IprevResult.Pass, (await CheckAsync("192.0.2.2")).Result);
    }

    [Fact]
    public async Task L18_Ten_names_are_tried()
    {
        for (var i = 0; i < 200; i++)
            _dns.Ptr("192.0.2.1", $"h{i}.example.org");

        Assert.Equal(IprevResult.Fail, (await CheckAsync("192.0.2.1")).Result);
        Assert.Equal(11, _dns.Questions.Count);
    }
}
