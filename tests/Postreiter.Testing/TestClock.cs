using Microsoft.Extensions.Time.Testing;

namespace Postreiter.Testing;

/// <summary>A clock that stands still until a test moves it, and knows which timers wait for it.</summary>
public sealed class TestClock : FakeTimeProvider
{
    private readonly Lock _lock = new();
    private readonly HashSet<Timer> _timers = [];

    /// <summary>Starts at noon UTC of the first day of 2026.</summary>
    public TestClock()
        : base(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero)) { }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this);
        timer.Inner = base.CreateTimer(callback, state, dueTime, period);
        timer.Note(dueTime);
        return timer;
    }

    /// <summary>Whether a timer is due within a span.</summary>
    public bool HasTimerWithin(TimeSpan span)
    {
        var limit = GetUtcNow() + span;
        lock (_lock)
            return _timers.Any(t => t.Due <= limit && t.Due > GetUtcNow());
    }

    /// <summary>Waits until something waits for a moment within the span, then moves there.</summary>
    /// <param name="span">How far to move.</param>
    /// <param name="ct">Ends the wait when nothing ever does.</param>
    public async Task AdvanceWhenAwaitedAsync(TimeSpan span, CancellationToken ct)
    {
        while (!HasTimerWithin(span))
        {
            ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Advance(span);
    }

    /// <summary>Waits until something waits for a later moment, then moves, not so far as to wake it.</summary>
    /// <param name="span">How far to move.</param>
    /// <param name="ct">Ends the wait when nothing ever does.</param>
    public async Task AdvanceWhileAwaitedAsync(TimeSpan span, CancellationToken ct)
    {
        while (!HasTimerAfter(span))
        {
            ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Advance(span);
    }

    private bool HasTimerAfter(TimeSpan span)
    {
        var limit = GetUtcNow() + span;
        lock (_lock)
            return _timers.Count > 0 && _timers.All(t => t.Due > limit);
    }

    private sealed class Timer(TestClock clock) : ITimer
    {
        public ITimer Inner { get; set; } = null!;

        public DateTimeOffset Due { get; private set; }

        public void Note(TimeSpan dueTime)
        {
            lock (clock._lock)
            {
                if (dueTime < TimeSpan.Zero)
                {
                    clock._timers.Remove(this);
                    return;
                }

                Due = clock.GetUtcNow() + dueTime;
                clock._timers.Add(this);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = Inner.Change(dueTime, period);
            Note(dueTime);
            return changed;
        }

        public void Dispose()
        {
            Forget();
            Inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Forget();
            return Inner.DisposeAsync();
        }

        private void Forget()
        {
            lock (clock._lock)
                clock._timers.Remove(this);
        }
    }
}
