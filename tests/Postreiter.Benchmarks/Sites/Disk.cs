using System.Globalization;
using System.Security.Cryptography;

namespace Postreiter.Benchmarks.Sites;

/// <summary>What the disk below the temporary folder can do, and what was written to it.</summary>
internal static class Disk
{
    private const int SectorBytes = 512;

    /// <summary>Bytes written to all disks of the machine so far, after what waits has been written too.</summary>
    public static async Task<long> WrittenAsync(CancellationToken ct)
    {
        await Tool.RunAsync("/usr/bin/sync", "", ct);
        // Sectors written are the tenth field (kernel documentation, iostats); partitions are part of their disk.
        return File.ReadLines("/proc/diskstats")
            .Select(static l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(static f => Directory.Exists($"/sys/block/{f[2]}"))
            .Sum(static f => long.Parse(f[9], CultureInfo.InvariantCulture) * SectorBytes);
    }

    /// <summary>Appends of 4 KiB a second, each synced before the next.</summary>
    public static double Syncs() => Measure(4096, syncEach: true) / 4096;

    /// <summary>Bytes a second, appended and synced at the end.</summary>
    public static double Sequential() => Measure(1 << 20, syncEach: false);

    private static double Measure(int block, bool syncEach)
    {
        var time = TimeProvider.System;
        var path = Path.GetTempFileName();
        try
        {
            using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
            var bytes = RandomNumberGenerator.GetBytes(block);
            var (start, written) = (time.GetTimestamp(), 0L);
            while (time.GetElapsedTime(start) < TimeSpan.FromSeconds(1) && written < 1L << 30)
            {
                RandomAccess.Write(file, bytes, written);
                written += block;
                if (syncEach)
                    RandomAccess.FlushToDisk(file);
            }

            RandomAccess.FlushToDisk(file);
            return written / time.GetElapsedTime(start).TotalSeconds;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
