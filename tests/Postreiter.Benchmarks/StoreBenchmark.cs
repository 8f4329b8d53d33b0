using System.Globalization;
using Postreiter.Benchmarks.Load;
using Postreiter.Benchmarks.Sites;

namespace Postreiter.Benchmarks;

/// <summary>The store under load by Postfix's smtp-source, and large mailboxes, beside Dovecot's Maildir and mdbox.</summary>
internal static class StoreBenchmark
{
    private const int LargeMailbox = 100_000;
    private const int SmallBytes = 4096;
    private const int LargeBytes = 102_400;

    private static readonly Load[] Loads =
    [
        new("4 KiB, 1 session", 1, SmallBytes, true),
        new("4 KiB, 10 sessions", 10, SmallBytes, true),
        new("4 KiB, 50 sessions", 50, SmallBytes, true),
        new("4 KiB, 100 sessions", 100, SmallBytes, true),
        new("4 KiB, 50 sessions, one message a connection", 50, SmallBytes, false),
        new("4 KiB, 100 sessions, one message a connection", 100, SmallBytes, false),
        new("100 KiB, 50 sessions", 50, LargeBytes, true),
    ];

    private sealed record Load(string Name, int Sessions, int Bytes, bool KeepsConnections);

    public static async Task<ResultTable> RunAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var table = new ResultTable(
            "store",
            $"""
            Messages a second that are in mailboxes, durable, with the whole reception path on and no filters; load by smtp-source
            of Postfix on the same machine, spread over 10 mailboxes, many messages a connection where nothing else is said. For
            Postfix + Dovecot the clock runs until Postfix's queue is empty. CPU is that of the server's processes. Memory
            is the largest proportional set size seen. Bytes written are what the disks of the machine got until a sync
            after the load, for each byte of a message. Below: milliseconds of SELECT on a mailbox of {LargeMailbox} messages of 1 KiB, the
            first after a restart (the client had opened another mailbox before) and the ones after it, and of
            FETCH 1:10000 (FLAGS). The ratio is to the better peer. Median of {options.Runs} runs, interleaved, each on empty folders
            after a warm-up. The disk's own limits were taken in the same minutes.
            """
        );
        for (var run = 1; run <= options.Runs; run++)
        {
            foreach (var site in options.StoreSites())
            {
                await using var _ = site;
                await site.StartAsync(ct);
                table.Add("appends of 4 KiB the disk syncs/s", site.Name, Disk.Syncs());
                table.Add("MiB the disk takes in sequence/s", site.Name, Disk.Sequential() / 1048576);
                // Twice: the first tells how many messages the second is to have.
                var rate = await SendAsync(site, Loads[1], 500, ct);
                rate = await SendAsync(site, Loads[1], (int)(rate * options.Seconds * 2) / 100 * 100, ct);
                foreach (var load in Loads)
                    await MeasureAsync(table, site, load, rate * options.Seconds, ct);
            }
        }

        foreach (var site in options.Sites())
        {
            await using var _ = site;
            await site.StartAsync(ct);
            await site.FillAsync(LargeMailbox, 1024, ct);
            for (var run = 1; run <= options.Runs; run++)
                await OpenAsync(table, site, ct);
        }

        return table;
    }

    private static async Task MeasureAsync(
        ResultTable table,
        IMailSite site,
        Load load,
        double messages,
        CancellationToken ct
    )
    {
        // As many as take about the time wanted: one session has a tenth of the speed, large messages a third.
        var share =
            load.Sessions == 1 ? 0.1
            : load.Bytes == LargeBytes ? 0.3
            : 1;
        var count = Math.Max(200, (int)(messages * share) / 100 * 100);
        using var done = new CancellationTokenSource();
        var memory = SampleAsync(site, done.Token);
        var (cpu, written) = (site.Processes.Cpu(), await Disk.WrittenAsync(ct));
        var rate = await SendAsync(site, load, count, ct);
        cpu = site.Processes.Cpu() - cpu;
        await done.CancelAsync();
        written = await Disk.WrittenAsync(ct) - written;
        table.Add($"{load.Name}: messages/s", site.Name, rate);
        table.Add($"{load.Name}: CPU ms/message", site.Name, cpu.TotalMilliseconds / count);
        if (load is { Sessions: 100, KeepsConnections: true })
            table.Add($"{load.Name}: memory MiB", site.Name, await memory / 1048576d);
        if (load.Bytes == LargeBytes)
            table.Add($"{load.Name}: bytes written/byte", site.Name, written / ((double)count * load.Bytes));
    }

    /// <summary>Sends and waits for delivery.</summary>
    /// <returns>Messages a second.</returns>
    private static async Task<double> SendAsync(IMailSite site, Load load, int count, CancellationToken ct)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        await SmtpSource.SendAsync(site.SmtpPort, load.Sessions, count, load.Bytes, load.KeepsConnections, ct);
        await site.WaitForDeliveryAsync(ct);
        return count / time.GetElapsedTime(start).TotalSeconds;
    }

    private static async Task<long> SampleAsync(IMailSite site, CancellationToken done)
    {
        var most = 0L;
        while (!done.IsCancellationRequested)
        {
            most = Math.Max(most, site.Processes.Memory());
            await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, done)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return most;
    }

    private static async Task OpenAsync(ResultTable table, IMailSite site, CancellationToken ct)
    {
        var (time, buffer) = (TimeProvider.System, new byte[1 << 20]);
        await site.RestartAsync(ct);
        using var client = await ImapClient.LogInAsync(site.ImapPort, 0, buffer, ct);
        await client.RunAsync("CREATE small", buffer, ct);
        await client.RunAsync("SELECT small", buffer, ct);
        await client.RunAsync("FETCH 1:* (FLAGS)", buffer, ct, mayFail: true);
        foreach (var (name, command) in Commands)
        {
            var start = time.GetTimestamp();
            await client.RunAsync(command, buffer, ct);
            var taken = time.GetElapsedTime(start).TotalMilliseconds;
            table.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: ms"), site.Name, taken);
        }

        await client.RunAsync("SELECT small", buffer, ct);
        await client.RunAsync("CLOSE", buffer, ct);
        await client.RunAsync("DELETE small", buffer, ct);
    }

    private static readonly (string Name, string Command)[] Commands =
    [
        ("SELECT of 100,000, first", "SELECT INBOX"),
        ("SELECT of 100,000, again", "SELECT INBOX"),
        ("FETCH 1:10000 (FLAGS)", "FETCH 1:10000 (FLAGS)"),
    ];
}
