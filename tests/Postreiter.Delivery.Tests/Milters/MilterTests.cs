using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Delivery.Milters;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using Postreiter.Testing;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;
using static Postreiter.Delivery.Tests.Milters.LoopbackMilter;

namespace Postreiter.Delivery.Tests.Milters;

/// <summary>Milters at every step of a session: what they are told, what they may say, what becomes of the mail.</summary>
public sealed partial class MilterTests : IAsyncDisposable
{
    private const string Text = "Subject: one\nX-A: 1\nX-A: 2\n folded\n\nbody";
    private readonly LoopbackMilter _milter = new();

    private static async Task<InboundSite> SiteAsync(
        MilterOptions options,
        SenderCheckOptions? checks = null,
        GateOptions? gate = null
    )
    {
        var site = await CreateAsync(checks: checks);
        site.Guard(
            gate ?? new GateOptions { OnNoDomain = FailurePolicy.Mark },
            new GreylistOptions { Mode = GreylistMode.Off }
        );
        site.Milter(options);
        return site;
    }

    private MilterOptions Options => new() { Mx = [_milter.Address], Lmtp = [_milter.Address] };

    public ValueTask DisposeAsync() => _milter.DisposeAsync();

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Everything_that_happens_is_told_in_order_with_its_macros(Pacing pacing)
    {
        await using var site = await SiteAsync(Options);
        site.Dns.Ptr("192.0.2.1", "mail.far.example").Address("mail.far.example", "192.0.2.1");
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>_NOTIFY=NEVER", Text, from: "<s@far.example> SIZE=100"),
            pacing
        );
        await Site.UntilAsync(() => _milter.Heard is [.., "Q"]);
        var heard = _milter.Commands;
        Assert.Equal(
            [
                "Cmail.far.example|4\u009c\u0040192.0.2.1|",
                "Hclient.example|",
                "M<s@far.example>|SIZE=100|",
                "R<ann@our.example>|NOTIFY=NEVER|",
                "T",
                "LSubject| one|",
                "LX-A| 1|",
                "LX-A| 2\n folded|",
                "N",
                "Bbody\r\n",
                "E",
                "Q",
            ],
            heard
        );
        var macros = _milter.Heard.Where(static h => h[0] == 'D').ToList();
        Assert.StartsWith("DCj|mx.our.example|{daemon_name}|smtp|", macros[0], StringComparison.Ordinal);
        Assert.Contains(
            "|_|mail.far.example [192.0.2.1]|{client_addr}|192.0.2.1|",
            macros[0],
            StringComparison.Ordinal
        );
        Assert.Contains("DM{mail_addr}|s@far.example|{mail_host}|far.example|{mail_mailer}|smtp|", macros);
        Assert.Contains(macros, static m => m.StartsWith("DRi|", StringComparison.Ordinal));
        Assert.Contains(
            macros,
            static m =>
                m.EndsWith(
                    "|{rcpt_addr}|ann@our.example|{rcpt_host}|our.example|{rcpt_mailer}|local|",
                    StringComparison.Ordinal
                )
        );
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains(
            "milter test=continue: nothing to say",
            await site.TraceAsync("ann@our.example"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Commandsthat_it_does_not_want_are_left_out_and_its_own_macros_are_sent()
    {
        // No connect, no HELO, no RCPT, no DATA, no end of header; no answer to MAIL, fields and body.
        _milter.Steps = 0x1 | 0x2 | 0x8 | 0x200 | 0x40 | 0x4000 | 0x80 | 0x8_0000;
        _milter.Macros = [.. Packet('x', Number(2) + "j {no_such}\0" + Number(5) + "\0").AsSpan(5)];
        _milter.Answer = static (code, _) => code is 'M' or 'L' or 'B' ? [] : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text));
        await Site.UntilAsync(() => _milter.Heard is [.., "Q"]);
        Assert.Equal(
            [
                "DMj|mx.our.example|",
                "M<s@far.example>|",
                "LSubject|one|",
                "LX-A|1|",
                "LX-A|2\n folded|",
                "Bbody\r\n",
                "E",
                "Q",
            ],
            _milter.Heard
        );
    }

