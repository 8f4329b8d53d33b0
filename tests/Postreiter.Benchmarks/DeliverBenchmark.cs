using System.Globalization;
using Postreiter.Benchmarks.Load;
using Postreiter.Benchmarks.Sites;

namespace Postreiter.Benchmarks;

/// <summary>Messages a second that are accepted and in mailboxes.</summary>
internal static class DeliverBenchmark
{
    private static readonly (string Name, int Bytes)[] Sizes = [("4 KiB", 4096), ("100 KiB", 102_400)];
    private static readonly int[] Sessions = [1, 10, 50, 100];

    public static async Task<ResultTable> RunAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var table = new ResultTable(
            "deliver",
            $"""
            Messages a second accepted by SMTP and delivered to {IMailSite.Accounts} mailboxes, durable (every site with its own
            default for fsync), and processor milliseconds of the server's processes for each. One load generator on
            the same machine sends the same bytes to each: pipelined, up to 500 messages a connection, one recipient.
            Delivered means: for Postreiter the 250 was read (it is in the mailbox by then); for Postfix + Dovecot that
            Dovecot has it: the clock runs until Postfix's queue is empty. Median of {options.Runs} runs of
            {options.Seconds} s, interleaved, each on empty folders after a warm-up.
            """
        );
        for (var run = 1; run <= options.Runs; run++)
        {
            foreach (var site in options.Sites())
            {
                await using var _ = site;
                await site.StartAsync(ct);
                await LoadAsync(site, 10, Sizes[0].Bytes, TimeSpan.FromSeconds(Math.Min(options.Seconds, 2)), ct);
                foreach (var (name, bytes) in Sizes)
                {
                    foreach (var sessions in Sessions)
                    {
                        var cpu = site.Processes.Cpu();
                        var length = TimeSpan.FromSeconds(options.Seconds);
                        var (messages, elapsed) = await LoadAsync(site, sessions, bytes, length, ct);
                        cpu = site.Processes.Cpu() - cpu;
                        var row = string.Create(CultureInfo.InvariantCulture, $"{name}, {sessions} sessions");
                        table.Add(row + ": messages/s", site.Name, messages / elapsed.TotalSeconds);
                        table.Add(row + ": CPU ms/message", site.Name, cpu.TotalMilliseconds / messages);
                    }
                }
            }
        }

        return table;
    }

    /// <summary>Sends for so long, and waits until all of it is delivered.</summary>
    public static async Task<(long Messages, TimeSpan Elapsed)> LoadAsync(
        IMailSite site,
        int sessions,
        int bytes,
        TimeSpan length,
        CancellationToken ct
    )
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var (accepted, elapsed) = await SmtpLoad.SendAsync(
            site.SmtpPort,
            sessions,
            bytes,
            IMailSite.Accounts,
            LoadLength.Of(length),
            ct
        );
        if (!site.HasUndelivered())
            return (accepted, elapsed);
        await site.WaitForDeliveryAsync(ct);
        return (accepted, time.GetElapsedTime(start));
    }
}
