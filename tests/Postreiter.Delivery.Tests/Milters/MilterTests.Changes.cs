using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Delivery.Milters;
using Postreiter.Smtp.Server;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;
using static Postreiter.Delivery.Tests.Milters.LoopbackMilter;

namespace Postreiter.Delivery.Tests.Milters;

/// <content>What milters change.</content>
public sealed partial class MilterTests
{
    [Theory]
    // Added, with the space that stands behind the colon, as was agreed on.
    [InlineData("hX-New\0 v\0", "Subject: one\r\nX-A: 1\r\nX-A: 2\r\n folded\r\nX-New: v\r\n", "+X-New")]
    [InlineData("hX-New\0v\0", "Subject: one\r\nX-A: 1\r\nX-A: 2\r\n folded\r\nX-New:v\r\n", "+X-New")]
    // Lines that begin a field of their own do not.
    [InlineData(
        "hX-New\0 v\nBcc: x\r\n\n\tend\0",
        "Subject: one\r\nX-A: 1\r\nX-A: 2\r\n folded\r\nX-New: v\r\n\tBcc: x\r\n\tend\r\n",
        "+X-New"
    )]
    [InlineData("i\0\0\0\0X-New\0 v\0", "X-New: v\r\nSubject: one\r\nX-A: 1\r\nX-A: 2\r\n folded\r\n", "+X-New")]
    [InlineData("i\0\0\0\u0001X-New\0 v\0", "Subject: one\r\nX-New: v\r\nX-A: 1\r\nX-A: 2\r\n folded\r\n", "+X-New")]
    [InlineData(
        "i\u007f\0\0\u0001X-New\0 v\0",
        "Subject: one\r\nX-A: 1\r\nX-A: 2\r\n folded\r\nX-New: v\r\n",
        "+X-New"
    )]
    [InlineData("m\0\0\0\u0002x-a\0 3\0", "Subject: one\r\nX-A: 1\r\nx-a: 3\r\n", "=x-a")]
    [InlineData("m\0\0\0\0X-A\0 3\0", "Subject: one\r\nX-A: 3\r\nX-A: 2\r\n folded\r\n", "=X-A")]
    [InlineData("m\0\0\0\u0001X-A\0\0", "Subject: one\r\nX-A: 2\r\n folded\r\n", "-X-A")]
    [InlineData("m\0\0\0\u0003X-A\0 3\0", "Subject: one\r\nX-A: 1\r\nX-A: 2\r\n folded\r\nX-A: 3\r\n", "+X-A")]
    // By the numbers that were shown, and by the numbers that are left.
    [InlineData("m\0\0\0\u0001X-A\0\0;m\0\0\0\u0002X-A\0\0", "Subject: one\r\n", "-X-A, -X-A")]
    [InlineData("m\0\0\0\u0001X-A\0\0;m\0\0\0\u0001X-A\0\0", "Subject: one\r\n", "-X-A, -X-A")]
    [InlineData("m\0\0\0\u0002X-A\0\0;m\0\0\0\u0001X-A\0\0", "Subject: one\r\n", "-X-A, -X-A")]
    public async Task Fields_are_changed_in_what_is_filed(string changes, string header, string words)
    {
        Change(changes.Split(';'));
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.EndsWith(
            $"\r\n{header}\r\nbody\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"milter test=changed: {words}\n",
            Plain(await site.TraceAsync("ann@our.example")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_field_that_is_added_to_a_header_without_an_end_stands_on_a_line_of_its_own()
    {
        Change("hX-New\0 v\0");
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 250 *
            C: BDAT 10 LAST
            R: Subject: x
            S: 250 *
            """
        );
        Assert.EndsWith(
            "\r\nSubject: x\r\nX-New: v\r\n\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_is_to_be_discarded_at_a_recipient_is_refused_for_all_of_them()
    {
        _milter.Answer = static (code, data) =>
            code == 'R' && data.StartsWith("<bob", StringComparison.Ordinal) ? Packet('d') : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, SecondRefused("550 5.7.1 Refused"));
        Assert.Equal(0, await site.CountAsync());
    }

    [Fact]
    public async Task Without_the_agreement_a_space_stands_behind_the_colon()
    {
        _milter.Steps = 0;
        Change("hX-New\0v\0");
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.Contains("LSubject|one|", _milter.Heard);
        Assert.Contains(
            "\r\nX-New: v\r\n\r\nbody",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    [Theory, InlineData(10), InlineData(400_000)]
    public async Task Another_body_takes_the_place_of_the_old_one(int octets)
    {
        var body = LongBody(octets * 8).Replace("\n", "\r\n", StringComparison.Ordinal)[..octets];
        Change([.. body.Chunk(65_535).Select(static c => "b" + new string(c)), "hX-New\0 v\0"]);
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.EndsWith(
            $"\r\nX-New: v\r\n\r\n{body}",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Recipients_are_added_and_taken_away()
    {
        Change(
            "+<bob@our.example>\0",
            "2cat@our.example\0NOTIFY=NEVER\0",
            "-<ann@our.example>\0",
            "+nobody@our.example\0",
            "-<x@y.example>\0"
        );
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.Empty(await site.InboxAsync("ann"));
        Assert.Single(await site.InboxAsync("bob"));
        Assert.Single(await site.InboxAsync("cat"));
        var trace = await site.TraceAsync("bob@our.example");
        Assert.Contains(
            "also for <bob@our.example>, also for <cat@our.example>, less <ann@our.example>, not for <nobody@our.example>",
            trace,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_message_for_more_than_may_be_is_deferred_and_none_of_them_is_left_out()
    {
        Change("+<bob@our.example>\0", "+<cat@our.example>\0");
        await using var site = await SiteAsync(Options with { MaxRecipients = 2 });
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, reply: "452 4.5.3 Too many recipients"));
        Assert.Equal(0, await site.CountAsync());
    }

    [Fact]
    public async Task A_recipient_whose_addresses_lead_in_a_circle_defers_the_message()
    {
        Change("+<one@our.example>\0");
        await using var site = await SiteAsync(Options);
        await site.AliasAsync("one@our.example", "two@our.example");
        await site.AliasAsync("two@our.example", "one@our.example");
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, reply: "451 4.3.5 *"));
        Assert.Equal(0, await site.CountAsync());
    }

    [Fact]
    public async Task One_that_the_settings_no_longer_name_is_left_when_its_session_ends()
    {
        await using var site = await CreateAsync();
        site.Guard(
            new GateOptions { OnNoDomain = FailurePolicy.Mark },
            new GreylistOptions { Mode = GreylistMode.Off }
        );
        var chain = site.Milter(Options with { KeepsConnections = true });
        _milter.Answer = (code, _) =>
        {
            if (code == 'E')
                chain.Options = new MilterOptions();
            return null;
        };
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        await Site.UntilAsync(() => _milter.Heard is [.., "Q" or "K"]);
        Assert.Equal("Q", _milter.Heard[^1]);
    }

    [Fact]
    public async Task With_LMTP_each_recipient_that_was_accepted_has_its_reply()
    {
        Change("-<ann@our.example>\0", "+<cat@our.example>\0");
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(
            ListenerRole.Lmtp,
            Send(
                "<ann@our.example> <bob@our.example>",
                Text,
                hello: "LHLO here.example",
                reply: "250 *\nS: 250 *\nC: NOOP\nS: 250 *"
            )
        );
        Assert.Equal(
            (0, 1, 1),
            (
                (await site.InboxAsync("ann")).Count,
                (await site.InboxAsync("bob")).Count,
                (await site.InboxAsync("cat")).Count
            )
        );
    }

    [Fact]
    public async Task A_message_for_nobody_any_more_is_refused_and_not_lost()
    {
        Change("-<ann@our.example>\0");
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, reply: "550 5.7.1 Refused"));
        Assert.Equal(0, await site.CountAsync());
    }

    [Theory, InlineData("e<new@else.example>\0SIZE=1\0", "<new@else.example>"), InlineData("e<>\0", "<>")]
    public async Task The_sender_is_changed(string change, string sender)
    {
        Change(change);
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.StartsWith(
            $"Return-Path: {sender}\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_is_to_be_held_is_kept_in_the_quarantine_with_the_reason_in_the_trace()
    {
        Change("qlooks odd\u0007\0");
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        Assert.Empty(await site.InboxAsync("ann"));
        Assert.Empty(await site.InboxAsync("ann", "Junk"));
        Assert.Equal(
            "milter: looks odd?",
            Assert
                .Single(await site.Store.Quarantine.ListAsync(null, 0, 10, TestContext.Current.CancellationToken))
                .Reason
        );
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal(VerdictAction.Hold, Assert.Single(verdict.Recipients).Action);
        Assert.Contains(verdict.Checks, static c => c.Reason == "held: looks odd?");
    }

    [Fact]
    public async Task What_is_to_be_held_does_not_go_on_to_others()
    {
        Change("qlooks odd\0");
        await using var site = await SiteAsync(Options with { Submission = [_milter.Address] });
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<x@far.example>", Text, from: "<ann@our.example>", asAnn: true)
        );
        Assert.Empty(await site.QueueAsync());
        Assert.Equal(
            "x@far.example",
            Assert
                .Single(
                    Assert
                        .Single(
                            await site.Store.Quarantine.ListAsync(null, 0, 10, TestContext.Current.CancellationToken)
                        )
                        .Recipients
                )
                .ToString()
        );
    }

    [Fact]
    public async Task Of_what_was_not_agreed_on_nothing_is_done_and_the_milter_has_failed()
    {
        _milter.Actions = 0x1;
        Change("-<ann@our.example>\0");
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, reply: "451 4.7.1 *"));
        Assert.Equal(0, await site.CountAsync());
    }

    [Fact]
    public async Task The_next_milter_sees_what_the_one_before_made_of_it()
    {
        await using var second = new LoopbackMilter("second") { Actions = 0 };
        Change("hX-New\0 v\0", "bother\r\n", "+<bob@our.example>\0");
        await using var site = await SiteAsync(Options with { Mx = [_milter.Address, second.Address] });
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        await Site.UntilAsync(() => second.Heard is [.., "Q"]);
        Assert.Equal(
            ["T", "LSubject| one|", "LX-A| 1|", "LX-A| 2\n folded|", "LX-New| v|", "N", "Bother\r\n", "E", "Q"],
            second.Commands.SkipWhile(static h => h != "T")
        );
        Assert.Single(await site.InboxAsync("bob"));
    }

    [Fact]
    public async Task Milters_that_change_nothing_see_the_message_while_it_comes_up_to_the_first_that_may()
    {
        await using var second = new LoopbackMilter("second");
        await using var third = new LoopbackMilter("third");
        _milter.Actions = 0x2C;
        await using var site = await SiteAsync(Options with { Mx = [_milter.Address, second.Address, third.Address] });
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 250 *
            C: BDAT 16
            R: Subject: x\r\n\r\nab
            S: 250 *
            """
        );
        Assert.Contains("N", _milter.Heard);
        Assert.Contains("N", second.Heard);
        Assert.DoesNotContain("N", third.Heard);
    }

    [Fact]
    public async Task The_check_of_the_sender_sees_what_came_and_not_what_milters_made_of_it()
    {
        Change("m\0\0\0\u0001From\0 x@strict.example\0");
        await using var site = await SiteAsync(Options, new SenderCheckOptions());
        site.Dns.Txt("_dmarc.strict.example", "v=DMARC1; p=reject");
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", "From: s@far.example\nSubject: x\n\nbody"));
        Assert.Contains(
            "\r\nFrom: x@strict.example\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    private void Change(params string[] changes) =>
        _milter.Answer = (code, _) =>
            code == 'E' ? All([.. changes.Select(static c => Packet(c[0], c[1..])), Packet('c')]) : null;

    // How long it took is another's.
    private static string Plain(string trace) =>
        System.Text.RegularExpressions.Regex.Replace(
            trace,
            " \\[[0-9]+ ms\\]",
            "",
            System.Text.RegularExpressions.RegexOptions.NonBacktracking
        );
}
