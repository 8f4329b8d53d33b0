using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Queue;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Tests.Queue;

/// <summary>The queue at work: who is tried when, how many at once, and what a fault of the store leaves behind.</summary>
public sealed class QueueRunnerTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_slow_domain_delays_nobody_else()
    {
        await using var site = await Site.CreateAsync();
        site.OnAttempt = (item, ct) =>
            item.Destination.Ascii == "slow.example"
                ? Task.Delay(Timeout.InfiniteTimeSpan, site.Clock, ct)
                : Task.CompletedTask;
        site.Remote = _ => (DeliveryAction.Deferred, new SmtpReply(451, "4.2.0", "later"));
        await using var run = new Run(site, new QueueOptions());
        await site.SubmitAsync([.. Enumerable.Range(0, 8).Select(i => $"u{i}@slow.example"), "x@quick.example"]);
        await Site.UntilAsync(() => site.Attempts.Count == 6);
        Assert.Equal(5, site.Attempts.Count(d => d == "slow.example"));
        // What waits for the slow one is due already; the retry of the quick one comes in its time all the same.
        await site.Clock.AdvanceWhenAwaitedAsync(6 * Minute, Ct);
        await Site.UntilAsync(() => site.Attempts.Count(d => d == "quick.example") == 2);
    }

    [Fact]
    public async Task No_more_attempts_at_once_than_allowed()
    {
        await using var site = await Site.CreateAsync();
        using var gate = new SemaphoreSlim(0);
        var meter = new Lock();
        var (now, most) = (0, 0);
        site.OnAttempt = async (_, ct) =>
        {
            lock (meter)
                most = Math.Max(most, ++now);
            await gate.WaitAsync(ct);
            lock (meter)
                now--;
        };
        await using var run = new Run(site, new QueueOptions { MaxAttempts = 3, MaxPerDestination = 2 });
        await site.SubmitAsync([.. Enumerable.Range(0, 12).Select(i => $"x@d{i % 6}.example")]);
        await Site.UntilAsync(() => Volatile.Read(ref most) == 3);
        gate.Release(12);
        await Site.UntilAsync(() => site.Attempts.Count == 12);
        Assert.Equal(3, most);
    }

    [Fact]
    public async Task A_destination_that_is_down_is_probed_once_a_minute_by_one()
    {
        await using var site = await Site.CreateAsync();
        site.IsDown = _ => true;
        await using var run = new Run(site, new QueueOptions());
        await site.SubmitAsync("a@down.example");
        await Site.UntilAsync(() => site.Attempts.Count == 1);
        await UntilAsync(site, items => items.All(i => i is { State: QueueState.Waiting, Attempts: 1 }));

        // Found down a moment ago: these are not tried, and wait like one that was.
        await site.SubmitAsync("b@down.example", "c@down.example", "d@up.example");
        await UntilAsync(site, items => items.Count == 4 && items.All(i => i.Attempts == 1));
        Assert.Equal(["down.example", "up.example"], site.Attempts);
        var waiting = await site.Store.Queue.ListAsync(0, 10, Ct);
        Assert.All(waiting, i => Assert.StartsWith("451 4.4.1", i.Recipients[0].LastResult, StringComparison.Ordinal));

        // An administrator's retry is at once, by one; the others share its outcome.
        run.Runner.ProbeAll();
        var to = new QueueSelection(Destination: DomainName.Parse("down.example"));
        Assert.Equal(3, await site.Store.Queue.ActAsync(QueueAction.Retry, to, site.Clock.GetUtcNow(), Ct));
        await UntilAsync(site, items => items.Count(i => i.Attempts == 2) == 3);
        Assert.Equal(3, site.Attempts.Count);

        // Once it answers, everything goes.
        site.IsDown = _ => false;
        run.Runner.ProbeAll();
        await site.Store.Queue.ActAsync(QueueAction.Retry, to, site.Clock.GetUtcNow(), Ct);
        await UntilAsync(site, items => items.Count == 1);
    }

    [Fact]
    public async Task A_refusal_of_one_message_says_nothing_about_the_others()
    {
        await using var site = await Site.CreateAsync();
        site.Remote = r =>
            r.Address.LocalPart == "grey"
                ? (DeliveryAction.Deferred, new SmtpReply(450, "4.2.0", "greylisted"))
                : (DeliveryAction.Delivered, new SmtpReply(250, "2.0.0", "ok"));
        await using var run = new Run(site, new QueueOptions());
        await site.SubmitAsync("grey@far.example", "x@far.example", "y@far.example");
        await UntilAsync(site, items => items is [{ Attempts: 1 }]);
        Assert.Equal(3, site.Attempts.Count);
    }

    [Fact]
    public async Task P6_what_a_killed_process_had_leased_is_tried_at_once()
    {
        await using var site = await Site.CreateAsync();
        await site.SubmitAsync("a@far.example", "b@far.example");
        Assert.NotNull(await site.LeaseAsync());
        Assert.NotNull(await site.LeaseAsync());
        await using var run = new Run(site, new QueueOptions());
        await UntilAsync(site, items => items.Count == 0);
        Assert.Equal(2, site.Attempts.Count);
    }

    [Fact]
    public async Task What_is_under_way_at_the_stop_goes_back_to_the_queue_unless_it_ends_in_time()
    {
        await using var site = await Site.CreateAsync();
        var quick = new TaskCompletionSource();
        site.OnAttempt = (item, ct) =>
            item.Destination.Ascii == "quick.example"
                ? quick.Task.WaitAsync(ct)
                : Task.Delay(Timeout.InfiniteTimeSpan, site.Clock, ct);
        await using var run = new Run(site, new QueueOptions());
        await site.SubmitAsync("a@stuck.example", "a@quick.example");
        await Site.UntilAsync(() => site.Attempts.Count == 2);
        var stop = run.StopAsync();
        quick.SetResult();
        await UntilAsync(site, items => items.Count == 1);
        await site.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(8), Ct);
        await stop;
        var left = Assert.Single(await site.Store.Queue.ListAsync(0, 10, Ct));
        Assert.Equal((QueueState.Waiting, 0), (left.State, left.Attempts));
    }

    [Fact]
    public async Task P3_a_full_disk_makes_no_delivery_happen_twice()
    {
        FaultyStore faulty = null!;
        await using var site = await Site.CreateAsync(1, store => faulty = new FaultyStore(store));
        // Nothing can be written for a while: the outcome is kept and written when it can.
        faulty.FailsToComplete = _ => faulty.Failures < 3;
        await using var run = new Run(site, new QueueOptions());
        await site.SubmitAsync("a@far.example");
        for (var i = 0; i < 3; i++)
            await site.Clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(5), Ct);
        await UntilAsync(site, items => items.Count == 0);
        Assert.Single(site.Attempts);
    }

    [Fact]
    public async Task P3_P5_where_a_notice_cannot_be_written_its_recipient_waits_and_the_others_are_done()
    {
        FaultyStore faulty = null!;
        await using var site = await Site.CreateAsync(1, store => faulty = new FaultyStore(store));
        faulty.FailsToComplete = outcome => outcome.Notices.Count > 0;
        site.Remote = r =>
            r.Address.LocalPart == "bad"
                ? (DeliveryAction.Failed, new SmtpReply(550, "5.1.1", "no"))
                : (DeliveryAction.Delivered, new SmtpReply(250, "2.0.0", "ok"));
        await using var run = new Run(site, new QueueOptions());
        var reply = await site.SendAsync(
            Smtp.Server.ListenerRole.Submission,
            "ann@our.example",
            ["bad@far.example", "good@far.example"],
            "Subject: x\r\n\r\nx\r\n"
        );
        Assert.Equal(250, reply.Code);
        await UntilAsync(site, items => items is [{ Attempts: 1, Recipients.Count: 1, State: QueueState.Waiting }]);
        Assert.Empty(await site.InboxAsync());

        // The disk has room again: the bounce comes with the next attempt.
        faulty.FailsToComplete = _ => false;
        await site.Clock.AdvanceWhenAwaitedAsync(6 * Minute, Ct);
        await UntilAsync(site, items => items.Count == 0);
        Assert.Contains(
            "Final-Recipient: rfc822; bad@far.example",
            Assert.Single(await site.InboxAsync()),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task F5_a_message_that_cannot_be_read_any_more_waits_its_life_and_its_sender_is_told()
    {
        FaultyStore faulty = null!;
        await using var site = await Site.CreateAsync(1, store => faulty = new FaultyStore(store));
        site.OnAttempt = async (item, ct) => await (await site.Wrapped.Queue.OpenAsync(item, ct)).DisposeAsync();
        await site.SubmitAsync("a@far.example");
        faulty.FailsToOpen = true;
        await site.Attempt.RunAsync((await site.LeaseAsync())!, Ct);
        Assert.Equal(1, (await site.Store.Queue.CountAsync(Ct)).Waiting);
        Assert.Empty(await site.InboxAsync());
        site.Clock.Advance(TimeSpan.FromDays(5));
        await site.Attempt.RunAsync((await site.LeaseAsync())!, Ct);
        var report = Assert.Single(await site.InboxAsync());
        Assert.Contains("Final-Recipient: rfc822; a@far.example", report, StringComparison.Ordinal);
        Assert.Empty(await site.Store.Queue.ListAsync(0, 10, Ct));
    }

    [Fact]
    public async Task F11_what_a_wrong_clock_put_years_ahead_is_tried_at_the_next_start()
    {
        await using var site = await Site.CreateAsync();
        await site.SubmitAsync("a@far.example");
        var item = (await site.LeaseAsync())!;
        var wrong = QueueAttempt.Postpone(item, site.Clock.GetUtcNow().AddYears(4));
        Assert.True(await site.Store.Queue.CompleteAsync(wrong, Ct));
        await using var run = new Run(site, new QueueOptions());
        await UntilAsync(site, items => items.Count == 0);
    }

    [Fact]
    public async Task A_fault_of_our_own_defers_and_the_queue_goes_on()
    {
        await using var site = await Site.CreateAsync();
        site.OnAttempt = (item, _) =>
            item.Destination.Ascii switch
            {
                "bug.example" => throw new InvalidOperationException("a defect"),
                "odd.example" => throw new OperationCanceledException("somebody else's"),
                _ => Task.CompletedTask,
            };
        await using var run = new Run(site, new QueueOptions());
        await site.SubmitAsync("a@bug.example", "a@odd.example", "a@far.example");
        await UntilAsync(
            site,
            items => items.Count == 2 && items.All(i => i is { Attempts: 1, State: QueueState.Waiting })
        );
        Assert.Empty(await site.InboxAsync());
        await site.SubmitAsync("b@bug.example");
        await UntilAsync(site, items => items.Count == 3 && items.All(i => i.Attempts == 1));
    }

    private static async Task UntilAsync(Site site, Func<IReadOnlyList<QueueItem>, bool> holds)
    {
        IReadOnlyList<QueueItem> items = [];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        while (!holds(items = await site.Store.Queue.ListAsync(0, 100, Ct)))
        {
            if (patience.IsCancellationRequested)
                Assert.Fail("The queue stays: " + string.Join(" | ", items));
            await Task.Yield();
        }
    }

    /// <summary>A runner at work until disposed.</summary>
    private sealed class Run : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _task;
        private readonly Testing.TestClock _clock;

        public Run(Site site, QueueOptions options)
        {
            _clock = site.Clock;
            Runner = new QueueRunner(site.Wrapped, site.Attempt, options, _clock, NullLogger<QueueRunner>.Instance);
            _task = Task.Run(() => Runner.RunAsync(_stop.Token));
        }

        public QueueRunner Runner { get; }

        /// <summary>The server is told to stop.</summary>
        public Task StopAsync()
        {
            _stop.Cancel();
            return _task;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            // What hangs is cut off when its time is over.
            while (!_task.IsCompleted)
            {
                _clock.Advance(TimeSpan.FromSeconds(8));
                await Task.Yield();
            }

            await _task;
            _stop.Dispose();
        }
    }
}
