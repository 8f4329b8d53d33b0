using System.Globalization;

namespace Postreiter.Net.Listeners;

/// <summary>
/// F13: knows when the process is short of file handles. Then no listener accepts, and the callers wait in the system's queue; open
/// sessions, files and the queue's own connections have what is left. Without it Kestrel would try to accept over and over, at the
/// cost of a whole processor.
/// </summary>
/// <param name="limit">Open handles above which nothing is accepted.</param>
/// <param name="count">Counts them.</param>
/// <param name="time">Measures the pauses.</param>
public sealed class HandleBudget(int limit, Func<int> count, TimeProvider time)
{
    /// <summary>Kept for everything but callers: the store, a temporary file a message, DNS, the queue; a quarter where there are few.</summary>
    public const int Reserve = 256;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly Lock _lock = new();
    private int _free;

    /// <summary>The budget of this process: its limit as the system has it, less a reserve; no limit where that is not known.</summary>
    public static HandleBudget OfProcess(TimeProvider time) => new(ReadLimit(), CountOpen, time);

    /// <summary>Waits until one more handle may be opened.</summary>
    /// <param name="pausing">Told once when it has to wait.</param>
    /// <param name="ct">Stops waiting.</param>
    public async ValueTask WaitAsync(Action pausing, CancellationToken ct)
    {
        if (TryTake())
            return;
        pausing();
        do
        {
            await Task.Delay(Pause, time, ct);
        } while (!TryTake());
    }

    // Counting costs a look at every handle, so half of what is free is handed out before the next count; those that were closed
    // since only make it too careful.
    private bool TryTake()
    {
        lock (_lock)
        {
            if (_free <= 0)
                _free = (limit - count() + 1) / 2;
            return _free-- > 0;
        }
    }

    private static int CountOpen()
    {
        try
        {
            return Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
        }
        catch (IOException)
        {
            // No handle is left to count with.
            return int.MaxValue / 2;
        }
    }

    private static int ReadLimit()
    {
        try
        {
            foreach (var line in File.ReadLines("/proc/self/limits"))
            {
                if (
                    line.StartsWith("Max open files", StringComparison.Ordinal)
                    && int.TryParse(
                        line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0],
                        NumberStyles.None,
                        CultureInfo.InvariantCulture,
                        out var most
                    )
                )
                    return most - Math.Min(Reserve, most / 4);
            }
        }
        catch (IOException)
        {
            // Another system: nothing is known.
        }

        return int.MaxValue / 2;
    }
}
