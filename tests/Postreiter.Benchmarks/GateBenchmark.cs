using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Postreiter.Benchmarks.Load;
using Postreiter.Benchmarks.Sites;
using Postreiter.Core;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.Storage.Blobs.Segments;
using Postreiter.Storage.Gate;
using Postreiter.Storage.Sql.Sqlite;

namespace Postreiter.Benchmarks;

/// <summary>Greylisting with a million triplets, and reception with every check before the message and with none.</summary>
internal static class GateBenchmark
{
    private const int Triplets = 1_000_000;

    // What fills postgrey's database in some seconds; it gets slower with more.
    private const int TheirTriplets = 5_000;

    public static async Task<ResultTable> RunAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var table = new ResultTable(
            "gate",
            $"""
            Look-ups of triplets that are known, in no order, one thread: client address, sender and recipient as they were just read in, whether the mail may come out.
            Postreiter has {Triplets} triplets in memory; postgrey (Debian's) has {TheirTriplets} in its database and is asked over its TCP socket by
            one client, as Postfix asks it. Memory is what the heap grew by. Start is: open a SQLite store with {Triplets} triplets and read them. Messages
            a second: 4 KiB, 10 sessions, one recipient, into mailboxes, durable; with the checks on every client is looked at: HELO, its name, its
            sender's domain, SPF, DKIM, DMARC, two lists in the DNS, greylisting that knows it, traces, no rules of spam; answers come from the cache of DNS. Off:
            a client of its own network, greylisting off, no traces. Median of {options.Runs} runs.
            """
        );
        for (var run = 1; run <= options.Runs; run++)
        {
            Measure(table, options.Seconds);
            await StartAsync(table, ct);
            if (options.WantsPeers && PostgreyServer.IsInstalled)
                await AskPostgreyAsync(table, options.Seconds, ct);
            await DeliverAsync(table, "all checks off", PostreiterSite.WithoutGate, options, ct);
            await using var dns = new TxtServer([("client.example", "v=spf1 ip4:127.0.0.1 -all")]);
            string[] on =
            [
                $"dns.servers=[\"{dns.Address}\"]",
                "senders.local_networks=[]",
                "spam.rules=[]",
                "dnsbl.lists=[\"bl.example 5\", \"wl.example -2\"]",
                "gate.on_no_domain=\"mark\"",
                "gate.connections_per_minute=0",
                "greylist.mode=\"on\"",
                "greylist.allow=[\"127.0.0.1\"]",
            ];
            await DeliverAsync(table, "all checks on", on, options, ct);
        }