    [Theory]
    [InlineData('M', 'r', "550 5.7.1 Refused")]
    [InlineData('M', 't', "451 4.7.1 Try again later")]
    [InlineData('M', 'd', "550 5.7.1 Refused")]
    [InlineData('R', 'r', "550 5.7.1 Refused")]
    [InlineData('R', 't', "451 4.7.1 Try again later")]
    [InlineData('T', 'r', "550 5.7.1 Refused")]
    [InlineData('T', 't', "451 4.7.1 Try again later")]
    public async Task A_refusal_before_the_message_is_told_at_its_step_and_stands_in_the_trace(
        char step,
        char answer,
        string reply
    )
    {
        _milter.Answer = (code, _) => code == step ? Packet(answer) : null;
        await using var site = await SiteAsync(Options);
        var steps = new Dictionary<char, string>
        {
            ['M'] = "MAIL FROM:<s@far.example>",
            ['R'] = "RCPT TO:<ann@our.example>",
            ['T'] = "DATA",
        };
        var before = steps.TakeWhile(s => s.Key != step).Select(static s => $"C: {s.Value}\nS: 250 *");
        await site.PlayAsync(
            ListenerRole.Mx,
            $"""
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            {string.Join('\n', before)}
            C: {steps[step]}
            S: {reply}
            """
        );
        Assert.Equal(0, await site.CountAsync());
        var verdict = Assert.Single(await site.TracesAsync(step == 'M' ? "s@far.example" : "ann@our.example"));
        var check = Assert.Single(verdict.Checks, static c => c.Check == "milter test");
        Assert.Equal(
            answer switch
            {
                'r' => "reject",
                't' => "tempfail",
                _ => "discard",
            },
            check.Result
        );
        Assert.Equal(reply, step == 'R' ? Assert.Single(verdict.Recipients).Reply : verdict.Reply);
    }

