using System.Globalization;

namespace Postreiter.Benchmarks.Sites;

/// <summary>Processor time and memory of some processes and all that descend from them, from /proc.</summary>
internal sealed class ProcessTree(params int[] roots)
{
    // USER_HZ is 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>Processor time used so far, of children that have ended too.</summary>
    public TimeSpan Cpu()
    {
        long ticks = 0;
        foreach (var fields in All().Select(static p => p.Fields))
        {
            // utime, stime, cutime, cstime: fields 14 to 17 of proc(5); the list starts with field 3.
            for (var i = 11; i <= 14; i++)
                ticks += long.Parse(fields[i], CultureInfo.InvariantCulture);
        }

        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    /// <summary>Resident memory in bytes, a page that several processes share counted once.</summary>
    public long Memory() =>
        All().Sum(static p => KiloBytes($"/proc/{p.Id.ToString(CultureInfo.InvariantCulture)}/smaps_rollup", "Pss:"));

    /// <summary>Resident memory in bytes as <c>ps</c> shows it, summed.</summary>
    public long Rss() =>
        All().Sum(static p => KiloBytes($"/proc/{p.Id.ToString(CultureInfo.InvariantCulture)}/status", "VmRSS:"));

    private static long KiloBytes(string file, string field)
    {
        try
        {
            var line = File.ReadLines(file).FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal));
            var words = line?.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            return words is null ? 0 : long.Parse(words[1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0; // It ended between the listing and the look.
        }
    }

    private List<(int Id, string[] Fields)> All()
    {
        var parents = new Dictionary<int, (int Parent, string[] Fields)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id))
                continue;
            try
            {
                var text = File.ReadAllText(Path.Combine(folder, "stat"));
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                parents[id] = (int.Parse(fields[1], CultureInfo.InvariantCulture), fields);
            }
            catch (IOException)
            {
                // It ended between the listing and the look.
            }
        }

        return parents.Where(p => Descends(p.Key)).Select(static p => (p.Key, p.Value.Fields)).ToList();

        bool Descends(int id)
        {
            for (var depth = 0; depth < 64 && id > 1; depth++)
            {
                if (roots.Contains(id))
                    return true;
                if (!parents.TryGetValue(id, out var entry))
                    return false;
                id = entry.Parent;
            }

            return false;
        }
    }
}
