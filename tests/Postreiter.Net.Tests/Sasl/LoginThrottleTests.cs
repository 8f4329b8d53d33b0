using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postreiter.Net.Sasl;

namespace Postreiter.Net.Tests.Sasl;

public sealed class LoginThrottleTests
{
    private static readonly IPAddress Peer = IPAddress.Parse("192.0.2.1");
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void L13_each_failure_makes_the_next_attempt_wait_longer()
    {
        var throttle = new LoginThrottle(_time);
        var delays = new List<double>();
        for (var i = 0; i < 7; i++)
        {
            delays.Add(throttle.DelayOf("Ann@a.example").TotalSeconds);
            throttle.ReportFailure("ann@A.example", Peer);
        }

        Assert.Equal([0, 1, 2, 4, 8, 15, 15], delays);
        Assert.Equal(TimeSpan.Zero, throttle.DelayOf("bob@a.example"));
        throttle.ReportSuccess("ann@a.example");
        Assert.Equal(TimeSpan.Zero, throttle.DelayOf("ann@a.example"));
    }

    [Fact]
    public async Task L13_waiting_takes_as_long_as_it_says()
    {
        var throttle = new LoginThrottle(_time);
        throttle.ReportFailure("ann", Peer);
        throttle.ReportFailure("ann", Peer);
        var wait = throttle.WaitAsync("ann", CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(wait.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        await wait;
    }

    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2")]
    [InlineData("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")]
    public void L13_an_address_is_locked_for_ten_minutes_after_twenty_failures(string one, string same, string other)
    {
        var throttle = new LoginThrottle(_time);
        for (var i = 0; i < 20; i++)
        {
            Assert.False(throttle.IsLocked(IPAddress.Parse(one)));
            throttle.ReportFailure($"user{i}", IPAddress.Parse(one));
        }

        Assert.True(throttle.IsLocked(IPAddress.Parse(same)));
        Assert.False(throttle.IsLocked(IPAddress.Parse(other)));
        _time.Advance(LoginThrottle.Window);
        Assert.False(throttle.IsLocked(IPAddress.Parse(one)));
    }

    [Fact]
    public void L13_failures_older_than_ten_minutes_do_not_count()
    {
        var throttle = new LoginThrottle(_time);
        for (var i = 0; i < 19; i++)
            throttle.ReportFailure("ann", Peer);
        _time.Advance(LoginThrottle.Window);
        throttle.ReportFailure("bob", Peer);
        Assert.False(throttle.IsLocked(Peer));
        Assert.Equal(TimeSpan.Zero, throttle.DelayOf("ann"));
    }

    [Fact]
    public void L13_number_and_time_are_settings()
    {
        var throttle = new LoginThrottle(_time) { Lockout = new LoginLockout(3, TimeSpan.FromMinutes(1)) };
        for (var i = 0; i < 3; i++)
            throttle.ReportFailure("ann", Peer);
        Assert.True(throttle.IsLocked(Peer));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(throttle.IsLocked(Peer));
        Assert.Equal(TimeSpan.Zero, throttle.DelayOf("ann"));
    }

    [Fact]
    public void F11_a_clock_that_is_set_changes_nothing()
    {
        // Its timestamps go on; only the calendar jumps.
        var clock = new JumpingClock(_time);
        var throttle = new LoginThrottle(clock);
        for (var i = 0; i < 20; i++)
            throttle.ReportFailure("ann", Peer);
        foreach (var days in new[] { 365, -730 })
        {
            clock.Jump += TimeSpan.FromDays(days);
            Assert.True(throttle.IsLocked(Peer));
            Assert.Equal(TimeSpan.FromSeconds(15), throttle.DelayOf("ann"));
        }
    }

    [Fact]
    public void Memory_is_bounded()
    {
        var throttle = new LoginThrottle(_time, capacity: 10);
        for (var i = 0; i < 11; i++)
            throttle.ReportFailure($"user{i}", Peer);
        Assert.Equal(TimeSpan.Zero, throttle.DelayOf("user0"));
        Assert.Equal(TimeSpan.FromSeconds(1), throttle.DelayOf("user1"));
    }

    private sealed class JumpingClock(TimeProvider inner) : TimeProvider
    {
        public TimeSpan Jump { get; set; }

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Jump;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override long TimestampFrequency => inner.TimestampFrequency;
    }
}
