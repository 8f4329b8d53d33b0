using System.Diagnostics;
using System.Globalization;
using System.Net;
using Postreiter.Benchmarks.Load;
using Postreiter.Dns;
using Postreiter.MailAuth.Spf;

namespace Postreiter.Benchmarks;

/// <summary>SPF of a policy with three includes whose records the resolver has in its cache, one core.</summary>
internal static class SpfBenchmark
{
    private const string Python = "/usr/bin/python3";

    private static readonly (string Name, string Text)[] Zone =
    [
        ("example.org", "v=spf1 include:_spf.one.example include:_spf.two.example include:_spf.three.example ~all"),
        ("_spf.one.example", "v=spf1 " + Networks("198.18", 12) + " ~all"),
        ("_spf.two.example", "v=spf1 " + Networks("198.19", 12) + " ip6:2001:db8:1::/48 ip6:2001:db8:2::/48 ~all"),
        ("_spf.three.example", "v=spf1 " + Networks("203.0", 12) + " ip4:192.0.2.0/24 ~all"),
    ];

    // Both read the same zone; pyspf has its answers in a dictionary, and counts its own processor time.
    private const string Script = """
        import sys, time, spf
        zone = dict(line.rstrip('\n').split('\t') for line in open(sys.argv[1]))
        def lookup(name, qtype, *rest, **named):
            text = zone.get(name.rstrip('.').lower())
            return [((name, 'TXT'), (text.encode(),))] if qtype == 'TXT' and text else []
        spf.DNSLookup = lookup
        def once():
            return spf.query(i=sys.argv[2], s='ann@example.org', h='mail.example.org').check()[0]
        if once() != sys.argv[3]:
            sys.exit('pyspf says ' + once())
        count, start = 0, time.process_time()
        while time.process_time() - start < float(sys.argv[4]):
            for _ in range(20):
                once()
            count += 20
        print(count / (time.process_time() - start))
        """;

    public static async Task<ResultTable> RunAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var table = new ResultTable(
            "spf",
            """
            SPF of ann@example.org: a record with three includes of 12 to 14 networks each, four answers from the resolver's cache for each
            evaluation. Evaluations for each second of processor time, one at a time. Peer: Debian's python3-spf with its answers in a dictionary.
            """
        );
        await using var server = new TxtServer(Zone);
        var resolver = new DnsResolver([server.Address], TimeProvider.System);
        var evaluator = new SpfEvaluator(resolver, TimeProvider.System);
        for (var run = 1; run <= options.Runs; run++)
        {
            foreach (
                var (what, client, result) in new[]
                {
                    ("the last include matches", "192.0.2.77", SpfResult.Pass),
                    ("nothing matches", "198.51.100.1", SpfResult.SoftFail),
                }
            )
            {
                var request = new SpfRequest(IPAddress.Parse(client), "ann@example.org", "mail.example.org");
                var (rate, bytes) = await OursAsync(evaluator, request, result, options.Seconds, ct);
                table.Add($"{what}: evaluations/s", "Postreiter", rate);
                table.Add($"{what}: bytes allocated", "Postreiter", bytes);
                if (options.WithPeers && await PythonAsync(client, result, options.Seconds, ct) is { } theirs)
                    table.Add($"{what}: evaluations/s", "python3-spf", theirs);
            }
        }

        return table;
    }

    private static async Task<(double Rate, double Bytes)> OursAsync(
        SpfEvaluator evaluator,
        SpfRequest request,
        SpfResult expected,
        double seconds,
        CancellationToken ct
    )
    {
        // The first tiers of compiled code are not what a server runs: long enough for the last one.
        await LoopAsync(1);
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var before = Environment.CpuUsage.TotalTime;
        var count = await LoopAsync(seconds);
        var used = Environment.CpuUsage.TotalTime - before;
        return (count / used.TotalSeconds, (GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)count);

        async Task<long> LoopAsync(double length)
        {
            var (start, done) = (Stopwatch.GetTimestamp(), 0L);
            while (Stopwatch.GetElapsedTime(start).TotalSeconds < length)
            {
                for (var i = 0; i < 1_000; i++)
                {
                    var outcome = await evaluator.CheckMailFromAsync(request, ct);
                    if (outcome.Result != expected)
                        throw new InvalidOperationException($"SPF says {outcome.Result}: {outcome.Reason}");
                }

                done += 1_000;
            }

            return done;
        }
    }

    private static async Task<double?> PythonAsync(
        string client,
        SpfResult result,
        double seconds,
        CancellationToken ct
    )
    {
        var zone = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(zone, Zone.Select(static z => $"{z.Name}\t{z.Text}"), ct);
            var length = seconds.ToString(CultureInfo.InvariantCulture);
            var start = new ProcessStartInfo(
                Python,
                ["-c", Script, zone, client, result.ToString().ToLowerInvariant(), length]
            )
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            if (!File.Exists(Python))
                return null;
            using var process = Process.Start(start)!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
            await process.WaitForExitAsync(ct);
            if (process.ExitCode == 0)
                return double.Parse(await output, CultureInfo.InvariantCulture);
            await Console.Error.WriteLineAsync($"  without python3-spf: {(await error).Trim().Split('\n')[^1]}");
            return null;
        }
        finally
        {
            File.Delete(zone);
        }
    }

    private static string Networks(string start, int count) =>
        string.Join(' ', Enumerable.Range(0, count).Select(i => $"ip4:{start}.{i * 16}.0/20"));
}
