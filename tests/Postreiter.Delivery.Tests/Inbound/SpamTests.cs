using System.Globalization;
using System.Text;
using Postreiter.Delivery.Filtering;
using Postreiter.Smtp.Server;
using Postreiter.Spam.Results;
using Postreiter.Spam.Scanning;
using Postreiter.Testing;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>What becomes of messages by the points they have: a scanner counts the words "pill", a point each.</summary>
public sealed class SpamTests
{
    private const string Ham = "Subject: lunch\nX-Spam-Flag: YES\nX-Spam-Status: No, score=-100\n\npill";
    private const string Spam = "Subject: offer\nX-Other: y\n\npill pill pill pill pill pill";

    [Theory, InlineData(Pacing.Lines), InlineData(Pacing.Bytes)]
    public async Task Good_mail_is_marked_in_front_and_filed_into_the_inbox(Pacing pacing)
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Ham), pacing);
        var message = Assert.Single(await site.InboxAsync("ann"));
        Assert.StartsWith(
            "Return-Path: <s@far.example>\r\n"
                + "X-Spam-Checker-Version: SpamAssassin 4.0.1 (2024-03-25) on mx.our.example\r\n"
                + "X-Spam-Level: *\r\nX-Spam-Status: No, score=1.0\r\n",
            message,
            StringComparison.Ordinal
        );
        // Forged marks are gone, and nothing else is changed.
        Assert.EndsWith("\r\nSubject: lunch\r\n\r\npill\r\n", message, StringComparison.Ordinal);
        Assert.DoesNotContain("-100", message, StringComparison.Ordinal);
        Assert.Empty(await site.InboxAsync("ann", "Junk"));
    }

    [Fact]
    public async Task Spam_is_marked_and_filed_into_Junk_as_it_came()
    {
        await using var site = await SiteAsync();
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example> <bob@our.example>", Spam));
        foreach (var name in new[] { "ann", "bob" })
        {
            Assert.Empty(await site.InboxAsync(name));
            var message = Assert.Single(await site.InboxAsync(name, "Junk"));
            Assert.Contains("\r\nX-Spam-Flag: YES\r\n", message, StringComparison.Ordinal);
            Assert.Contains(
                "\r\nX-Spam-Report: \r\n\t*  1.0 PILL No description available.\r\n",
                message,
                StringComparison.Ordinal
            );
            Assert.EndsWith(
                "\r\n" + Spam.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n",
                message,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task The_subject_is_tagged_where_that_is_wanted_and_the_old_one_kept()
    {
        await using var site = await SiteAsync(o => o with { SubjectTag = "**** SPAM _SCORE_ ****" });
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Spam));
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Ham));
        var message = Assert.Single(await site.InboxAsync("ann", "Junk"));
        Assert.EndsWith(
            "\r\nSubject: **** SPAM 6.0 **** offer\r\nX-Other: y\r\nX-Spam-Prev-Subject: offer\r\n\r\n"
                + "pill pill pill pill pill pill\r\n",
            message,
            StringComparison.Ordinal
        );
        Assert.EndsWith(
            "\r\nSubject: lunch\r\n\r\npill\r\n",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_tag_with_other_letters_is_an_encoded_word()
    {
        await using var site = await SiteAsync(o => o with { SubjectTag = "[Müll]" });
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Spam));
        Assert.Contains(
            "\r\nSubject: =?UTF-8?Q?[M=C3=BCll]?= offer\r\n",
            Assert.Single(await site.InboxAsync("ann", "Junk")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_is_forwarded_keeps_its_subject_and_has_its_marks()
    {
        await using var site = await SiteAsync(o => o with { SubjectTag = "[x]" });
        await site.AliasAsync("fwd@our.example", "ann@our.example", "out@far.example");
        await site.PlayAsync(ListenerRole.Mx, Send("<fwd@our.example>", Spam));
        var item = Assert.Single(await site.QueueAsync());
        var sent = await site.QueuedAsync(item);
        Assert.Contains("X-Spam-Flag: YES\r\n", sent, StringComparison.Ordinal);
        Assert.Contains("\r\nSubject: offer\r\n", sent, StringComparison.Ordinal);
        Assert.Contains(
            "\r\nSubject: offer\r\n",
            Assert.Single(await site.InboxAsync("ann", "Junk")),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task From_reject_at_on_a_message_is_refused_in_the_session()
    {
        await using var site = await SiteAsync(o => o with { RejectAt = 6 });
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>", Spam, reply: "550 5.7.1 Message refused as spam")
        );
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>", Spam.Replace("pill pill", "pill", StringComparison.Ordinal))
        );
        await site.PlayAsync(
            ListenerRole.Lmtp,
            Send("<ann@our.example> <bob@our.example>", Spam, hello: "LHLO c", reply: "550 5.7.1 *\nS: 550 5.7.1 *")
        );
        // Three points: that one is in.
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Empty(await site.InboxAsync("ann", "Junk"));
    }

    [Fact]
    public async Task Mail_of_our_own_users_is_not_scanned()
    {
        var scanner = new Pills();
        await using var site = await SiteAsync(scanner: scanner);
        await site.PlayAsync(
            ListenerRole.Submission,
            Send("<bob@our.example>", Spam, from: "<ann@our.example>", asAnn: true)
        );
        Assert.DoesNotContain("X-Spam", Assert.Single(await site.InboxAsync("bob")), StringComparison.Ordinal);
        Assert.Equal("", scanner.Last);
    }

    [Fact]
    public async Task Rules_see_the_message_with_our_trace_in_front()
    {
        var scanner = new Pills();
        await using var site = await SiteAsync(scanner: scanner);
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Ham));
        Assert.StartsWith(
            "Return-Path: <s@far.example>\r\nReceived: from client.example ([192.0.2.1])\r\n\tby mx.our.example with ESMTP\r\n",
            scanner.Last,
            StringComparison.Ordinal
        );
        Assert.EndsWith("\r\nSubject: lunch\r\n\r\npill\r\n", scanner.Last, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_large_message_the_beginning_is_scanned_and_it_says_so()
    {
        var scanner = new Pills();
        await using var site = await SiteAsync(o => o with { MaxScanBytes = 1000 }, scanner);
        var body = string.Concat(Enumerable.Repeat(new string('x', 98) + "\n", 100)) + "pill";
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", "Subject: big\n\n" + body));
        var message = Assert.Single(await site.InboxAsync("ann"));
        Assert.Contains("\r\nX-Spam-Scanned: first 1000 of 10022 octets\r\n", message, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Spam-Level: \r\n", message, StringComparison.Ordinal);
        Assert.EndsWith("x\r\npill\r\n", message, StringComparison.Ordinal);
        Assert.InRange(scanner.Last.Length, 1000, 1300);
    }

    [Theory]
    [InlineData(false, "250 2.0.0 *")]
    [InlineData(true, "451 4.7.1 Message cannot be checked now, try again later")]
    public async Task F7_a_scan_that_fails_loses_no_mail(bool defers, string reply)
    {
        await using var site = await SiteAsync(
            o => o with { DefersUnscanned = defers, SubjectTag = "x" },
            new Pills { Before = _ => throw new InvalidOperationException("a fault of the engine") }
        );
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Spam, reply));
        await AssertUnscannedAsync(site, defers, "X-Spam-Scanned: no (an error)");
    }

    [Theory]
    [InlineData(false, null, "250 *", "250 *")]
    [InlineData(true, null, "451 4.7.1 *", "451 4.7.1 *")]
    [InlineData(false, true, "250 *", "451 4.7.1 *")]
    [InlineData(true, false, "451 4.7.1 *", "250 *")]
    public async Task F7_each_listener_has_its_own_policy(bool defers, bool? byLmtp, string smtp, string lmtp)
    {
        await using var site = await SiteAsync(
            o => o with { DefersUnscanned = defers, DefersUnscannedByLmtp = byLmtp },
            new Pills { Before = _ => throw new InvalidOperationException("a fault of the engine") }
        );
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Spam, smtp));
        await site.PlayAsync(ListenerRole.Lmtp, Send("<bob@our.example>", Spam, lmtp, hello: "LHLO here.example"));
        Assert.Equal(smtp[0] == '2' ? 1 : 0, (await site.InboxAsync("ann")).Count);
        Assert.Equal(lmtp[0] == '2' ? 1 : 0, (await site.InboxAsync("bob")).Count);
    }

    [Theory]
    [InlineData(false, "250 2.0.0 *")]
    [InlineData(true, "451 4.7.1 *")]
    public async Task F7_a_scan_over_its_budget_loses_no_mail(bool defers, string reply)
    {
        await using var site = await SiteAsync(
            o => o with { DefersUnscanned = defers, Budget = TimeSpan.FromSeconds(7) },
            new Pills { Before = ct => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct) }
        );
        await site.PlayAsync(
            ListenerRole.Mx,
            Send("<ann@our.example>", Spam, reply)
                .Replace($"S: {reply}", $"T: 7s\nS: {reply}", StringComparison.Ordinal)
        );
        await AssertUnscannedAsync(site, defers, "X-Spam-Scanned: no (it took too long)");
    }

    [Fact]
    public async Task Without_rules_nothing_is_marked()
    {
        await using var site = await SiteAsync(scanner: new Pills { HasRules = false });
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Spam));
        Assert.DoesNotContain("X-Spam", Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_fails_while_the_tagged_copy_is_written_defers()
    {
        var isScanned = false;
        var scanner = new Pills
        {
            Before = _ =>
            {
                isScanned = true;
                return Task.CompletedTask;
            },
        };
        await using var site = await SiteAsync(o => o with { SubjectTag = "[x]" }, scanner);
        site.Fault = method =>
            isScanned && method == "Begin" ? new Storage.StoreException(Storage.StoreFault.DiskFull, "full") : null;
        await site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Spam, reply: "452 4.3.1 *"));
        Assert.Equal(0, await site.CountAsync());
    }

    private static async Task AssertUnscannedAsync(InboundSite site, bool defers, string mark)
    {
        Assert.Empty(await site.InboxAsync("ann", "Junk"));
        var messages = await site.InboxAsync("ann");
        if (defers)
        {
            Assert.Empty(messages);
            return;
        }

        Assert.Contains($"\r\n{mark}\r\n", Assert.Single(messages), StringComparison.Ordinal);
        Assert.DoesNotContain("X-Spam-Status", messages[0], StringComparison.Ordinal);
    }

    private static async Task<InboundSite> SiteAsync(
        Func<SpamFilterOptions, SpamFilterOptions>? options = null,
        Pills? scanner = null
    )
    {
        var site = await CreateAsync();
        site.Filter(scanner ?? new Pills(), options?.Invoke(new SpamFilterOptions()) ?? new SpamFilterOptions());
        return site;
    }

    internal sealed class Pills : IMailScanner
    {
        public Func<CancellationToken, Task> Before { get; init; } = static _ => Task.CompletedTask;

        public bool HasRules { get; init; } = true;

        public string Last { get; private set; } = "";

        public async ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct)
        {
            await Before(ct);
            Last = Encoding.Latin1.GetString(mail.Span);
            if (!HasRules)
                return null;
            var count = Last.Split("pill").Length - 1;
            var settings = new MarkSettings();
            string[] lines = ["spam Flag _YESNOCAPS_", "all Level _STARS_", "all Status \"_YESNO_, score=_SCORE_\""];
            foreach (var line in lines)
                Assert.True(MarkDirectives.TryApply(ref settings, "add_header", line), line);
            Assert.True(MarkDirectives.TryApply(ref settings, "rewrite_header", "Subject never"));
            var verdict = new SpamVerdict
            {
                Points = count,
                Required = 100,
                Hits = [.. Enumerable.Repeat(new ReportedHit("PILL", 1, "", ""), count)],
                Tags = new Dictionary<string, string> { ["X"] = count.ToString(CultureInfo.InvariantCulture) },
            };
            return new ScannedMail(verdict, settings);
        }
    }
}
