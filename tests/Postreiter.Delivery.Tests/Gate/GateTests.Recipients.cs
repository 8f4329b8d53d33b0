using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using Postreiter.Testing;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Gate;

/// <content>Recipients of one message who differ.</content>
public sealed partial class GateTests
{
    private static readonly string TwentyPills =
        "From: s@far.example\n\n" + string.Join(' ', Enumerable.Repeat("pill", 20));

    private static async Task<InboundSite> PillsAsync(params string[] allow)
    {
        var site = await SiteAsync(o => o with { Lists = new GateLists(allow, []) });
        site.Filter(new SpamTests.Pills(), new SpamFilterOptions());
        return site;
    }

    [Theory]
    [InlineData("far.example")]
    [InlineData("ip:192.0.2.0/24 for our.example")]
    [InlineData("s@far.example for ann@our.example")]
    public async Task An_entry_that_lets_it_in_counts_more_than_rules_that_would_refuse_it(string entry)
    {
        await using var site = await PillsAsync(entry);
        await SendAsync(site, text: TwentyPills);
        Assert.Contains(
            "X-Spam-Status: No, score=-80.0",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
        await GoldenTrace.ExpectAsync(
            site,
            "ann@our.example",
            "Allowed_though_spam_"
                + (
                    entry[0] == 's' ? "by_account"
                    : entry[0] == 'f' ? "here"
                    : "by_domain"
                )
        );
    }

    [Fact]
    public async Task Who_does_not_want_what_another_wants_has_it_in_Junk()
    {
        await using var site = await PillsAsync("far.example for ann@our.example");
        await SendAsync(site, to: "<ann@our.example> <bob@our.example>", text: TwentyPills);
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Single(await site.InboxAsync("bob", "Junk"));
        await GoldenTrace.ExpectAsync(site, "bob@our.example", "Differ_without_PRDR");
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Where_the_client_takes_a_reply_for_each_they_are_refused_each(Pacing pacing)
    {
        await using var site = await PillsAsync("far.example for ann@our.example");
        await site.QuotaAsync("cat@our.example", 10);
        await site.PlayAsync(
            ListenerRole.Mx,
            Send(
                "<bob@our.example> <ann@our.example>",
                TwentyPills,
                "353 *\nS: 550 5.7.1 Message refused as spam\nS: 250 2.0.0 *\nS: 250 2.0.0 *",
                "<s@far.example> PRDR",
                "EHLO mail.far.example"
            ),
            pacing
        );
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Empty(await site.InboxAsync("bob", "Junk"));
        if (pacing == Pacing.Lines)
            await GoldenTrace.ExpectAsync(site, "bob@our.example", "Differ_with_PRDR");
        // A full mailbox is one of them alone; where all agree one reply is said.
        await SendAsync(
            site,
            "353 *\nS: 250 2.0.0 *\nS: 452 4.2.2 *\nS: 250 2.0.0 *",
            "<bob@our.example> <cat@our.example>",
            "<s@far.example> PRDR"
        );
        await SendAsync(site, to: "<bob@our.example> <ann@our.example>", from: "<s@far.example> PRDR");
        await SendAsync(site, "550 5.7.1 *", to: "<bob@our.example>", from: "<s@far.example> PRDR", text: TwentyPills);
        Assert.Equal((2, 2), ((await site.InboxAsync("bob")).Count, (await site.InboxAsync("ann")).Count));
    }

    [Fact]
    public async Task LMTP_recipients_are_refused_each_too()
    {
        await using var site = await PillsAsync();
        await site.PlayAsync(
            ListenerRole.Lmtp,
            Send(
                "<bob@our.example> <ann@our.example>",
                TwentyPills,
                "550 5.7.1 *\nS: 550 5.7.1 *",
                hello: "LHLO here.example"
            )
        );
        Assert.Equal(0, await site.CountAsync());
    }
}
