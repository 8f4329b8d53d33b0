using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;

namespace Postreiter.Hosting;

/// <summary>Tells the service manager how we are, by the socket NOTIFY_SOCKET names (sd_notify(3)); silent where there is none.</summary>
/// <param name="environment">Gives environment variables.</param>
internal sealed class ServiceNotices(Func<string, string?> environment)
{
    private readonly SystemdNotifier _notifier = new();
    private int _isBeating;

    /// <summary>Started, or done with a reload.</summary>
    public void Ready() => _notifier.Notify(ServiceState.Ready);

    /// <summary>A reload begins; <see cref="Ready"/> ends it.</summary>
    public void Reloading(TimeProvider time)
    {
        // The clock is CLOCK_MONOTONIC, which is what the timestamps of .NET on Linux are.
        var microseconds = (long)((Int128)time.GetTimestamp() * 1_000_000 / time.TimestampFrequency);
        _notifier.Notify(
            new ServiceState(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={microseconds}"))
        );
    }

    /// <summary>The stop begins.</summary>
    public void Stopping() => _notifier.Notify(ServiceState.Stopping);

    /// <summary>
    /// Says at half of the interval of the unit's WatchdogSec (sd_watchdog_enabled(3)) that we are alive: that timers fire and
    /// threads are free. Null where the unit does not ask.
    /// </summary>
    public ITimer? StartWatchdog(TimeProvider time)
    {
        var forUs =
            environment("WATCHDOG_PID") is not { } pid
            || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        if (
            !forUs
            || !long.TryParse(
                environment("WATCHDOG_USEC"),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var microseconds
            )
            || microseconds <= 0
        )
            return null;
        var interval = TimeSpan.FromMicroseconds(microseconds / 2.0);
        return time.CreateTimer(_ => Beat(), null, interval, interval);
    }

    // A service manager that does not read must not cost a thread for each beat.
    private void Beat()
    {
        if (Interlocked.Exchange(ref _isBeating, 1) != 0)
            return;
        _notifier.Notify(new ServiceState("WATCHDOG=1"));
        Volatile.Write(ref _isBeating, 0);
    }
}
