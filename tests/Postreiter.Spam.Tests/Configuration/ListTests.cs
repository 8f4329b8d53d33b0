using System.Net;
using Postreiter.Spam.Configuration;

namespace Postreiter.Spam.Tests.Configuration;

public sealed class ListTests
{
    [Theory]
    [InlineData("*@example.com", "Ann@Example.COM", true)]
    [InlineData("*@example.com", "ann@example.com.evil", false)]
    [InlineData("?nn@*", "ann@x", true)]
    [InlineData("?nn@*", "aann@x", false)]
    [InlineData("a*b*c", "a-b-b-c", true)]
    [InlineData("a*b*c", "a-c-b", false)]
    [InlineData("*", "", true)]
    [InlineData("ann@example.com", "ann@example.com\n", true)]
    [InlineData("*m", "a\nm", false)]
    public void A_glob_fits_whole_addresses(string pattern, string address, bool fits) =>
        Assert.Equal(fits, Glob.Matches(pattern, address));

    [Theory]
    [InlineData("10.0.0.0/8 !192.168.5.1 192.168/16", "10.9.8.7", true)]
    [InlineData("10.0.0.0/8 !192.168.5.1 192.168/16", "192.168.5.1", false)]
    [InlineData("10.0.0.0/8 !192.168.5.1 192.168/16", "192.168.5.2", true)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.1.1", true)]
    [InlineData("10.0.0.0/8", "127.0.0.1", true)]
    [InlineData("[2001:db8::]/32", "2001:db8:1::5", true)]
    [InlineData("2001:db8::/32", "2001:db9::1", false)]
    [InlineData("172.16.0.0/255.240.0.0", "172.31.255.255", true)]
    [InlineData("172.16.0.0/255.240.0.0", "172.32.0.0", false)]
    [InlineData("192.0.2.", "192.0.2.77", true)]
    public void The_first_network_that_holds_an_address_decides(string networks, string address, bool isIn)
    {
        var list = new NetworkList();
        foreach (var network in networks.Split(' '))
            Assert.True(list.TryAdd(network), network);
        Assert.True(list.IsConfigured);
        Assert.Equal(isIn, list.Contains(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0.0")]
    [InlineData("300.1")]
    [InlineData("example.com")]
    [InlineData("172.16.0.0/255.0.240.0")]
    [InlineData("")]
    public void What_is_no_network_is_refused(string network) => Assert.False(new NetworkList().TryAdd(network));

    [Theory]
    [InlineData("whitelist_from", "a@example.com *@b.example", "welcomelist_from", "x@b.example", true)]
    [InlineData("welcomelist_from", "a@example.com", "welcomelist_from", "b@example.com", false)]
    [InlineData("enlist_addrlist", "(PAYPAL) *@paypal.example", "PAYPAL", "x@paypal.example", true)]
    [InlineData("enlist_addrlist", "(blocklist_to) *@bad.example", "blocklist_to", "x@bad.example", true)]
    public void Address_lists_go_by_their_names_of_today(
        string key,
        string value,
        string list,
        string address,
        bool isIn
    )
    {
        var settings = new Settings();
        var entry = DirectiveTable.Find(key)!;
        Assert.Null(settings.Apply(entry, new Directive(entry.Name, value, "a.cf", 1)));
        Assert.Equal(isIn, settings.NamedAddresses(list).Matches(address));
    }

    [Fact]
    public void Entries_can_be_taken_out_again()
    {
        var settings = Read(
            ("welcomelist_from_dkim", "*@example.com example.net"),
            ("welcomelist_from_dkim", "*@example.com example.org"),
            ("unwhitelist_from_dkim", "*@example.com example.net"),
            ("freemail_domains", "a.example b.example"),
            ("originating_ip_headers", "X-One"),
            ("clear_originating_ip_headers", ""),
            ("originating_ip_headers", "X-Two"),
            ("enlist_uri_host", "(MINE) !www.a.example a.example"),
            ("delist_uri_host", "(MINE) a.example"),
            ("trusted_networks", "10.0.0.0/8"),
            ("clear_trusted_networks", "")
        );
        var entry = Assert.Single(settings.Addresses("welcomelist_from_dkim").Entries);
        Assert.Equal(["example.org"], entry.Domains);
        Assert.Equal(["a.example", "b.example"], settings.Words("freemail_domains"));
        Assert.Equal(["X-Two"], settings.Words("originating_ip_headers"));
        Assert.Equal(new Dictionary<string, bool> { ["www.a.example"] = false }, settings.UriHosts("MINE"));
        Assert.False(settings.Networks("trusted_networks").IsConfigured);
    }

    [Theory]
    [InlineData("required_score", "five")]
    [InlineData("use_bayes", "maybe")]
    [InlineData("time_limit", "-3s")]
    [InlineData("enlist_addrlist", "PAYPAL a@b")]
    [InlineData("welcomelist_from_rcvd", "a@b")]
    [InlineData("trusted_networks", "10.0.0.0/8 nowhere")]
    [InlineData("redirector_pattern", "/(/")]
    [InlineData("welcomelist_from", "")]
    public void A_wrong_value_is_told(string key, string value)
    {
        var entry = DirectiveTable.Find(key)!;
        Assert.NotNull(new Settings().Apply(entry, new Directive(entry.Name, value, "a.cf", 1)));
    }

    [Fact]
    public void Numbers_have_defaults_and_durations_are_seconds()
    {
        var settings = Read(("rbl_timeout", "2m"), ("required_hits", "7.5"));
        Assert.Equal(120, settings.Number("rbl_timeout"));
        Assert.Equal(7.5, settings.Number("required_score"));
        Assert.Equal(50_000, settings.Number("body_part_scan_size"));
        Assert.True(settings.IsOn("use_bayes"));
        Assert.Throws<ArgumentException>(() => settings.Text("no_such_thing"));
    }

    private static Settings Read(params (string Key, string Value)[] lines)
    {
        var settings = new Settings();
        foreach (var (key, value) in lines)
        {
            var entry = DirectiveTable.Find(key)!;
            Assert.Null(settings.Apply(entry, new Directive(entry.Name, value, "a.cf", 1)));
        }
        return settings;
    }
}
