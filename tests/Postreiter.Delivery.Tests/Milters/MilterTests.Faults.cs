using Postreiter.Delivery.Milters;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;
using static Postreiter.Delivery.Tests.Milters.LoopbackMilter;

namespace Postreiter.Delivery.Tests.Milters;

/// <content>Milters that die, stall, or say what no milter says: mail is deferred or goes on as the settings have it, and is never lost.</content>
public sealed partial class MilterTests
{
    public static TheoryData<char, MilterFailure> Deaths
    {
        get
        {
            var data = new TheoryData<char, MilterFailure>();
            foreach (var step in "OCHMRTLNBE")
            {
                foreach (var policy in Enum.GetValues<MilterFailure>())
                    data.Add(step, policy);
            }

            return data;
        }
    }

    public static TheoryData<string, byte[]> Nonsense =>
        new()
        {
            { "an unknown answer", Packet('?') },
            { "no length", [0, 0, 0, 0] },
            { "a huge length", [0xFF, 0xFF, 0xFF, 0xFF, (byte)'c'] },
            { "text", "220 mx.example ESMTP\r\n"u8.ToArray() },
            { "a reply that is none", Packet('y', "250 ok\0") },
            { "a reply of two codes", Packet('y', "550-no\r\n451 no\0") },
            { "an empty reply", Packet('y') },
            { "a change before the end", Packet('h', "X-A\0b\0") },
            { "a body before the end", Packet('b', "x") },
            { "work without end", All([.. Enumerable.Repeat(Packet('p'), 200)]) },
        };

    public static TheoryData<string, byte[]> WrongEnds =>
        new()
        {
            { "a field without a value", Packet('h', "X-A\0") },
            { "a field without an end", Packet('h', "X-A\0b") },
            { "a field with a colon", Packet('h', "X:A\0b\0") },
            { "a field with a line in its name", Packet('h', "X\r\nA\0b\0") },
            { "a field without a name", Packet('h', "\0b\0") },
            { "a place without a number", Packet('i', "\0") },
            { "a recipient with a tail", Packet('+', "<a@b>\0x\0") },
            { "too many changes", All([.. Enumerable.Repeat(Packet('h', "X-A\0b\0"), 1001)]) },
            {
                "too large changes",
                All([.. Enumerable.Repeat(Packet('h', "X-A\0" + new string('x', 60_000) + "\0"), 5)])
            },
            { "a packet too large", Packet('h', "X-A\0" + new string('x', 200_000) + "\0") },
        };

    [Theory, MemberData(nameof(Deaths))]
    public async Task One_that_dies_at_a_step_defers_refuses_or_is_passed_over(char step, MilterFailure policy)
    {
        _milter.Answer = (code, _) => code == step ? Hangup : null;
        await using var site = await SiteAsync(Options with { OnFailure = policy });
        if (policy == MilterFailure.Accept)
        {
            await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
            Assert.Single(await site.InboxAsync("ann"));
        }
        else
        {
            var reply =
                policy == MilterFailure.Reject
                    ? "550 5.7.1 Service unavailable"
                    : "451 4.7.1 Service unavailable, try again later";
            await site.PlayAsync(ListenerRole.Mx, Refused(step, reply));
            Assert.Equal(0, await site.CountAsync());
        }

        var verdict = Assert.Single(await site.TracesAsync("s@far.example"));
        Assert.Contains(verdict.Checks, static c => c is { Check: "milter test", Result: "failed" });
    }

    [Theory]
    [InlineData(MilterFailure.TempFail, "451 4.7.1 Service unavailable, try again later")]
    [InlineData(MilterFailure.Reject, "550 5.7.1 Service unavailable")]
    public async Task One_that_dies_at_a_recipient_lets_the_message_not_pass_for_those_before(
        MilterFailure policy,
        string reply
    )
    {
        _milter.Answer = static (code, data) =>
            code == 'R' && data.StartsWith("<bob", StringComparison.Ordinal) ? Hangup : null;
        await using var site = await SiteAsync(Options with { OnFailure = policy });
        await site.PlayAsync(ListenerRole.Mx, SecondRefused(reply));
        Assert.Equal(0, await site.CountAsync());
    }

