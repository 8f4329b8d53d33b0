using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Tests.Authentication;
using Postreiter.Delivery.Tests.Gate;
using Postreiter.Delivery.Tests.Inbound;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using Postreiter.Storage.Lists;
using Postreiter.Testing;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Lists;

/// <summary>
/// One message, several readers with lists and thresholds of their own. A scanner counts the words "pill", a point each; mail is spam from 5
/// points on, and refused from 15 on.
/// </summary>
public sealed partial class ReaderTests
{
    private const string ToAll = "<ann@our.example> <bob@our.example> <cat@our.example>";

    private static string Pills(int count, string from = "s@far.example") =>
        $"From: {from}\nSubject: offer\n\n" + string.Join(' ', Enumerable.Repeat("pill", count));

    /// <summary>A server of far.example as it should be, at 192.0.2.1; it may send for others that say so.</summary>
    private static async Task<InboundSite> SiteAsync(
        GateLists? lists = null,
        bool hasRules = true,
        Func<SpamFilterOptions, SpamFilterOptions>? filter = null
    )
    {
        var site = await CreateAsync(checks: new SenderCheckOptions());
        site.Dns.Ptr("192.0.2.1", "mail.far.example")
            .Address("mail.far.example", "192.0.2.1")
            .Mx("far.example", 10, "mail.far.example")
            .Txt("far.example", "v=spf1 ip4:192.0.2.1 -all");
        site.Guard(
            new GateOptions { Lists = lists ?? GateLists.Empty },
            new GreylistOptions { Mode = GreylistMode.Off }
        );
        var options = new SpamFilterOptions();
        site.Filter(new SpamTests.Pills { HasRules = hasRules }, filter?.Invoke(options) ?? options);
        return site;
    }

    private static Task SendAsync(
        InboundSite site,
        string text,
        string to = ToAll,
        string reply = "250 2.0.0 *",
        string from = "<s@far.example>",
        Pacing pacing = Pacing.Lines
    )
    {
        site.Clock.Advance(TimeSpan.FromMilliseconds(1));
        return site.PlayAsync(ListenerRole.Mx, Send(to, text, reply, from, "EHLO mail.far.example"), pacing);
    }

