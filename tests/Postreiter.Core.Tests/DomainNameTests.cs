using System.Net;

namespace Postreiter.Core.Tests;

public sealed class DomainNameTests
{
    [Theory]
    [InlineData("Example.ORG", "example.org")]
    [InlineData("example.org.", "example.org")]
    [InlineData("münchen.example", "xn--mnchen-3ya.example")]
    [InlineData("_dmarc.example.org", "_dmarc.example.org")]
    [InlineData("localhost", "localhost")]
    [InlineData("[192.0.2.1]", "[192.0.2.1]")]
    [InlineData("[IPv6:2001:DB8::1]", "[IPv6:2001:db8::1]")]
    public void Good_names_have_one_form(string text, string form)
    {
        Assert.True(DomainName.TryParse(text, out var name));
        Assert.Equal(form, name.Ascii);
        Assert.True(DomainName.TryParse(name.Ascii, out var again));
        Assert.Equal(name, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a b")]
    [InlineData("a@b")]
    [InlineData("a\r\nb")]
    [InlineData("a\0b")]
    [InlineData("[192.0.2.1")]
    [InlineData("[192.0.2.256]")]
    [InlineData("[IPv6:zz]")]
    public void Bad_names_are_refused(string text) => Assert.False(DomainName.TryParse(text, out _));

    [Fact]
    public void L5_labels_end_at_63_octets_and_names_at_255()
    {
        Assert.True(DomainName.TryParse(new string('a', 63) + ".example", out _));
        Assert.False(DomainName.TryParse(new string('a', 64) + ".example", out _));
        var label = new string('a', 49) + ".";
        Assert.True(DomainName.TryParse(label + label + label + label + label + "abcde", out _));
        Assert.False(DomainName.TryParse(label + label + label + label + label + "abcdef", out _));
    }

    [Fact]
    public void An_address_literal_gives_its_address()
    {
        Assert.True(DomainName.Parse("[IPv6:2001:db8::1]").TryGetAddress(out var address));
        Assert.Equal(IPAddress.Parse("2001:db8::1"), address);
        Assert.False(DomainName.Parse("example.org").TryGetAddress(out _));
    }

    [Theory]
    [InlineData("example.org", "example.org", true)]
    [InlineData("a.example.org", "example.org", true)]
    [InlineData("bexample.org", "example.org", false)]
    [InlineData("org", "example.org", false)]
    public void A_name_is_at_or_below_its_parents(string name, string parent, bool expected) =>
        Assert.Equal(expected, DomainName.Parse(name).IsAtOrBelow(DomainName.Parse(parent)));
}