    [Fact]
    public async Task A_recipient_with_the_tag_of_a_bounce_is_refused_under_its_own_name()
    {
        _milter.Answer = static (code, _) => code == 'R' ? Packet('r') : null;
        await using var site = await SiteAsync(Options);
        site.Tags.Options = new BounceTagOptions { Domains = [DomainName.Parse("our.example")] };
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            C: MAIL FROM:<>
            S: 250 *
            C: RCPT TO:<prvs=0468abcdef=ann@our.example>
            S: 550 5.7.1 Refused
            """
        );
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal("550 5.7.1 Refused", Assert.Single(verdict.Recipients).Reply);
    }

    [Theory]
    [InlineData('L')]
    [InlineData('N')]
    [InlineData('B')]
    [InlineData('E')]
    public async Task A_refusal_while_the_message_comes_is_the_reply_to_its_end(char step)
    {
        _milter.Answer = (code, _) => code == step ? Packet('y', "554-5.7.9 one 100%%\r\n554 5.7.9 two \x01\0") : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>", Text, reply: "554-5.7.9 one 100%\nS: 554 5.7.9 two ?")
        );
        Assert.Equal(0, await site.CountAsync());
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal(VerdictAction.Refuse, Assert.Single(verdict.Recipients).Action);
        Assert.Contains(verdict.Checks, static c => c is { Check: "milter test", Result: "reply" });
    }

    [Theory]
    [InlineData('C', 'r', "554 5.7.1 Refused")]
    [InlineData('C', 't', "421 4.7.1 Try again later")]
    [InlineData('C', 'f', "421 4.7.0 Service not available, try again later")]
    [InlineData('C', '4', "421 4.7.0 Service not available, try again later")]
    public async Task A_refusal_of_the_connection_is_told_in_place_of_the_greeting(char step, char answer, string reply)
    {
        _milter.Answer = (code, _) => code == step ? Packet(answer) : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, $"S: {reply}\nS: <closed>");
    }

    [Fact]
    public async Task A_refusal_of_HELO_leaves_the_session_open()
    {
        _milter.Answer = static (code, data) =>
            code == 'H' && data.StartsWith("bad", StringComparison.Ordinal) ? Packet('r') : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO bad.example
            S: 550 5.7.1 Refused
            C: MAIL FROM:<s@far.example>
            S: 503 *
            C: EHLO good.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            """
        );
    }

    [Fact]
    public async Task What_it_accepts_it_sees_no_more_of_and_the_next_message_it_sees_again()
    {
        var mails = 0;
        _milter.Answer = (code, _) => code == 'M' && ++mails == 1 ? Packet('a') : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Twice());
        Assert.Equal(
            ["M", "M", "R", "T", "L", "N", "B", "E"],
            Letters().Where(static l => l is not ("C" or "H" or "Q" or "A"))
        );
        Assert.Equal(2, (await site.InboxAsync("ann")).Count);
    }

    [Fact]
    public async Task One_that_accepts_the_connection_sees_none_of_its_mail()
    {
        _milter.Answer = static (code, _) => code == 'C' ? Packet('a') : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Twice());
        Assert.Equal("C", Assert.Single(Letters(), static l => l != "Q"));
        Assert.Equal(2, (await site.InboxAsync("ann")).Count);
    }

    [Fact]
    public async Task A_transaction_that_is_given_up_is_told()
    {
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RSET
            S: 250 *
            C: MAIL FROM:<t@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 250 *
            """
        );
        await Site.UntilAsync(() => _milter.Heard is [.., "Q"]);
        Assert.Equal(["C", "H", "M", "A", "M", "R", "Q"], Letters());
    }

    [Fact]
    public async Task A_body_of_which_it_has_seen_enough_is_not_shown_further()
    {
        _milter.Answer = static (code, _) => code == 'B' ? Packet('s') : null;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", "Subject: x\n\n" + LongBody(300_000)));
        Assert.Single(Letters(), static l => l == "B");
        Assert.Single(Letters(), static l => l == "E");
        Assert.Single(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task A_large_body_comes_in_pieces_that_fit_and_is_whole()
    {
        await using var site = await SiteAsync(Options);
        var body = LongBody(300_000);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", "Subject: x\n\n" + body));
        var pieces = _milter.Heard.Where(static h => h[0] == 'B').Select(static h => h[1..]).ToList();
        Assert.All(pieces, static p => Assert.InRange(p.Length, 1, 65_535));
        Assert.Equal(body.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n", string.Concat(pieces));
    }

    [Fact]
    public async Task A_field_that_no_packet_can_hold_is_cut_and_its_message_passes_as_it_is()
    {
        await using var site = await SiteAsync(Options);
        // 64 KiB in all, folded: the most that a header's field may have.
        var field =
            "X-Long: " + string.Join("\n ", Enumerable.Repeat(new string('x', 900), 72)) + "\n " + new string('y', 500);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", field + "\n\nbody"));
        Assert.InRange(
            _milter.Heard.Single(static h => h.StartsWith("LX-Long", StringComparison.Ordinal)).Length,
            65_000,
            65_536
        );
        Assert.Contains(new string('y', 500), Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_recipients_are_shown_to_one_that_asks_for_them()
    {
        _milter.Steps |= 0x800;
        await using var site = await SiteAsync(Options);
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO client.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<nobody@our.example>
            S: 550 5.1.1 *
            """
        );
        Assert.Contains("R<nobody@our.example>|", _milter.Heard);
        Assert.Contains(
            _milter.Heard,
            static h =>
                h.EndsWith(
                    "|{rcpt_addr}|No such user here|{rcpt_host}|5.1.1|{rcpt_mailer}|error|",
                    StringComparison.Ordinal
                )
        );
    }

    [Fact]
    public async Task Users_have_milters_of_their_own_and_are_named_to_them()
    {
        await using var other = new LoopbackMilter("users");
        await using var site = await SiteAsync(Options with { Submission = [other.Address] });
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<bob@our.example>", from: "<ann@our.example> AUTH=a+2Bnn@our.example", asAnn: true)
        );
        Assert.Empty(_milter.Heard);
        Assert.Contains(
            "DM{auth_type}|PLAIN|{auth_authen}|ann@our.example|{auth_author}|a+nn@our.example|{mail_addr}|ann@our.example|{mail_host}|our.example|{mail_mailer}|smtp|",
            other.Heard
        );
    }

    private static string Twice() =>
        Send("<ann@our.example>")
        + "\n"
        + """
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 250 *
            C: DATA
            S: 354 *
            C: Subject: x
            C:
            C: body
            C: .
            S: 250 *
            """;

    private static string LongBody(int octets) =>
        string.Join('\n', Enumerable.Range(0, octets / 72).Select(static i => $"{i, 10} {new string('x', 60)}"));

    private List<string> Letters() => [.. _milter.Commands.Select(static h => h[..1])];
}
