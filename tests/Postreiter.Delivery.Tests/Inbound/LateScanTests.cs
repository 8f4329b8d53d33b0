using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Tests.Scanning;
using Postreiter.Smtp.Server;
using Postreiter.Spam.Results;
using Postreiter.Spam.Scanning;
using Postreiter.Storage;
using Postreiter.Storage.Lists;
using static Postreiter.Delivery.Tests.Inbound.InboundSite;

namespace Postreiter.Delivery.Tests.Inbound;

/// <summary>F7: a message that is taken unscanned is scanned all the same, in the background.</summary>
public sealed class LateScanTests
{
    private const string Text = "Subject: offer\n\npill";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(6, "Junk", true)]
    [InlineData(4, "INBOX", false)]
    public async Task F7_what_turns_out_to_be_spam_is_moved_to_Junk(double points, string mailbox, bool isFlagged)
    {
        var scanner = new SlowScanner();
        await using var site = await SiteAsync(scanner);
        await SendAsync(site);
        Assert.Contains(
            "X-Spam-Scanned: no (it took too long)",
            Assert.Single(await site.InboxAsync("ann")),
            StringComparison.Ordinal
        );
        scanner.End(points);
        await site.LateScansEndAsync();
        var message = Assert.Single(await site.InboxAsync("ann", mailbox));
        Assert.EndsWith("\r\npill\r\n", message, StringComparison.Ordinal);
        Assert.Equal(isFlagged, (await site.FlagsAsync("ann", mailbox)).Has("$Junk"));
        if (mailbox == "Junk")
            Assert.Empty(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task F7_a_message_that_is_gone_by_then_stays_gone()
    {
        var scanner = new SlowScanner();
        await using var site = await SiteAsync(scanner);
        await SendAsync(site);
        await site.RemoveAllAsync("ann");
        scanner.End(100);
        await site.LateScansEndAsync();
        Assert.Empty(await site.InboxAsync("ann"));
        Assert.Empty(await site.InboxAsync("ann", "Junk"));
    }

    [Fact]
    public async Task F7_a_late_scan_that_fails_or_never_ends_leaves_the_message_where_it_is()
    {
        var scanner = new SlowScanner();
        await using var site = await SiteAsync(scanner);
        await SendAsync(site);
        scanner.Fail(new InvalidOperationException("a fault of the engine"));
        await site.LateScansEndAsync();
        scanner.Again();
        await SendAsync(site);
        await site.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromMinutes(5), Ct);
        await site.LateScansEndAsync();
        Assert.Equal(2, (await site.InboxAsync("ann")).Count);
    }

    [Fact]
    public async Task F7_a_message_that_is_not_taken_is_not_scanned_on()
    {
        var scanner = new SlowScanner();
        await using var site = await SiteAsync(scanner, o => o with { DefersUnscanned = true });
        await SendAsync(site, "451 4.7.1 *");
        await scanner.GivenUp.WaitAsync(Ct);
    }

    [Theory]
    [InlineData(true, false, "Junk")]
    [InlineData(true, true, "")]
    [InlineData(false, false, "INBOX")]
    public async Task F7_mail_taken_before_the_scanners_were_through_is_scanned_on(
        bool isInfected,
        bool quarantines,
        string mailbox
    )
    {
        await using var site = await CreateAsync();
        var held = new TaskCompletionSource();
        var scanner = new ScriptedScanner
        {
            Hold = held.Task,
            Answer = _ => isInfected ? ScanAnswer.Infected("Worm") : ScanAnswer.Clean,
        };
        site.Scan(
            new VirusFilterOptions
            {
                Budget = TimeSpan.FromSeconds(3),
                DefersUnscanned = false,
                QuarantinesInfected = quarantines,
            },
            scanner
        );
        await SendAsync(site, budget: "3s");
        Assert.Contains("X-Virus-Scanned: no", Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
        held.SetResult();
        await site.LateScansEndAsync();
        foreach (var box in new[] { "INBOX", "Junk" })
            Assert.Equal(box == mailbox ? 1 : 0, (await site.InboxAsync("ann", box)).Count);
        if (quarantines)
        {
            Assert.EndsWith(
                "ann@our.example: virus: Worm",
                Assert.Single(await site.QuarantinedAsync()),
                StringComparison.Ordinal
            );
            await site.ReleaseAllAsync();
            Assert.EndsWith("\r\npill\r\n", Assert.Single(await site.InboxAsync("ann")), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task F7_what_a_late_scan_moved_to_Junk_is_still_found_by_late_scanners()
    {
        var rules = new SlowScanner();
        await using var site = await SiteAsync(rules);
        var held = new TaskCompletionSource();
        site.Scan(
            new VirusFilterOptions
            {
                Budget = TimeSpan.FromSeconds(3),
                DefersUnscanned = false,
                QuarantinesInfected = true,
            },
            new ScriptedScanner { Hold = held.Task, Answer = static _ => ScanAnswer.Infected("Worm") }
        );
        await SendAsync(site, budget: "3s\nT: 7s");
        rules.End(100);
        while ((await site.InboxAsync("ann", "Junk")).Count == 0)
            await Task.Yield();
        held.SetResult();
        await site.LateScansEndAsync();
        Assert.Single(await site.QuarantinedAsync());
        Assert.Equal(0, await site.CountAsync());
    }

    [Fact]
    public async Task F7_scanners_that_are_late_defer_unless_it_is_said_otherwise()
    {
        await using var site = await CreateAsync();
        var scanner = new ScriptedScanner { Hold = new TaskCompletionSource().Task };
        site.Scan(new VirusFilterOptions { Budget = TimeSpan.FromSeconds(3) }, scanner);
        await SendAsync(site, "451 4.7.1 *", budget: "3s");
        Assert.Empty(await site.InboxAsync("ann"));
    }

    [Fact]
    public async Task F7_no_more_scans_go_on_than_can_be_held()
    {
        var scanner = new SlowScanner();
        await using var site = await SiteAsync(scanner);
        for (var i = 0; i <= Delivery.Inbound.LateScans.Most; i++)
            await SendAsync(site);
        scanner.End(100);
        await site.LateScansEndAsync();
        // The last one's was given up.
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Equal(Delivery.Inbound.LateScans.Most, (await site.InboxAsync("ann", "Junk")).Count);
    }

    [Fact]
    public async Task F7_who_lets_the_sender_in_keeps_it_whatever_a_late_scan_says()
    {
        var scanner = new SlowScanner();
        await using var site = await SiteAsync(scanner);
        site.Guard(
            new GateOptions
            {
                OnNoDomain = FailurePolicy.Mark,
                Lists = new GateLists(["far.example for ann@our.example"], []),
            },
            new GreylistOptions { Mode = GreylistMode.Off }
        );
        await SendAsync(site, to: "<ann@our.example> <bob@our.example>");
        scanner.End(100);
        await site.LateScansEndAsync();
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Single(await site.InboxAsync("bob", "Junk"));
    }

    [Fact]
    public async Task F7_a_late_scan_moves_each_copy_by_its_reader_s_own_lists_and_threshold()
    {
        var scanner = new SlowScanner();
        await using var site = await SiteAsync(scanner);
        site.Guard(
            new GateOptions { OnNoDomain = FailurePolicy.Mark },
            new GreylistOptions { Mode = GreylistMode.Off }
        );
        await site.ThresholdAsync("ann@our.example", 8);
        await site.ListAsync("cat@our.example", ListKind.Allow, "far.example");
        await SendAsync(site, to: "<ann@our.example> <bob@our.example> <cat@our.example>");
        scanner.End(7);
        await site.LateScansEndAsync();
        Assert.Single(await site.InboxAsync("ann"));
        Assert.Single(await site.InboxAsync("bob", "Junk"));
        Assert.Single(await site.InboxAsync("cat"));
    }

    [Fact]
    public async Task F7_a_fault_of_the_store_while_scanners_read_ends_the_scan()
    {
        var scanner = new SlowScanner();
        await using var site = await SiteAsync(scanner);
        site.Scan(
            new VirusFilterOptions(),
            new ScriptedScanner { Answer = static _ => throw new StoreException(StoreFault.Busy, "unreadable") }
        );
        var sending = site.PlayAsync(ListenerRole.Mx, Send("<ann@our.example>", Text, "451 4.3.0 *"));
        await scanner.Begun.WaitAsync(Ct);
        site.Clock.Advance(TimeSpan.FromSeconds(7));
        await sending;
        await scanner.GivenUp.WaitAsync(Ct);
    }

    private static Task SendAsync(
        InboundSite site,
        string reply = "250 2.0.0 *",
        string to = "<ann@our.example>",
        string budget = "7s"
    ) =>
        site.PlayAsync(
            ListenerRole.Mx,
            Send(to, Text, reply).Replace($"S: {reply}", $"T: {budget}\nS: {reply}", StringComparison.Ordinal)
        );

    private static async Task<InboundSite> SiteAsync(
        SlowScanner scanner,
        Func<SpamFilterOptions, SpamFilterOptions>? options = null
    )
    {
        var site = await CreateAsync();
        var standard = new SpamFilterOptions { Budget = TimeSpan.FromSeconds(7) };
        site.Filter(scanner, options?.Invoke(standard) ?? standard);
        return site;
    }

    private sealed class SlowScanner : IMailScanner
    {
        private TaskCompletionSource<double> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly TaskCompletionSource _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => _begun.Task;

        public Task GivenUp => _givenUp.Task;

        public void End(double points) => _end.SetResult(points);

        public void Fail(Exception fault) => _end.SetException(fault);

        public void Again() => _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<ScannedMail?> ScanAsync(ReadOnlyMemory<byte> mail, CancellationToken ct)
        {
            double points;
            _begun.TrySetResult();
            try
            {
                points = await _end.Task.WaitAsync(ct);
            }
            catch (OperationCanceledException)
            {
                _givenUp.TrySetResult();
                throw;
            }

            return new ScannedMail(new SpamVerdict { Points = points, Required = 5 }, new MarkSettings());
        }
    }
}
