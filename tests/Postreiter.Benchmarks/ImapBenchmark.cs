using Postreiter.Benchmarks.Load;

namespace Postreiter.Benchmarks;

/// <summary>SELECT and FETCH of a mailbox with 10,000 messages of 4 KiB.</summary>
internal static class ImapBenchmark
{
    private const int Messages = 10_000;

    private static readonly (string Name, string Command)[] Commands =
    [
        ("FETCH 1:* (FLAGS)", "FETCH 1:* (FLAGS)"),
        ("FETCH 1:* (ENVELOPE)", "FETCH 1:* (ENVELOPE)"),
        ("FETCH 1:* (BODY[])", "FETCH 1:* (BODY.PEEK[])"),
    ];

    public static async Task<ResultTable> RunAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var table = new ResultTable(
            "imap",
            $"""
            Milliseconds from sending the command to its tagged OK, one plain connection, mailbox of {Messages} messages of
            4 KiB. A first round of all commands, not counted, lets each server build its indexes and caches (for Dovecot:
            uidlist, index and cache of ENVELOPE). Median of {options.Runs
                * 3} rounds. Less is better: a ratio below 1 is ours faster.
            """
        );
        var (sites, buffer, time) = (options.Sites().ToList(), new byte[1 << 20], TimeProvider.System);
        try
        {
            foreach (var site in sites)
            {
                await site.StartAsync(ct);
                await site.FillAsync(Messages, 4096, ct);
            }

            for (var round = 0; round <= options.Runs * 3; round++)
            {
                foreach (var site in sites)
                {
                    using var client = await ImapClient.LogInAsync(site.ImapPort, 0, buffer, ct);
                    foreach (var (name, command) in Commands.Prepend(("SELECT", "SELECT INBOX")))
                    {
                        var start = time.GetTimestamp();
                        await client.RunAsync(command, buffer, ct);
                        if (round > 0)
                            table.Add($"{name}: ms", site.Name, time.GetElapsedTime(start).TotalMilliseconds);
                    }

                    await client.RunAsync("LOGOUT", buffer, ct);
                }
            }
        }
        finally
        {
            foreach (var site in sites)
                await site.DisposeAsync();
        }

        return table;
    }
}