        return table;
    }

    // Four of a network: a fifth that comes back would let all of it in, and nobody would look for the triplet.
    private static (IPAddress Client, EmailAddress Sender, EmailAddress Recipient) Triplet(int i) =>
        (
            new IPAddress([(byte)(10 + (i >> 18)), (byte)(i >> 10), (byte)(i >> 2), (byte)((i & 3) + 1)]),
            EmailAddress.Parse(
                string.Create(CultureInfo.InvariantCulture, $"sender.{i % 50_021}@d{i % 9_973}.example")
            ),
            EmailAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"user{i % 997}@our.example"))
        );

    private static void Measure(ResultTable table, double seconds)
    {
        var before = Heap();
        var clock = new MovableClock();
        var list = new Greylist(clock, 0x5EED);
        foreach (var (client, sender, recipient) in Enumerable.Range(0, Triplets).Select(Triplet))
            list.Check(new GreylistClient(client, default), sender, recipient);
        list.TakeUnsaved();
        clock.Now += TimeSpan.FromMinutes(5);
        foreach (var (client, sender, recipient) in Enumerable.Range(0, Triplets).Select(Triplet))
        {
            if (list.Check(new GreylistClient(client, default), sender, recipient).IsDelayed)
                throw new InvalidOperationException("a triplet that came back is delayed");
        }

        list.TakeUnsaved();
        table.Add("MiB for a million triplets and their clients", "Postreiter", (Heap() - before) / 1048576d);
        table.Add("greylist look-ups/s", "Postreiter", Rate(list, seconds));
    }

    // The words of a caller have just been read when they are looked up: a thousand are made at a time, and that is not counted.
    private static double Rate(Greylist list, double seconds)
    {
        var batch = new (IPAddress Client, EmailAddress Sender, EmailAddress Recipient)[1_000];
        var (at, count, taken) = (0, 0L, TimeSpan.Zero);
        while (taken.TotalSeconds < seconds)
        {
            for (var i = 0; i < batch.Length; i++)
            {
                // A step that has no divisor in common with their number visits all, far apart.
                at = (at + 612_373) % Triplets;
                batch[i] = Triplet(at);
            }

            var start = Stopwatch.GetTimestamp();
            foreach (var (client, sender, recipient) in batch)
            {
                if (list.Check(new GreylistClient(client, default), sender, recipient).Result != GreylistResult.Known)
                    throw new InvalidOperationException("a known triplet is not known");
            }

            taken += Stopwatch.GetElapsedTime(start);
            count += batch.Length;
        }

        return count / taken.TotalSeconds;
    }

    private static async Task StartAsync(ResultTable table, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("postreiter-bench-").FullName;
        try
        {
            await using (var store = await OpenAsync(folder, ct))
            {
                var now = (uint)TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
                foreach (var page in Enumerable.Range(0, Triplets).Chunk(20_000))
                    await store.Gate.SaveGreylistAsync([.. page.Select(i => Row(i, now))], ct);
            }

            var start = Stopwatch.GetTimestamp();
            await using var again = await OpenAsync(folder, ct);
            var list = new Greylist(TimeProvider.System, 0x5EED);
            using var sync = new GreylistSync(list, again, TimeProvider.System, NullLogger.Instance);
            await sync.LoadAsync(ct);
            table.Add("start with a million triplets: s", "Postreiter", Stopwatch.GetElapsedTime(start).TotalSeconds);
            if (list.Count != Triplets)
                throw new InvalidOperationException($"{list.Count} triplets were read");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static GreylistRow Row(int i, uint now)
    {
        var (client, sender, recipient) = Triplet(i);
        var who = new GreylistClient(client, default);
        var state = new GreylistState(GreylistKey.Triplet(who, sender, recipient), now - 600, now, 1);
        return new GreylistRow(state, who.Network, GreylistSender.Of(sender), recipient.Key);
    }

    private static ValueTask<SqliteStore> OpenAsync(string folder, CancellationToken ct)
    {
        var sizes = new SegmentOptions { MinFreeBytes = 0, MinFreeShare = 0 };
        var blobs = new SegmentStore(new DiskBlobFiles(Path.Combine(folder, "blobs")), TimeProvider.System, sizes);
        return SqliteStore.OpenAsync(folder, blobs, TimeProvider.System, NullLogger.Instance, ct);
    }

    private static async Task AskPostgreyAsync(ResultTable table, double seconds, CancellationToken ct)
    {
        await using var server = await PostgreyServer.StartAsync(ct);
        var triplets = Enumerable.Range(0, TheirTriplets).Select(Triplet).ToArray();
        foreach (var triplet in triplets)
            await server.AskAsync(triplet, ct);
        // Its shortest delay is a second.
        await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System, ct);
        foreach (var triplet in triplets)
            await server.AskAsync(triplet, ct);
        var (start, count) = (Stopwatch.GetTimestamp(), 0);
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            if (!await server.AskAsync(triplets[count * 7 % TheirTriplets], ct))
                throw new InvalidOperationException("postgrey delays a triplet that it knows");
            count++;
        }

        table.Add("greylist look-ups/s", "postgrey", count / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private static async Task DeliverAsync(
        ResultTable table,
        string row,
        IReadOnlyList<string> settings,
        BenchmarkOptions options,
        CancellationToken ct
    )
    {
        await using var site = new PostreiterSite(options.Program) { Settings = settings };
        await site.StartAsync(ct);
        Task<(long, TimeSpan)> SendAsync(double seconds) =>
            SmtpLoad.SendAsync(
                site.SmtpPort,
                10,
                4096,
                IMailSite.Accounts,
                LoadLength.Of(TimeSpan.FromSeconds(seconds)),
                ct
            );
        await SendAsync(Math.Min(2, options.Seconds));
        var cpu = site.Processes.Cpu();
        var (messages, elapsed) = await SendAsync(options.Seconds);
        cpu = site.Processes.Cpu() - cpu;
        table.Add($"{row}: messages/s", site.Name, messages / elapsed.TotalSeconds);
        table.Add($"{row}: CPU ms/message", site.Name, cpu.TotalMilliseconds / messages);
    }

    private static long Heap() => GC.GetTotalMemory(forceFullCollection: true);

    private sealed class MovableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
