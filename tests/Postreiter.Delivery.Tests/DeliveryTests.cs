using Postreiter.Core;
using Postreiter.Delivery.Queue;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Accounts;

namespace Postreiter.Delivery.Tests;

public sealed class DeliveryTests
{
    private const string Text =
        "Subject: x\r\nReturn-Path: <f@f.example>\r\nX-Spam-Status:\r\n No\r\n"
        + "Authentication-Results: (c) mx.our.example; spf=pass\r\nAuthentication-Results: other.example; none\r\n\r\nX-Spam-Body: stays\r\n";

    [Theory]
    [InlineData("x@other.example", 550)]
    [InlineData("x%other.example@our.example", 550)]
    [InlineData("other.example!x@our.example", 550)]
    [InlineData("\"x@other.example\"@our.example", 550)]
    [InlineData("x@[192.0.2.1]", 550)]
    [InlineData("ann@sub.our.example", 550)]
    [InlineData("nobody@our.example", 550)]
    [InlineData("ANN@OUR.example.", 250)]
    [InlineData("ann+tag@our.example", 250)]
    [InlineData("postmaster@our.example", 250)]
    [InlineData("Postmaster@mx.our.example", 250)]
    public async Task P11_no_spelling_opens_a_relay(string to, int code)
    {
        await using var site = await Site.CreateAsync();
        Assert.Equal(code, (await site.SendAsync(ListenerRole.Mx, "s@far.example", [to], Text)).Code);
        Assert.Equal(0, (await site.Store.Queue.CountAsync(Site.Ct)).Waiting);
        Assert.Equal(code == 250 ? 1 : 0, (await site.InboxAsync()).Count);
    }

    [Fact]
    public async Task A_user_sends_only_as_itself()
    {
        await using var site = await Site.CreateAsync();
        Assert.Equal(
            553,
            (await site.SendAsync(ListenerRole.Submission, "bob@our.example", ["x@far.example"], Text)).Code
        );
        Assert.Equal(
            250,
            (await site.SendAsync(ListenerRole.Submission, "ann+t@our.example", ["x@far.example"], Text)).Code
        );
        Assert.Equal(1, (await site.Store.Queue.CountAsync(Site.Ct)).Waiting);
    }

    [Fact]
    public async Task Forged_fields_go_and_every_other_byte_stays()
    {
        await using var site = await Site.CreateAsync();
        Assert.Equal(
            250,
            (
                await site.SendAsync(ListenerRole.Mx, "s@far.example", ["ann@our.example", "ann+b@our.example"], Text)
            ).Code
        );
        var got = Assert.Single(await site.InboxAsync());
        Assert.StartsWith("Return-Path: <s@far.example>\r\n", got, StringComparison.Ordinal);
        Assert.EndsWith(
            "\r\nSubject: x\r\nAuthentication-Results: other.example; none\r\n\r\nX-Spam-Body: stays\r\n",
            got,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task L7_too_many_hops()
    {
        await using var site = await Site.CreateAsync();
        var hops = string.Concat(Enumerable.Repeat("Received: by x\r\n", 101));
        Assert.Equal(554, (await site.SendAsync(ListenerRole.Mx, null, ["ann@our.example"], hops + "\r\n")).Code);
        Assert.Empty(await site.InboxAsync());
    }

    [Fact]
    public async Task Aliases_in_a_circle_are_deferred()
    {
        await using var site = await Site.CreateAsync();
        await site.Store.Directory.SetAliasAsync(
            new Alias("a@our.example", [EmailAddress.Parse("b@our.example")]),
            Site.Ct
        );
        await site.Store.Directory.SetAliasAsync(
            new Alias("b@our.example", [EmailAddress.Parse("a@our.example")]),
            Site.Ct
        );
        Assert.Equal(451, (await site.SendAsync(ListenerRole.Mx, null, ["a@our.example"], Text)).Code);
    }

    [Fact]
    public void Retry_steps_repeat_the_last()
    {
        var schedule = new RetrySchedule();
        Assert.Equal(TimeSpan.FromMinutes(5), schedule.DelayAfter(1, 0));
        Assert.Equal(TimeSpan.FromHours(4), schedule.DelayAfter(99, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => schedule.DelayAfter(0, 0));
    }

    [Fact]
    public async Task A_null_sender_never_gets_a_report()
    {
        await using var site = await Site.CreateAsync();
        site.Remote = _ => (DeliveryAction.Failed, new SmtpReply(550, "5.1.1", "no"));
        Assert.Equal(250, (await site.SendAsync(ListenerRole.Submission, null, ["x@far.example"], Text)).Code);
        await site.Attempt.RunAsync((await site.LeaseAsync())!, Site.Ct);
        Assert.Empty(await site.InboxAsync());
        Assert.Empty(await site.Store.Queue.ListAsync(0, 10, Site.Ct));
    }
}
