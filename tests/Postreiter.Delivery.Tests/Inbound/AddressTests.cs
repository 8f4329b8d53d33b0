using Postreiter.Core;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>Aliases, catch-alls, subaddresses and postmaster.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("<ann@our.example>", "ann")]
    [InlineData("<ann+a+b@our.example>", "ann")]
    [InlineData("<ann+@our.example>", "ann")]
    [InlineData("<team@our.example>", "ann bob")]
    [InlineData("<team+tag@our.example>", "ann bob")]
    [InlineData("<chain@our.example>", "ann bob")]
    [InlineData("<also+exact@our.example>", "cat")]
    [InlineData("<sales@also.example>", "bob")]
    [InlineData("<anyone@also.example>", "cat")]
    [InlineData("<postmaster@our.example>", "ann")]
    [InlineData("<PostMaster@our.example>", "ann")]
    [InlineData("<postmaster>", "ann")]
    [InlineData("<postmaster@mx.our.example>", "ann")]
    [InlineData("<postmaster@also.example>", "cat")]
    public async Task An_address_leads_to(string recipient, string accounts)
    {
        await using var site = await InboundSite.CreateAsync();
        await site.AliasAsync("team@our.example", "ann@our.example", "bob@our.example");
        await site.AliasAsync("chain@our.example", "team@our.example", "bob@our.example");
        await site.AliasAsync("also+exact@our.example", "cat@our.example");
        await site.AliasAsync("sales@also.example", "bob@our.example");
        await site.AliasAsync("@also.example", "cat@our.example");
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send(recipient));
        foreach (var name in new[] { "ann", "bob", "cat" })
            Assert.Equal(accounts.Split(' ').Contains(name) ? 1 : 0, (await site.InboxAsync(name)).Count);
    }

    [Theory]
    [InlineData("<+tag@our.example>")]
    [InlineData("<ann-tag@our.example>")]
    [InlineData("<an@our.example>")]
    public async Task Others_are_unknown(string recipient)
    {
        await using var site = await InboundSite.CreateAsync();
        await site.PlayAsync(
            ListenerRole.Mx,
            $"S: 220 *\nC: HELO c\nS: 250 *\nC: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:{recipient}\nS: 550 5.1.1 *"
        );
    }

    [Theory]
    [InlineData("-_", "<ann-tag@our.example>", "250 2.1.5")]
    [InlineData("-_", "<ann_x-y@our.example>", "250 2.1.5")]
    [InlineData("-_", "<ann+tag@our.example>", "550 5.1.1")]
    [InlineData("", "<ann+tag@our.example>", "550 5.1.1")]
    public async Task The_separators_of_subaddresses_are_a_setting(string separators, string recipient, string reply)
    {
        await using var site = await InboundSite.CreateAsync(separators: separators);
        await site.PlayAsync(
            ListenerRole.Mx,
            $"S: 220 *\nC: HELO c\nS: 250 *\nC: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:{recipient}\nS: {reply} *"
        );
    }

    [Fact]
    public async Task Postmaster_has_an_account_of_its_own_when_it_is_set()
    {
        await using var site = await InboundSite.CreateAsync(postmaster: EmailAddress.Parse("cat@our.example"));
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<postmaster@our.example> <postmaster@also.example>"));
        Assert.Single(await site.InboxAsync("cat"));
        Assert.Equal(1, await site.CountAsync());
    }

    [Fact]
    public async Task Several_recipients_that_are_one_account_make_one_copy()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.AliasAsync("x@our.example", "ann@our.example", "ann+b@our.example");
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<ann@our.example> <ann+t@our.example> <x@our.example> <bob@our.example>")
        );
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Single(await site.InboxAsync("bob"));
    }

    [Fact]
    public async Task An_alias_to_another_server_is_forwarded_with_its_mark()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.AliasAsync("fwd@our.example", "x@far.example", "y@far.example", "z@else.example", "ann@our.example");
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send("<fwd@our.example>"));
        var queue = await site.QueueAsync();
        Assert.Equal(["else.example", "far.example"], queue.Select(q => q.Destination.Ascii).Order());
        Assert.Equal(3, queue.Sum(q => q.Recipients.Count));
        foreach (var item in queue)
        {
            Assert.EndsWith(
                "=far.example=s@our.example",
                item.Envelope.ReversePath.ToString(),
                StringComparison.Ordinal
            );
            var text = await site.QueuedAsync(item);
            Assert.StartsWith("Delivered-To: fwd@our.example\r\nReceived: ", text, StringComparison.Ordinal);
            Assert.DoesNotContain("Return-Path", text, StringComparison.Ordinal);
        }

        Assert.Single(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task Forwarding_that_comes_back_is_a_loop()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.AliasAsync("fwd@our.example", "x@far.example");
        await site.PlayAsync(
            ListenerRole.Mx,
            InboundSite.Send("<fwd@our.example>", "Delivered-To: FWD@our.example\n\nx", "554 5.4.6 *")
        );
        Assert.Empty(await site.QueueAsync());
    }

    [Fact]
    public async Task Aliases_in_a_circle_are_our_mistake_and_deferred()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.AliasAsync("a@our.example", "b@our.example");
        await site.AliasAsync("b@our.example", "a@our.example");
        await site.PlayAsync(
            ListenerRole.Mx,
            "S: 220 *\nC: HELO c\nS: 250 *\nC: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<a@our.example>\nS: 451 4.3.5 *"
        );
    }
}
