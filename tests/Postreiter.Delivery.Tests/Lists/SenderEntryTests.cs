using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Lists;
using Postreiter.Storage.Lists;

namespace Postreiter.Delivery.Tests.Lists;

/// <summary>What an entry of a list may be, and whom it means.</summary>
public sealed class SenderEntryTests
{
    [Theory]
    [InlineData("Ann@Far.Example", "ann@far.example", false)]
    [InlineData("\"A b\"@far.example", "\"a b\"@far.example", false)]
    [InlineData("Far.Example", "far.example", false)]
    [InlineData("bücher.example", "xn--bcher-kva.example", false)]
    [InlineData("example", "example", false)]
    [InlineData("ip:192.0.2.7", "ip:192.0.2.7/32", false)]
    [InlineData("IP:192.0.2.0/24", "ip:192.0.2.0/24", false)]
    [InlineData("ip:2001:db8::/32", "ip:2001:db8::/32", false)]
    [InlineData("@far.example", "*@far.example", true)]
    [InlineData("*@FAR.example", "*@far.example", true)]
    [InlineData("*.ru", "*.ru", true)]
    [InlineData("news-??@*.example", "news-??@*.example", true)]
    public void Entries_have_one_comparable_form(string text, string form, bool isPattern)
    {
        Assert.True(SenderEntry.TryRead(text, out var entry, out var mistake), mistake);
        Assert.Equal((form, isPattern), (entry.Text, entry.IsPattern));
        // What is stored is read back as the same.
        Assert.True(SenderEntry.TryRead(form, out var again, out _));
        Assert.Equal(form, again.Text);
    }

    [Theory]
    [InlineData("", "no sender")]
    [InlineData(" ", "no sender")]
    [InlineData("a b", "no sender")]
    [InlineData("<ann@far.example>", "no sender")]
    [InlineData("Ann <ann@far.example>", "no sender")]
    [InlineData("ann@", "no sender")]
    [InlineData("[192.0.2.1]", "no sender")]
    [InlineData("-far.example", "no sender")]
    [InlineData("far..example", "no sender")]
    [InlineData("ip:", "no network")]
    [InlineData("ip:192.0.2.0/33", "no network")]
    [InlineData("ip:far.example", "no network")]
    [InlineData("ip:0.0.0.0/0", "too large")]
    [InlineData("ip:10.0.0.0/7", "too large")]
    [InlineData("ip:2000::/3", "too large")]
    [InlineData("*", "nearly every")]
    [InlineData("*@*", "nearly every")]
    [InlineData("@", "nearly every")]
    [InlineData("a*@*.*", "nearly every")]
    [InlineData("?*?*?*.*", "nearly every")]
    [InlineData("*a*b*c*d*e*f*g*h*i*", "wildcards")]
    [InlineData("a *@far.example", "blanks")]
    [InlineData("*@far.example\n", "blanks")]
    [InlineData("*\u0001@far.example", "blanks")]
    public void What_is_no_entry_is_told_with_what_would_be_right(string text, string words)
    {
        Assert.False(SenderEntry.TryRead(text, out _, out var mistake));
        Assert.Contains(words, mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_has_a_bound()
    {
        Assert.False(SenderEntry.TryRead("*" + new string('a', 320), out _, out var mistake));
        Assert.Contains("320", mistake, StringComparison.Ordinal);
        Assert.False(SenderEntry.TryRead(new string('a', 10_000_000), out _, out _));
    }

    [Theory]
    [InlineData("ann@far.example", "ANN@far.EXAMPLE", "ann@far.example")]
    [InlineData("ann@far.example", "bob@far.example", null)]
    [InlineData("\"a b\"@far.example", "\"A b\"@far.example", "a b@far.example")]
    [InlineData("ann@far.example", "ann@sub.far.example", null)]
    [InlineData("far.example", "x@far.example", "far.example")]
    [InlineData("far.example", "x@a.b.far.example", "far.example")]
    [InlineData("far.example", "x@notfar.example", null)]
    [InlineData("@far.example", "x@far.example", "*@far.example")]
    [InlineData("@far.example", "x@sub.far.example", null)]
    [InlineData("*.far.example", "x@sub.far.example", "*.far.example")]
    [InlineData("*.far.example", "x@far.example", null)]
    [InlineData("news-?@*.example", "News-1@far.example", "news-?@*.example")]
    [InlineData("news-?@*.example", "news-12@far.example", null)]
    [InlineData("spam*@*", "spammer@anywhere.example", "spam*@*")]
    [InlineData("spam*@*", "ann@spam.example", null)]
    [InlineData("*a*a*a*a*a*a*a*b", "x@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example", null)]
    public void An_entry_means_those_it_names(string entry, string sender, string? found)
    {
        Assert.True(SenderEntry.TryRead(entry, out var read, out var mistake), mistake);
        var scope = new ListedScope();
        scope.Add(ListKind.Block, read);
        Assert.Equal(found, scope.Block.FindSender(EmailAddress.Parse(sender))?.ToLowerInvariant());
        Assert.Null(scope.Block.FindSender(null));
        Assert.Null(scope.Allow.FindSender(EmailAddress.Parse(sender)));
        Assert.Null(scope.Block.FindNetwork(IPAddress.Parse("192.0.2.1")));
    }

    [Theory]
    [InlineData("ip:192.0.2.0/24", "192.0.2.255", "192.0.2.0/24")]
    [InlineData("ip:192.0.2.0/24", "::ffff:192.0.2.255", "192.0.2.0/24")]
    [InlineData("ip:192.0.2.0/24", "192.0.3.0", null)]
    [InlineData("ip:2001:db8::/32", "2001:db8:ffff::1", "2001:db8::/32")]
    public void A_network_means_its_hosts(string entry, string client, string? found)
    {
        Assert.True(SenderEntry.TryRead(entry, out var read, out _));
        var list = new SenderList();
        list.Add(read);
        Assert.Equal(found, list.FindNetwork(IPAddress.Parse(client)));
    }
}
