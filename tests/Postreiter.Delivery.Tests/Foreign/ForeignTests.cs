using System.Buffers;
using System.Globalization;
using System.Text;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Foreign;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Delivery.Tests.Scanning;
using Postreiter.Milter.Syntax;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;
using static Postreiter.Delivery.Tests.Milters.LoopbackMilter;

namespace Postreiter.Delivery.Tests.Foreign;

/// <summary>Other servers that ask our gate, octet by octet: what they are answered, and what they cannot do to us.</summary>
public sealed class ForeignTests
{
    private const string Client = "C:mail.far.example\04\u009c\u0040192.0.2.1\0";
    private static readonly string Offer = "O" + Number(6) + Number(0x1FF) + Number(0x1F_FFFF);

    private static async Task<InboundSite> SiteAsync(GreylistMode mode = GreylistMode.Off)
    {
        var site = await CreateAsync(checks: new SenderCheckOptions());
        site.Dns.Ptr("192.0.2.1", "mail.far.example")
            .Address("mail.far.example", "192.0.2.1")
            .Mx("far.example", 10, "mail.far.example")
            .Txt("far.example", "v=spf1 ip4:192.0.2.1 -all");
        return site.Guard(new GateOptions(), new GreylistOptions { Mode = mode });
    }

    [Fact]
    public async Task A_session_is_answered_step_by_step_and_what_was_found_is_put_in_front()
    {
        await using var site = await SiteAsync();
        site.Filter(new SpamTests.Pills(), new Filtering.SpamFilterOptions());
        var said = await TalkAsync(
            site,
            [.. Session(), .. Message("From: s@far.example", "Subject: x"), "Bone\r\n", "Btwo\r\n", "E", "Q"]
        );
        Assert.Equal(["O", "c", "c", "c", "c", "c", "c", "c", "c"], said.Take(9).Select(static p => p[..1]));
        var fields = said.Skip(9).SkipLast(1).ToList();
        Assert.All(fields, static f => Assert.StartsWith("i\0\0\0\0", f, StringComparison.Ordinal));
        // The last one that is put at the top stands on top.
        Assert.StartsWith(
            "Authentication-Results| mx.our.example;\n\tspf=pass smtp.mailfrom=s@far.example",
            Plain(fields[^1][5..]),
            StringComparison.Ordinal
        );
        Assert.Contains(fields, static f => f[5..].StartsWith("X-Spam-Status\0 No", StringComparison.Ordinal));
        Assert.Equal("c", said[^1]);
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal(("milter", "192.0.2.1", "mail.far.example"), (verdict.Door, verdict.Client, verdict.Name));
        Assert.Equal(VerdictAction.Mark, Assert.Single(verdict.Recipients).Action);
        // Nothing of it is kept.
        Assert.Equal(0, await site.CountAsync());
    }

    [Fact]
    public async Task Forged_fields_are_to_be_taken_out_from_behind()
    {
        await using var site = await SiteAsync();
        var said = await TalkAsync(
            site,
            [
                .. Session(),
                .. Message(
                    "Authentication-Results: mx.our.example; dkim=pass",
                    "Authentication-Results: other.example; dkim=pass",
                    "Authentication-Results: mx.our.example; spf=pass",
                    "X-Spam-Flag: NO",
                    "From: s@far.example"
                ),
                "Bx",
                "E",
            ]
        );
        Assert.Equal(
            [
                "m\0\0\0\u0001X-Spam-Flag\0\0",
                "m\0\0\0\u0003Authentication-Results\0\0",
                "m\0\0\0\u0001Authentication-Results\0\0",
            ],
            said.Where(static p => p[0] == 'm')
        );
    }

    [Fact]
    public async Task What_the_asking_server_cannot_do_is_not_asked_of_it()
    {
        await using var site = await SiteAsync();
        var offer = "O" + Number(2) + Number(0) + Number(0);
        var said = await TalkAsync(site, [offer, .. Session().Skip(1), .. Message("From: s@far.example"), "Bx", "E"]);
        // Every field is answered too.
        Assert.Equal(["O", "c", "c", "c", "c", "c", "c", "c", "c", "c"], said.Select(static p => p[..1]));
        Assert.Equal("O" + Number(2) + Number(0) + Number(0), said[0]);
    }