    /// <summary>Who has how many messages in the inbox and in Junk, as <c>ann 1/0 bob 0/1 cat 0/0</c>.</summary>
    private static async Task<string> PlacesAsync(InboundSite site)
    {
        var places = new List<string>();
        foreach (var name in new[] { "ann", "bob", "cat" })
            places.Add($"{name} {(await site.InboxAsync(name)).Count}/{(await site.InboxAsync(name, "Junk")).Count}");
        return string.Join(' ', places);
    }

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Thresholds_decide_for_each_reader_and_stand_in_its_marks(Pacing pacing)
    {
        await using var site = await SiteAsync();
        await site.ThresholdAsync("ann@our.example", 3);
        await site.ThresholdAsync("our.example", 8);
        await site.ThresholdAsync("cat@our.example", 5.5);
        await SendAsync(site, Pills(6), pacing: pacing);
        Assert.Equal("ann 0/1 bob 1/0 cat 0/1", await PlacesAsync(site));
        Assert.Contains(
            "X-Spam-Flag: YES\r\n",
            Assert.Single(await site.InboxAsync("ann", "Junk")),
            StringComparison.Ordinal
        );
        var bobs = Assert.Single(await site.InboxAsync("bob"));
        Assert.Contains("X-Spam-Status: No, score=6.0\r\n", bobs, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Spam-Flag", bobs, StringComparison.Ordinal);
        if (pacing == Pacing.Lines)
            await GoldenTrace.ExpectAsync(site, "ann@our.example", "Thresholds_differ");
        // Without its own, an account has its domain's.
        await site.ThresholdAsync("ann@our.example", null);
        await SendAsync(site, Pills(6), "<ann@our.example>", pacing: pacing);
        Assert.Single(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task A_message_is_refused_only_where_all_would_have_it_refused()
    {
        await using var site = await SiteAsync();
        await site.ThresholdAsync("ann@our.example", 20);
        // What is no spam for its reader is not refused.
        await SendAsync(site, Pills(16));
        Assert.Equal("ann 1/0 bob 0/1 cat 0/1", await PlacesAsync(site));
        await SendAsync(site, Pills(16), "<bob@our.example> <cat@our.example>", "550 5.7.1 Message refused as spam");
        await SendAsync(site, Pills(21), ToAll, "550 5.7.1 Message refused as spam");
        Assert.Equal("ann 1/0 bob 0/1 cat 0/1", await PlacesAsync(site));
    }

    [Fact]
    public async Task LMTP_tells_each_recipient_its_own()
    {
        await using var site = await SiteAsync();
        await site.ThresholdAsync("bob@our.example", 20);
        await site.PlayAsync(
            ListenerRole.Lmtp,
            Send(ToAll, Pills(16), "550 5.7.1 *\nS: 250 2.0.0 *\nS: 550 5.7.1 *", hello: "LHLO here.example")
        );
        Assert.Equal("ann 0/0 bob 1/0 cat 0/0", await PlacesAsync(site));
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal(["Refuse", "Mark", "Refuse"], verdict.Recipients.Select(static r => r.Action.ToString()));
    }

    [Fact]
    public async Task An_account_s_block_refuses_at_RCPT_and_the_others_get_it()
    {
        await using var site = await SiteAsync();
        await site.ListAsync("bob@our.example", ListKind.Block, "far.example");
        await site.PlayAsync(
            ListenerRole.Mx,
            """
            S: 220 *
            C: EHLO mail.far.example
            S... 250 HELP
            C: MAIL FROM:<s@far.example>
            S: 250 *
            C: RCPT TO:<ann@our.example>
            S: 250 *
            C: RCPT TO:<bob@our.example>
            S: 550 5.7.1 You are not wanted here
            C: RCPT TO:<bob@our.example>
            S: 550 5.7.1 *
            C: DATA
            S: 354 *
            C: From: s@far.example
            C:
            C: .
            S: 250 *
            """
        );
        Assert.Equal("ann 1/0 bob 0/0 cat 0/0", await PlacesAsync(site));
        await GoldenTrace.ExpectAsync(site, "bob@our.example", "Blocked_by_one");
    }

    [Fact]
    public async Task An_author_who_is_blocked_goes_to_Junk_where_others_want_it_and_is_refused_where_nobody_does()
    {
        await using var site = await SiteAsync();
        await site.ListAsync("ann@our.example", ListKind.Block, "boss@other.example");
        await site.ListAsync("cat@our.example", ListKind.Block, "other.example");
        await SendAsync(site, Pills(0, "The Boss <Boss@Other.example>"));
        Assert.Equal("ann 0/1 bob 1/0 cat 0/1", await PlacesAsync(site));
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Author_blocked");
        Assert.Contains(
            "X-Spam-Status: Yes, score=100.0\r\n",
            Assert.Single(await site.InboxAsync("ann", "Junk")),
            StringComparison.Ordinal
        );
        await SendAsync(
            site,
            Pills(0, "boss@other.example"),
            "<ann@our.example> <cat@our.example>",
            "550 5.7.1 You are not wanted here"
        );
        Assert.Equal("ann 0/1 bob 1/0 cat 0/1", await PlacesAsync(site));
    }

    [Fact]
    public async Task Lists_hold_where_there_are_no_rules()
    {
        await using var site = await SiteAsync(hasRules: false);
        await site.ListAsync("ann@our.example", ListKind.Block, "boss@other.example");
        await SendAsync(site, Pills(9, "boss@other.example"), "<ann@our.example> <bob@our.example>");
        Assert.Equal("ann 0/1 bob 1/0 cat 0/0", await PlacesAsync(site));
        await SendAsync(site, Pills(9, "boss@other.example"), "<ann@our.example>", "550 5.7.1 *");
        // A threshold below zero makes no spam of what was not scanned.
        await site.ThresholdAsync("bob@our.example", -3);
        await SendAsync(site, Pills(9), "<bob@our.example>");
        Assert.Equal("ann 0/1 bob 2/0 cat 0/0", await PlacesAsync(site));
    }

    [Fact]
    public async Task An_author_is_allowed_where_his_domain_vouches_for_him()
    {
        await using var site = await SiteAsync();
        site.Dns.WithKey("other.example").WithKey("strict.example").Txt("_dmarc.strict.example", "v=DMARC1; p=none");
        await site.ListAsync("ann@our.example", ListKind.Allow, "boss@other.example", "*@strict.example");
        await site.ListAsync("our.example", ListKind.Allow, "boss@sub.other.example");
        // Anybody can write this.
        await SendAsync(site, Pills(7, "boss@other.example"));
        Assert.Equal("ann 0/1 bob 0/1 cat 0/1", await PlacesAsync(site));
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Author_forged");
        // Signed by himself.
        await SendAsync(site, Signed.By("other.example", Pills(7, "boss@other.example")));
        Assert.Equal("ann 1/1 bob 0/2 cat 0/2", await PlacesAsync(site));
        Assert.Contains(
            "X-Spam-Status: No, score=-93.0\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
        await GoldenTrace.ExpectAsync(site, "ann@our.example", "Author_allowed");
        // By the domain above it: for all of our.example. By one below, or another: no.
        await SendAsync(site, Signed.By("other.example", Pills(7, "boss@sub.other.example")));
        Assert.Equal("ann 2/1 bob 1/2 cat 1/2", await PlacesAsync(site));
        site.Dns.WithKey("sub.other.example").WithKey("evil.example");
        await SendAsync(site, Signed.By("sub.other.example", Pills(7, "boss@other.example")), "<ann@our.example>");
        await SendAsync(site, Signed.By("evil.example", Pills(7, "boss@other.example")), "<ann@our.example>");
        await SendAsync(site, Signed.By("evil.example", Pills(7, "x@strict.example")), "<ann@our.example>");
        // Of two authors nobody vouches for both.
        await SendAsync(
            site,
            Signed.By("other.example", Pills(7, "boss@other.example, x@other.example")),
            "<ann@our.example>"
        );
        Assert.Equal("ann 2/5 bob 1/2 cat 1/2", await PlacesAsync(site));
    }

    [Fact]
    public async Task Who_is_allowed_is_not_refused_for_its_points()
    {
        await using var site = await SiteAsync();
        await site.ListAsync("ann@our.example", ListKind.Allow, "far.example");
        await SendAsync(site, Pills(30));
        Assert.Equal("ann 1/0 bob 0/1 cat 0/1", await PlacesAsync(site));
        // An allow counts -100 and no more, as with SpamAssassin.
        await SendAsync(site, Pills(106), "<ann@our.example>");
        await SendAsync(site, Pills(115), "<ann@our.example>", "550 5.7.1 *");
        Assert.Equal("ann 1/1 bob 0/1 cat 0/1", await PlacesAsync(site));
    }

    [Fact]
    public async Task Lists_of_settings_and_store_are_one_and_those_of_scopes_add_up()
    {
        await using var site = await SiteAsync(new GateLists(["far.example for ann@our.example"], ["far.example"]));
        // The site's block, in the settings and in the store, counts once: ann's allow makes up for it.
        await site.ListAsync("", ListKind.Block, "s@far.example");
        await site.ListAsync("ann@our.example", ListKind.Allow, "s@far.example");
        await SendAsync(site, Pills(3), "<ann@our.example>");
        Assert.Equal("ann 1/0 bob 0/0 cat 0/0", await PlacesAsync(site));
        var verdict = Assert.Single(await site.TracesAsync("ann@our.example"));
        Assert.Equal([100, -100], verdict.Checks.Where(static c => c.Check == "lists").Select(static c => c.Points));
    }

    [Fact]
    public async Task Each_account_behind_an_alias_has_its_own_say()
    {
        await using var site = await SiteAsync(filter: static o => o with { SubjectTag = "[spam]" });
        await site.AliasAsync("team@our.example", "ann@our.example", "bob@our.example", "x@elsewhere.example");
        await site.ListAsync("ann@our.example", ListKind.Block, "far.example");
        await site.ThresholdAsync("bob@our.example", 2);
        await SendAsync(site, Pills(3), "<team@our.example>");
        Assert.Equal("ann 0/1 bob 0/1 cat 0/0", await PlacesAsync(site));
        await GoldenTrace.ExpectAsync(site, "team@our.example", "Alias");
        var sent = await site.QueuedAsync(Assert.Single(await site.QueueAsync()));
        Assert.Contains("X-Spam-Status: No, score=3.0\r\n", sent, StringComparison.Ordinal);
        Assert.Contains(
            "X-Spam-Status: Yes, score=103.0\r\n",
            Assert.Single(await site.InboxAsync("ann", "Junk")),
            StringComparison.Ordinal
        );
        // A subaddress is its account's; an alias to one account alone is refused at RCPT.
        await site.AliasAsync("only@our.example", "ann@our.example");
        foreach (var to in new[] { "only@our.example", "ann+x@our.example" })
            await site.PlayAsync(
                ListenerRole.Mx,
                $"""
                S: 220 *
                C: EHLO mail.far.example
                S... 250 HELP
                C: MAIL FROM:<s@far.example>
                S: 250 *
                C: RCPT TO:<{to}>
                S: 550 5.7.1 You are not wanted here
                """
            );
    }

    [Fact]
    public async Task A_subject_is_tagged_where_the_message_is_spam_for_all()
    {
        await using var site = await SiteAsync(filter: static o => o with { SubjectTag = "[_SCORE_]" });
        await site.ThresholdAsync("ann@our.example", 9);
        await SendAsync(site, Pills(6));
        Assert.Contains(
            "\r\nSubject: offer\r\n",
            Assert.Single(await site.InboxAsync("bob", "Junk")),
            StringComparison.Ordinal
        );
        await SendAsync(site, Pills(6), "<cat@our.example>");
        Assert.Contains(
            "\r\nSubject: [6.0] offer\r\n",
            (await site.InboxAsync("cat", "Junk"))[1],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Lists_that_cannot_be_read_defer_and_open_no_gate()
    {
        await using var site = await SiteAsync();
        await site.ListAsync("ann@our.example", ListKind.Block, "far.example");
        var isDown = true;
        site.Fault = method =>
            isDown && method == nameof(IListStore.ReadAsync) ? new StoreException(StoreFault.Busy, "locked") : null;
        string Script(string reply) =>
            $"""
                S: 220 *
                C: EHLO mail.far.example
                S... 250 HELP
                C: MAIL FROM:<s@far.example>
                S: 250 *
                C: RCPT TO:<ann@our.example>
                S: {reply}
                """;
        await site.PlayAsync(ListenerRole.Mx, Script("451 4.3.0 *"));
        await site.PlayAsync(
            ListenerRole.Lmtp,
            Script("451 4.3.0 *").Replace("EHLO", "LHLO", StringComparison.Ordinal)
        );
        isDown = false;
        await site.PlayAsync(ListenerRole.Mx, Script("550 5.7.1 *"));
    }

    [Fact]
    public async Task A_thousand_recipients_with_lists_of_their_own_are_decided_each_by_its_own()
    {
        await using var site = await SiteAsync();
        var names = Enumerable.Range(0, 1000).Select(i => $"u{i}@our.example").ToList();
        await site.AddAccountsAsync(names);
        foreach (var name in names.Where((_, i) => i % 2 == 0))
            await site.ListAsync(name, ListKind.Block, "boss@other.example");
        await SendAsync(site, Pills(0, "boss@other.example"), string.Join(' ', names.Select(static n => $"<{n}>")));
        Assert.Equal(500, await site.CountInAsync(names, "Junk"));
        Assert.Equal(500, await site.CountInAsync(names, "INBOX"));
    }
}