    // The clock moves when the milter has the question: before, other waits would take the move.
    private async Task PlaySilentAsync(InboundSite site, char step)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _milter.Answer = (code, _) =>
        {
            if (code != step)
                return null;
            asked.TrySetResult();
            return [];
        };
        var play = site.PlayAsync(ListenerRole.Mx, Refused(step, "451 4.7.1 *"));
        if (await Task.WhenAny(play, asked.Task) != play)
            await site.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await play;
    }

    [Theory, InlineData('M'), InlineData('R'), InlineData('T')]
    public async Task One_that_never_answers_before_the_message_defers_after_its_time(char step)
    {
        await using var site = await SiteAsync(Options);
        await PlaySilentAsync(site, step);
        Assert.Equal(0, await site.CountAsync());
    }

    [Theory, InlineData('L'), InlineData('B'), InlineData('E')]
    public async Task One_that_never_answers_to_the_message_defers_after_its_time(char step)
    {
        await using var site = await SiteAsync(Options);
        await PlaySilentAsync(site, step);
        Assert.Equal(0, await site.CountAsync());
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Contains(verdict.Checks, static c => c is { Check: "milter test", Result: "failed" });
    }

    [Fact]
    public async Task One_that_never_greets_is_passed_over_at_connect_and_defers_at_MAIL()
    {
        _milter.Answer = static (code, _) => code == 'O' ? [] : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            T: 30s
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 451 4.7.1 *
            """
        );
    }

    [Theory, MemberData(nameof(Nonsense))]
    public async Task Nonsense_at_any_step_is_a_failure(string what, byte[] answer)
    {
        Assert.NotEmpty(what);
        foreach (var step in "MRTLB")
        {
            _milter.Answer = (code, _) => code == step ? answer : null;
            await using var site = await SiteAsync(Options);
            await site.PlayAsync(ListenerRole.Mx, Refused(step, "451 4.7.1 *"));
            Assert.Equal(0, await site.CountAsync());
        }
    }

    [Theory, MemberData(nameof(WrongEnds))]
    public async Task Changes_that_break_the_form_or_a_bound_are_a_failure_and_nothing_of_them_is_done(
        string what,
        byte[] answer
    )
    {
        Assert.NotEmpty(what);
        _milter.Answer = (code, _) => code == 'E' ? All(answer, Packet('c')) : null;
        await using var site = await SiteAsync(Options with { OnFailure = MilterFailure.Accept });
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.DoesNotContain("X-A: b", Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
        Assert.EndsWith(
            "\r\nSubject: one\r\nX-A: 1\r\nX-A: 2\r\n folded\r\n\r\nbody\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(1u, 0u, 0u)]
    [InlineData(7u, 0u, 0u)]
    [InlineData(6u, 0x200u, 0u)]
    [InlineData(6u, 0u, 0x200_0000u)]
    public async Task One_that_wants_what_was_not_offered_is_not_spoken_with(uint version, uint actions, uint steps)
    {
        _milter.Answer = (code, _) =>
            code == 'O' ? Packet('O', Number(version) + Number(actions) + Number(steps)) : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Refused('M', "451 4.7.1 *"));
    }

    [Fact]
    public async Task Signs_of_life_keep_the_wait_going_but_not_beyond_the_budget()
    {
        _milter.Answer = static (code, _) => code == 'E' ? Packet('p') : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Refused('E', "451 4.7.1 *", "T: 20s"));
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Contains(verdict.Checks, static c => c.Reason == "it took longer than smtp.verdict_budget");
    }

    [Fact]
    public async Task Of_the_last_piece_the_one_that_is_too_slow_has_failed_and_not_the_one_before()
    {
        await using var second = new LoopbackMilter("second");
        _milter.Actions = 0;
        await using var site = await SiteAsync(Options with { Mx = [_milter.Address, second.Address] });
        second.Answer = (code, _) =>
        {
            if (code != 'B')
                return null;
            site.Clock.Advance(TimeSpan.FromSeconds(20));
            return [];
        };
        await site.PlayAsync(ListenerRole.Mx, Refused('B', "451 4.7.1 *"));
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal(
            ("milter second", "it took longer than smtp.verdict_budget"),
            verdict.Checks.Where(static c => c.Result == "failed").Select(static c => (c.Check, c.Reason)).Single()
        );
    }

    [Theory, InlineData(MilterFailure.TempFail), InlineData(MilterFailure.Accept)]
    public async Task Fields_that_make_a_header_too_large_are_not_added(MilterFailure policy)
    {
        await using var second = new LoopbackMilter("second");
        await using var third = new LoopbackMilter("third");
        foreach (var (milter, name) in new[] { (_milter, "X-One"), (second, "X-Two"), (third, "X-Three") })
        {
            var fields = Packet(
                'h',
                name + "\0" + string.Join("\n ", Enumerable.Repeat(new string('x', 900), 65)) + "\0"
            );
            milter.Answer = (code, _) => code == 'E' ? All([.. Enumerable.Repeat(fields, 4), Packet('c')]) : null;
        }

        await using var site = await SiteAsync(
            Options with
            {
                Mx = [_milter.Address, second.Address, third.Address],
                OnFailure = policy,
            }
        );
        if (policy == MilterFailure.TempFail)
        {
            await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, reply: "451 4.7.1 *"));
            Assert.Equal(0, await site.CountAsync());
            return;
        }

        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        var filed = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains("\r\nX-Two:", filed, StringComparison.Ordinal);
        Assert.DoesNotContain("\r\nX-Three:", filed, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nbody\r\n", filed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_holds_a_message_up_for_too_long_is_given_up_whatever_its_own_time_is()
    {
        await using var site = await SiteAsync(Options with { ContentTimeout = TimeSpan.FromMinutes(10) });
        _milter.Answer = (code, _) =>
        {
            if (code != 'L')
                return null;
            site.Clock.Advance(TimeSpan.FromMinutes(5));
            return [];
        };
        await site.PlayAsync(ListenerRole.Mx, Refused('L', "451 4.7.1 *"));
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Contains(verdict.Checks, static c => c.Reason == "the message was held up by it for too long");
    }

    [Fact]
    public async Task A_body_without_end_is_cut_off()
    {
        _milter.Answer = static (code, _) =>
            code == 'E' ? All([.. Enumerable.Repeat(Packet('b', new string('x', 60_000)), 20), Packet('c')]) : null;
        await using var site = await SiteAsync(Options with { MaxBodyBytes = 1_000_000 });
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, reply: "451 4.7.1 *"));
        Assert.Equal(0, await site.CountAsync());
    }

    private static string SecondRefused(string reply) =>
        $"""
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 250 *
            C: RCPT TO:<bob@our.example>
            S: {reply}
            C: DATA
            S: {reply}
            C: RSET
            S: 250 *
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            """;

    private static string Refused(char step, string reply, string? wait = null)
    {
        var all = new List<(char Step, string Command, string Good)>
        {
            ('M', "MAIL FROM:<s@far.example>", "250 *"),
            ('R', "RCPT TO:<ann@our.example>", "250 *"),
            ('T', "DATA", "354 *"),
        };
        // What it does before MAIL shows at MAIL, what it does to the message shows at its end.
        var at = step is 'O' or 'C' or 'H' ? 'M' : step;
        var text = "S: 220 *\nC: EHLO client.example\nS... 250 HELP";
        var last = wait is null ? $"S: {reply}" : $"{wait}\nS: {reply}";
        foreach (var (name, command, good) in all)
        {
            text += $"\nC: {command}\n";
            if (name == at)
                return text + last;
            text += $"S: {good}";
        }

        return text + "\nC: Subject: x\nC:\nC: body\nC: .\n" + last;
    }
}

internal static class Texts
{
    public static string ReplaceFirst(this string text, string old, string now)
    {
        var at = text.IndexOf(old, StringComparison.Ordinal);
        return text[..at] + now + text[(at + old.Length)..];
    }
}
