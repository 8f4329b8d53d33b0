using Postreiter.Smtp.Server;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>P11: under no spelling does mail for a foreign domain pass without a log-in.</summary>
public sealed class RelayTests
{
    public static TheoryData<string> Spellings =>
        [
            "<x@far.example>",
            " x@far.example",
            "<X@FAR.EXAMPLE.>",
            "<@our.example:x@far.example>",
            "<@our.example,@mx.our.example:x@far.example>",
            "<x%far.example@our.example>",
            "<x%far.example@mx.our.example>",
            "<far.example!x@our.example>",
            "<far.example!x>",
            "<x%far.example>",
            "<\"x@far.example\"@our.example>",
            "<\"x%far.example\"@our.example>",
            "<\"far.example!x\"@our.example>",
            "<\"x@far.example\">",
            "<x@far.example@our.example>",
            "<x@far.example%our.example>",
            "<\"ann@our.example\"@far.example>",
            "<ann@our.example@far.example>",
            "<ann%our.example@far.example>",
            "<x@[192.0.2.1]>",
            "<x@[127.0.0.1]>",
            "<ann@[127.0.0.1]>",
            "<x@[IPv6:::1]>",
            "<x@127.0.0.1>",
            "<x@localhost>",
            "<ann@sub.our.example>",
            "<ann@xour.example>",
            "<ann@our.example.far.example>",
            "<ann@our>",
            "<ann@mx.our.example>",
            "<x@\u00fcber.example>",
            "<ann@\u03bfur.example>",
            "<\"\"@far.example>",
            "<x@far.example,ann@our.example>",
            "<x@far.example;ann@our.example>",
            "<x@far.example ann@our.example>",
            "<postmaster@far.example>",
            "<postmaster%far.example@our.example>",
            "<postmaster>@far.example",
            "<nobody@our.example>",
        ];

    [Theory, MemberData(nameof(Spellings))]
    public async Task P11_no_spelling_opens_a_relay(string spelling)
    {
        foreach (var pacing in Enum.GetValues<Pacing>())
        {
            await using var site = await InboundSite.CreateAsync();
            foreach (var role in new[] { ListenerRole.Mx, ListenerRole.Lmtp })
            {
                await site.PlayAsync(
                    role,
                    $"""
                    S: 220 *
                    C: {(role == ListenerRole.Lmtp ? "LHLO" : "EHLO")} c
                    S... 250 HELP
                    C: MAIL FROM:<ann@our.example> SMTPUTF8
                    S: 250 *
                    C: RCPT TO:{spelling}
                    S: 5*
                    C: DATA
                    S: 554 5.5.1 *
                    """,
                    pacing
                );
            }

            Assert.Equal(0, await site.CountAsync());
        }
    }

    [Theory, MemberData(nameof(Spellings))]
    public async Task P11_not_by_way_of_a_catch_all_either(string spelling)
    {
        await using var site = await InboundSite.CreateAsync();
        await site.AliasAsync("@our.example", "ann@our.example");
        // The catch-all takes who is unknown, and nothing that routes on.
        var reply = spelling == "<nobody@our.example>" ? "250" : "5";
        await site.PlayAsync(
            ListenerRole.Mx,
            $"S: 220 *\nC: EHLO c\nS... 250 HELP\nC: MAIL FROM:<> SMTPUTF8\nS: 250 *\nC: RCPT TO:{spelling}\nS: {reply}*"
        );
        Assert.Empty(await site.QueueAsync());
    }

    [Theory]
    [InlineData("<ann@our.example>")]
    [InlineData(" ann@our.example")]
    [InlineData("<ANN@OUR.Example>")]
    [InlineData("<ann@our.example.>")]
    [InlineData("<\"ann\"@our.example>")]
    [InlineData("<\"a\\nn\"@our.example>")]
    [InlineData("<@far.example:ann@our.example>")]
    [InlineData("<ann+far.example@our.example>")]
    [InlineData("<ann+tag%far.example@our.example>")]
    public async Task Our_own_addresses_are_taken_in_every_spelling(string spelling)
    {
        await using var site = await InboundSite.CreateAsync();
        await site.PlayAsync(ListenerRole.Mx, InboundSite.Send(spelling.Replace(' ', '_')));
        Assert.Single(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task P11_a_submission_listener_takes_nothing_without_a_login()
    {
        await using var site = await InboundSite.CreateAsync();
        await site.PlayAsync(
            ListenerRole.Submission,
            """
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: MAIL FROM:<ann@our.example>
            S: 530 5.7.0 *
            C: MAIL FROM:<>
            S: 530 5.7.0 *
            C: RCPT TO:<x@far.example>
            S: 503 5.5.1 *
            C: AUTH PLAIN AGFubkBvdXIuZXhhbXBsZQB3cm9uZw==
            S: 535 5.7.8 *
            C: MAIL FROM:<ann@our.example>
            S: 530 5.7.0 *
            """
        );
        Assert.Equal(0, await site.CountAsync());
    }

    [Theory]
    [InlineData("<ann@our.example>", true)]
    [InlineData("<ANN@our.example>", true)]
    [InlineData("<ann+tag@our.example>", true)]
    [InlineData("<sales@also.example>", true)]
    [InlineData("<>", true)]
    [InlineData("<bob@our.example>", false)]
    [InlineData("<both@our.example>", false)]
    [InlineData("<fwd@our.example>", false)]
    [InlineData("<nobody@our.example>", false)]
    [InlineData("<ann@far.example>", false)]
    [InlineData("<postmaster@our.example>", true)]
    public async Task A_user_sends_only_as_itself(string from, bool isOwn)
    {
        await using var site = await InboundSite.CreateAsync();
        await site.AliasAsync("sales@also.example", "ann@our.example");
        await site.AliasAsync("both@our.example", "ann@our.example", "bob@our.example");
        await site.AliasAsync("fwd@our.example", "ann@our.example", "x@far.example");
        await site.PlayAsync(
            ListenerRole.Submission,
            $"""
            S: 220 *
            C: EHLO c
            S... 250 HELP
            C: AUTH PLAIN {InboundSite.AnnsLogin}
            S: 235 *
            C: MAIL FROM:{from}
            S: {(isOwn ? "250 2.1.0" : "553 5.7.1")} *
            """
        );
    }
}