    [Fact]
    public async Task A_stranger_is_told_in_three_lines_when_to_come_again()
    {
        await using var site = await SiteAsync(GreylistMode.On);
        var said = await TalkAsync(site, [.. Session(), "A", "Q"]);
        Assert.Equal(
            "y451-4.7.1 192.0.2.1 is not yet authorized to deliver mail from\r\n451-4.7.1 <s@far.example> to <ann@our.example>.\r\n451 4.7.1 Please try again in 300 seconds.\0",
            said[4]
        );
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal(VerdictAction.Defer, Assert.Single(verdict.Recipients).Action);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Users_of_the_asking_server_are_scanned_for_viruses_alone(bool quarantines)
    {
        await using var site = await SiteAsync(GreylistMode.On);
        site.Filter(new SpamTests.Pills(), new Filtering.SpamFilterOptions());
        var scanner = new ScriptedScanner { Answer = static _ => ScanAnswer.Infected("Bad.Thing") };
        // Nothing is kept here: what is infected is refused either way.
        site.Scan(new VirusFilterOptions { QuarantinesInfected = quarantines }, scanner);
        string[] session =
        [
            Offer,
            Client,
            "Hclient\0",
            "DM{auth_authen}\0bob\0",
            "M<s@far.example>\0",
            "R<x@else.example>\0",
            "T",
        ];
        var said = await TalkAsync(
            site,
            [.. session, .. Message("Subject: x"), "B" + string.Join(' ', Enumerable.Repeat("pill", 20)), "E"]
        );
        Assert.Equal("y554 5.7.1 Message refused: it contains Bad.Thing\0", said[^1]);
        Assert.Equal(["c", "c", "c", "c"], said.Skip(1).Take(4));
    }

    [Fact]
    public async Task Spam_is_refused_by_its_points_and_what_would_go_to_Junk_is_held_where_the_settings_say_so()
    {
        await using var site = await SiteAsync();
        site.Filter(new SpamTests.Pills(), new Filtering.SpamFilterOptions());
        site.Foreign.Options = new ForeignOptions { HoldsJunk = true };
        string Pills(int count) => "B" + string.Join(' ', Enumerable.Repeat("pill", count));
        var said = await TalkAsync(site, [.. Session(), .. Message("From: s@far.example"), Pills(20), "E"]);
        Assert.StartsWith("y550 5.7.1 ", said[^1], StringComparison.Ordinal);
        said = await TalkAsync(site, [.. Session(), .. Message("From: s@far.example"), Pills(6), "E"]);
        Assert.Equal(["qspam\0", "c"], said.TakeLast(2));
    }

    [Fact]
    public async Task What_the_author_s_domain_wants_refused_is_refused()
    {
        await using var site = await SiteAsync();
        site.Dns.Txt("_dmarc.strict.example", "v=DMARC1; p=reject");
        var said = await TalkAsync(site, [.. Session(), .. Message("From: x@strict.example"), "Bx", "E"]);
        Assert.StartsWith("y550 5.7.1 Refused as strict.example asks (DMARC)", said[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_may_serve_one_session_after_another()
    {
        await using var site = await SiteAsync();
        var one = (string[])[.. Session(), .. Message("From: s@far.example"), "Bx", "E"];
        var said = await TalkAsync(site, [.. one, "K", .. one.Skip(1), "A", "Q"]);
        Assert.Equal(2, (await site.TracesAsync("ann@our.example")).Count);
        Assert.Equal(1, said.Count(static p => p[0] == 'O'));
    }

    [Fact]
    public async Task A_line_in_a_field_begins_no_other_field()
    {
        await using var site = await SiteAsync();
        site.Dns.Txt("_dmarc.strict.example", "v=DMARC1; p=reject");
        // Written as it came it would have two authors, and be refused.
        var said = await TalkAsync(
            site,
            [.. Session(), "LSubject\0 x\nFrom: x@strict.example\0", "LFrom\0 s@far.example\0", "N", "Bx", "E"]
        );
        Assert.Equal("c", said[^1]);
    }

    [Fact]
    public async Task L4_a_header_too_large_is_refused()
    {
        await using var site = await SiteAsync();
        var fields = Enumerable
            .Range(0, 1001)
            .Select(static i => $"LX-{i.ToString(CultureInfo.InvariantCulture)}\0 x\0");
        var said = await TalkAsync(site, [.. Session(), .. fields, "N"]);
        Assert.Equal("y552 5.3.4 Message header too large\0", said[^1]);
        said = await TalkAsync(
            site,
            [.. Session(), .. Enumerable.Repeat("LX\0" + new string('x', 65_000) + "\0", 5), "N"]
        );
        Assert.Equal("y552 5.3.4 Message header too large\0", said[^1]);
    }

    [Fact]
    public async Task L3_a_message_too_big_is_refused_as_soon_as_it_is_known()
    {
        await using var site = await SiteAsync();
        site.Foreign.Options = new ForeignOptions { MaxMessageBytes = 100_000 };
        var said = await TalkAsync(
            site,
            [.. Session(), .. Message("Subject: x"), .. Enumerable.Repeat("B" + new string('x', 60_000), 2)]
        );
        Assert.Equal("y552 5.3.4 Message too big\0", said[^1]);
    }

    public static TheoryData<string, byte[]> Hostile =>
        new()
        {
            { "no negotiation", Packet('C', "x\0U") },
            { "text", "EHLO me\r\n"u8.ToArray() },
            { "a huge length", [0x7F, 0xFF, 0xFF, 0xFF, (byte)'O'] },
            { "an empty packet", [0, 0, 0, 0] },
            { "half an offer", Packet('O', "\0\0\0\u0006") },
            { "an old version", Packet('O', Number(1) + Number(0) + Number(0)) },
            { "no address", All(Packet('O', Offer[1..]), Packet('C', "x\04")) },
            { "an address that is none", All(Packet('O', Offer[1..]), Packet('C', "x\04\0\0x.y\0")) },
            { "a sender without end", All(Packet('O', Offer[1..]), Packet('M', "<a@b.example>")) },
            {
                "arguments without number",
                All(Packet('O', Offer[1..]), Packet('M', string.Concat(Enumerable.Repeat("a\0", 200))))
            },
            { "a field without a name", All(Packet('O', Offer[1..]), Packet('L', "\0x\0")) },
            { "a field with a line in its name", All(Packet('O', Offer[1..]), Packet('L', "A\r\nB\0x\0")) },
            { "macros without end", All(Packet('O', Offer[1..]), Packet('D', "Ca\0b")) },
            { "an unknown command", All(Packet('O', Offer[1..]), Packet('?')) },
        };

    [Theory, MemberData(nameof(Hostile))]
    public async Task Whoever_breaks_the_protocol_is_let_go(string what, byte[] said)
    {
        Assert.NotEmpty(what);
        await using var site = await SiteAsync();
        var heard = Packets(await site.MilterAsync([.. said, .. Packet('H', "after\0")]));
        Assert.DoesNotContain("c", heard);
    }

    [Fact]
    public async Task Steps_in_a_wrong_order_harm_nobody()
    {
        await using var site = await SiteAsync();
        var said = await TalkAsync(
            site,
            [
                Offer,
                "E",
                "Bx",
                "N",
                "R<ann@our.example>\0",
                "T",
                "A",
                "M<s@far.example>\0",
                "M<s@far.example>\0",
                "E",
                "U",
                "Q",
            ]
        );
        Assert.Equal(["O", .. Enumerable.Repeat("c", said.Count - 1)], said.Select(static p => p[..1]));
    }

    [Fact]
    public async Task Who_may_not_ask_hears_nothing()
    {
        await using var site = await SiteAsync();
        Assert.Empty(await site.MilterAsync(Packet('O', Offer[1..]), from: "198.51.100.9"));
        Assert.Empty(await site.PolicyAsync("request=smtpd_access_policy\n\n"u8.ToArray(), from: "198.51.100.9"));
    }

    [Fact]
    public async Task Policy_questions_are_answered_one_after_another()
    {
        await using var site = await SiteAsync(GreylistMode.On);
        var heard = await AskAsync(
            site,
            Question("CONNECT", "1"),
            Question("RCPT", "1"),
            Question("RCPT", "1", recipient: "bob@our.example"),
            Question("VRFY", "2"),
            Question("RCPT", "3", user: "bob"),
            "request=other\n\n"
        );
        Assert.Equal("DUNNO", heard[0]);
        Assert.Equal(
            "451 4.7.1 192.0.2.1 is not yet authorized to deliver mail from <s@far.example> to <ann@our.example>. Please try again in 300 seconds.",
            heard[1]
        );
        Assert.StartsWith("451 4.7.1 ", heard[2], StringComparison.Ordinal);
        Assert.Equal(["DUNNO", "DUNNO", "DUNNO"], heard.Skip(3));
        var verdict = Assert.Single(await site.TracesAsync("bob@our.example"));
        Assert.Equal("policy", verdict.Door);
        Assert.Equal(2, verdict.Recipients.Count);
    }

    [Fact]
    public async Task Policy_tells_what_it_found_once_a_message_and_delays_notices_at_DATA()
    {
        await using var site = await SiteAsync();
        var heard = await AskAsync(
            site,
            Question("RCPT", "1"),
            Question("RCPT", "1", recipient: "bob@our.example"),
            Question("DATA", "1")
        );
        Assert.StartsWith(
            "PREPEND Authentication-Results: mx.our.example; spf=pass smtp.mailfrom=s@far.example",
            heard[0],
            StringComparison.Ordinal
        );
        Assert.Equal(["DUNNO", "DUNNO"], heard.Skip(1));
        site.Greylist.Options = new GreylistOptions { Mode = GreylistMode.On };
        heard = await AskAsync(
            site,
            Question("RCPT", "2", sender: ""),
            Question("DATA", "2", sender: ""),
            Question("DATA", "2", sender: "")
        );
        Assert.DoesNotContain("451", heard[0], StringComparison.Ordinal);
        Assert.All(heard.Skip(1), static a => Assert.StartsWith("451 4.7.1 ", a, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("no equals\n\n")]
    [InlineData("\n")]
    [InlineData("a=\0\n\n")]
    public async Task What_is_no_question_gets_no_answer(string text)
    {
        await using var site = await SiteAsync();
        Assert.Empty(await site.PolicyAsync(Encoding.Latin1.GetBytes(text)));
    }

    private static string[] Session() =>
        [Offer, Client, "Hmail.far.example\0", "M<s@far.example>\0SIZE=100\0", "R<ann@our.example>\0", "T"];

    private static IEnumerable<string> Message(params string[] fields) =>
        fields
            .Select(static f =>
                "L"
                + f.Replace(":", "\0", StringComparison.Ordinal).Split('\0', 2)[0]
                + "\0"
                + f[(f.IndexOf(':', StringComparison.Ordinal) + 1)..]
                + "\0"
            )
            .Append("N");

    private static async Task<List<string>> TalkAsync(InboundSite site, IEnumerable<string> packets) =>
        Packets(
            await site.MilterAsync([
                .. packets
                    .Select(static p => p.StartsWith("C:", StringComparison.Ordinal) ? "C" + p[2..] : p)
                    .SelectMany(static p => Packet(p[0], p[1..])),
            ])
        );

    private static List<string> Packets(byte[] heard)
    {
        var found = new List<string>();
        var rest = new ReadOnlySequence<byte>(heard);
        while (MilterPacket.TryRead(ref rest, MilterPacket.MaxData, out var code, out var data) == ParseStatus.Complete)
            found.Add((char)code + Encoding.Latin1.GetString(data));
        Assert.Equal(0, rest.Length);
        return found;
    }

    private static string Question(
        string state,
        string instance,
        string sender = "s@far.example",
        string recipient = "ann@our.example",
        string user = ""
    ) =>
        $"request=smtpd_access_policy\nprotocol_state={state}\nprotocol_name=ESMTP\nclient_address=192.0.2.1\nhelo_name=mail.far.example\n"
        + $"sender={sender}\nrecipient={recipient}\ninstance={instance}\nsasl_username={user}\nsize=100\n\n";

    private static async Task<List<string>> AskAsync(InboundSite site, params string[] questions)
    {
        var heard = Encoding.UTF8.GetString(await site.PolicyAsync(Encoding.UTF8.GetBytes(string.Concat(questions))));
        return
        [
            .. heard.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(static a => a["action=".Length..]),
        ];
    }

    private static string Plain(string text) => text.Replace('\0', '|');
}
