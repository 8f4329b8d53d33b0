namespace Postreiter.Core.Tests;

public sealed class EmailAddressTests
{
    [Theory]
    [InlineData("ann@example.org", "ann", "ann@example.org")]
    [InlineData("Ann@Example.ORG", "Ann", "Ann@example.org")]
    [InlineData("\"ann\"@example.org", "ann", "ann@example.org")]
    [InlineData("\"a b\"@example.org", "a b", "\"a b\"@example.org")]
    [InlineData("\"a\\\"b\"@example.org", "a\"b", "\"a\\\"b\"@example.org")]
    [InlineData("ann+tag@[192.0.2.1]", "ann+tag", "ann+tag@[192.0.2.1]")]
    [InlineData("jörg@example.org", "jörg", "jörg@example.org")]
    public void Good_addresses_have_one_form(string text, string local, string form)
    {
        Assert.True(EmailAddress.TryParse(text, out var address));
        Assert.Equal(local, address.LocalPart);
        Assert.Equal(form, address.ToString());
        Assert.True(EmailAddress.TryParse(address.ToString(), out var again));
        Assert.Equal(address, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ann")]
    [InlineData("@example.org")]
    [InlineData("ann@")]
    [InlineData("ann@@example.org")]
    [InlineData("a b@example.org")]
    [InlineData(".ann@example.org")]
    [InlineData("ann.@example.org")]
    [InlineData("a..b@example.org")]
    [InlineData("\"a@example.org")]
    [InlineData("ann@exa mple.org")]
    [InlineData("ann\r\n@example.org")]
    [InlineData("a\0b@example.org")]
    public void Bad_addresses_are_refused(string text) => Assert.False(EmailAddress.TryParse(text, out _));

    [Fact]
    public void L5_local_parts_end_at_64_octets()
    {
        Assert.True(EmailAddress.TryParse(new string('a', 64) + "@example.org", out _));
        Assert.False(EmailAddress.TryParse(new string('a', 65) + "@example.org", out _));
    }

    [Fact]
    public void The_key_knows_no_case() =>
        Assert.Equal(EmailAddress.Parse("ANN@EXAMPLE.org").Key, EmailAddress.Parse("ann@example.ORG").Key);
}
