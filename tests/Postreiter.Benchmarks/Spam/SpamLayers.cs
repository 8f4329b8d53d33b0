using System.Diagnostics;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;

namespace Postreiter.Benchmarks.Spam;

/// <summary>Where the time of a scan goes: each layer made for itself, in the order in which a scan makes it.</summary>
internal static class SpamLayers
{
    private static readonly string[] Reading =
    [
        "parse",
        "parts",
        "relays",
        "text and HTML",
        "body lines",
        "raw body",
        "URIs",
    ];

    public static void Measure(ResultTable table, string rules, string local, IReadOnlyList<byte[]> mails)
    {
        var folder = Directory.CreateTempSubdirectory("postreiter-bench-").FullName;
        try
        {
            var file = Path.Combine(folder, "local.cf");
            File.WriteAllText(file, local);
            var began = Stopwatch.GetTimestamp();
            var ruleset = RuleSources.Read([rules, file])!;
            table.Add("rules read, compiled code warm or not as it comes: ms", "Postreiter", Since(ref began));
            var engine = new SpamEngine(ruleset);
            table.Add("engine made of them: ms", "Postreiter", Since(ref began));
            var (clock, ticks) = (new ScanClock(), new long[Reading.Length]);
            for (var round = 0; round < 6; round++)
            {
                clock.Clear();
                Array.Clear(ticks);
                var bytes = GC.GetAllocatedBytesForCurrentThread();
                began = Stopwatch.GetTimestamp();
                var used = Environment.CpuUsage.TotalTime;
                foreach (var mail in mails)
                    Scan(engine, mail, clock, ticks);
                var all = Since(ref began) / mails.Count;
                used = Environment.CpuUsage.TotalTime - used;
                bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
                if (round < 5)
                    continue;
                for (var i = 0; i < ticks.Length; i++)
                    Add(Reading[i], ticks[i]);
                foreach (var layer in Enum.GetValues<ScanLayer>())
                    Add("rules: " + layer, clock[layer]);
                table.Add("in the process, all of it: ms", "Postreiter", all);
                table.Add("in the process: CPU ms a mail", "Postreiter", used.TotalMilliseconds / mails.Count);
                table.Add("in the process: KiB allocated a mail", "Postreiter", bytes / 1024d / mails.Count);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        void Add(string layer, long ticks) =>
            table.Add($"layer {layer}: ms", "Postreiter", ticks * 1000d / Stopwatch.Frequency / mails.Count);
    }

    private static double Since(ref long began)
    {
        var now = Stopwatch.GetTimestamp();
        var elapsed = Stopwatch.GetElapsedTime(began, now).TotalMilliseconds;
        began = now;
        return elapsed;
    }

    private static void Scan(SpamEngine engine, byte[] bytes, ScanClock clock, long[] ticks)
    {
        var layer = 0;
        var last = Stopwatch.GetTimestamp();
        var mail = engine.Read(bytes);
        Took();
        _ = mail.Leaves;
        Took();
        _ = mail.Header("X-Spam-Relays-External");
        Took();
        _ = mail.Html;
        Took();
        _ = mail.Body;
        Took();
        _ = mail.RawBody;
        Took();
        var facts = engine.Facts(mail);
        _ = facts.Uris.Canonical;
        Took();
        engine.Scan(facts, clock);

        void Took()
        {
            var now = Stopwatch.GetTimestamp();
            ticks[layer++] += now - last;
            last = now;
        }
    }
}
