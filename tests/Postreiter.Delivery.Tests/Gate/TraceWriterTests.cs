using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Storage;
using Postreiter.Storage.Gate;
using Postreiter.Testing;

namespace Postreiter.Delivery.Tests.Gate;

/// <summary>Traces of attempts are written beside the sessions, and go after their time.</summary>
public sealed class TraceWriterTests : IAsyncLifetime
{
    private static readonly EmailAddress Ann = EmailAddress.Parse("ann@our.example");
    private readonly TestClock _clock = new();
    private readonly Random _random = new(1);
    private readonly MemoryStore _store;

    public TraceWriterTests() => _store = new MemoryStore(_clock);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private TraceRecord Trace() =>
        new(TraceId.Create(_clock.GetUtcNow(), _random), [Ann], Encoding.UTF8.GetBytes("{}"));

    private async Task<int> CountAsync() => (await _store.Gate.ListTracesAsync(Ann, 100_000, Ct)).Count;

    [Fact]
    public async Task They_are_written_within_a_second_and_the_rest_at_the_end()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var writer = new TraceWriter(_store, _clock, NullLogger.Instance);
        writer.Add(Trace());
        var running = writer.RunAsync(stop.Token);
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(1), Ct);
        await Site.UntilAsync(() => CountAsync().Result == 1);
        writer.Add(Trace());
        await stop.CancelAsync();
        await running;
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task In_a_flood_they_are_dropped_and_nobody_waits()
    {
        var writer = new TraceWriter(_store, _clock, NullLogger.Instance);
        for (var i = 0; i < 20_000; i++)
            writer.Add(Trace());
        await writer.FlushAsync();
        Assert.Equal(5_000, await CountAsync());
    }

    [Fact]
    public async Task Strangers_fill_no_disk_with_them()
    {
        var writer = new TraceWriter(_store, _clock, NullLogger.Instance) { MaxOctetsPerHour = 7 };
        for (var i = 0; i < 10; i++)
            writer.Add(Trace());
        await writer.FlushAsync();
        Assert.Equal(3, await CountAsync());
        _clock.Advance(TimeSpan.FromHours(1));
        writer.Add(Trace());
        await writer.FlushAsync();
        Assert.Equal(4, await CountAsync());
    }

    [Fact]
    public async Task P14_a_store_that_is_down_stops_nothing()
    {
        var isDown = true;
        var faulty = FaultyStore.Around(_store, _ => isDown ? new StoreException(StoreFault.Busy, "down") : null);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var writer = new TraceWriter(faulty, _clock, NullLogger.Instance);
        writer.Add(Trace());
        var running = writer.RunAsync(stop.Token);
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(1), Ct);
        await Site.UntilAsync(() => _clock.HasTimerWithin(TimeSpan.FromSeconds(1)));
        isDown = false;
        writer.Add(Trace());
        await _clock.AdvanceWhenAwaitedAsync(TimeSpan.FromSeconds(1), Ct);
        await Site.UntilAsync(() => CountAsync().Result == 1);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task They_are_kept_for_thirty_days()
    {
        var writer = new TraceWriter(_store, _clock, NullLogger.Instance);
        for (var i = 0; i < 2_500; i++)
            writer.Add(Trace());
        _clock.Advance(TimeSpan.FromDays(1));
        writer.Add(Trace());
        await writer.FlushAsync();
        _clock.Advance(TimeSpan.FromDays(29));
        await writer.PruneAsync();
        Assert.Equal(2_501, await CountAsync());
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await writer.PruneAsync();
        Assert.Equal(1, await CountAsync());
    }
}
