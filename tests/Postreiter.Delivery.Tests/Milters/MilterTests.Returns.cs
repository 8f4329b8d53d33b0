using System.Net;
using Postreiter.Smtp.Server;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;
using static Postreiter.Delivery.Tests.Milters.LoopbackMilter;

namespace Postreiter.Delivery.Tests.Milters;

/// <content>Milters that come back, and connections that serve more than one session.</content>
public sealed partial class MilterTests
{
    [Fact]
    public async Task One_that_is_not_there_defers_mail_and_is_asked_again_by_itself()
    {
        var gone = new LoopbackMilter();
        var address = gone.Address;
        await gone.DisposeAsync();
        await using var site = await SiteAsync(Options with { Mx = [address] });
        await site.PlayAsync(ListenerRole.Mx, Refused('M', "451 4.7.1 *"));
        Assert.Equal(0, await site.CountAsync());
        site.Clock.Advance(TimeSpan.FromSeconds(31));
        await using var back = new LoopbackMilter(at: (IPEndPoint)address.Address);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.Single(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task One_that_died_is_asked_again_with_the_next_message_of_the_session()
    {
        var ends = 0;
        _milter.Answer = (code, _) => code == 'E' && ++ends == 1 ? Hangup : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Twice().ReplaceFirst("S: 250 2.0.0 *", "S: 451 4.7.1 *"));
        Assert.Equal(2, _milter.Sessions);
        Assert.Equal(
            ["C", "H", "M", "R", "T", "L", "N", "B", "E", "C", "H", "M", "R", "T", "L", "N", "B", "E"],
            Letters().Where(static l => l != "Q")
        );
        Assert.Single(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task A_connection_serves_another_session_where_the_settings_say_so()
    {
        await using var site = await SiteAsync(Options with { KeepsConnections = true });
        for (var i = 0; i < 3; i++)
        {
            await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
            var wanted = i + 1;
            await Site.UntilAsync(() => _milter.Heard.Count(static h => h == "K") == wanted);
        }

        Assert.Equal(1, _milter.Sessions);
        Assert.Equal(3, (await site.InboxAsync("ann")).Count);
    }

    [Fact]
    public async Task One_that_gives_no_answer_to_another_session_gets_a_connection_for_each()
    {
        var isUsed = false;
        _milter.Answer = (code, _) =>
        {
            isUsed |= code == 'K';
            var isSilent = code == 'C' && isUsed;
            isUsed &= code != 'O';
            return isSilent && isUsed ? [] : null;
        };
        await using var site = await SiteAsync(Options with { KeepsConnections = true });
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        await Site.UntilAsync(() => _milter.Heard.Contains("K"));
        await site.PlayAsync(ListenerRole.Mx, "T: 2s\n" + Send("<ann@our.example>", Text));
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.Equal(3, _milter.Sessions);
        Assert.Equal(3, (await site.InboxAsync("ann")).Count);
    }
}
