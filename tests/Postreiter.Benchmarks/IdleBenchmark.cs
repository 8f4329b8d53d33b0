using System.Globalization;
using Postreiter.Benchmarks.Load;
using Postreiter.Benchmarks.Sites;

namespace Postreiter.Benchmarks;

/// <summary>Memory of a server that does nothing, and of clients that wait.</summary>
internal static class IdleBenchmark
{
    private const int WarmUp = 1_000;
    private static readonly int[] Waiting = [500, 4_000];
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(8);

    // Two looks of the server's own watch over idle memory, which comes every 15 s.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(40);

    public static async Task<ResultTable> RunAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var table = new ResultTable(
            "idle",
            $"""
            RSS: resident memory of all processes {Settle.TotalSeconds} s after the start, and {Quiet.TotalSeconds} s after a second of mail (10 sessions,
            4 KiB), as ps shows it. KiB per connection: growth of the proportional set size (a page that processes share counts once) from
            {WarmUp} to so many more clients that are logged in, have selected INBOX and wait in IDLE on a plain connection, on a server
            that has done nothing else, without what the kernel keeps for a socket. Less is better. Median of {options.Runs} runs.
            """
        );
        for (var run = 1; run <= options.Runs; run++)
        {
            foreach (var site in options.Sites())
                await ServerAsync(site, table, ct);
            foreach (var site in options.Sites())
                await WaitingAsync(site, table, ct);
        }

        return table;
    }

    private static async Task ServerAsync(IMailSite site, ResultTable table, CancellationToken ct)
    {
        await using var _ = site;
        await site.StartAsync(ct);
        await SettleAsync(ct);
        table.Add("idle after start: RSS MiB", site.Name, site.Processes.Rss() / 1048576d);
        var length = LoadLength.Of(TimeSpan.FromSeconds(1));
        await SmtpLoad.SendAsync(site.SmtpPort, 10, 4096, IMailSite.Accounts, length, ct);
        await Task.Delay(Quiet, TimeProvider.System, ct);
        table.Add("idle after mail: RSS MiB", site.Name, site.Processes.Rss() / 1048576d);
    }

    private static async Task WaitingAsync(IMailSite site, ResultTable table, CancellationToken ct)
    {
        await using var _ = site;
        await site.StartAsync(ct);
        var (clients, buffer) = (new List<ImapClient>(), new byte[1 << 16]);
        try
        {
            await ConnectAsync(site, clients, WarmUp, buffer, ct);
            var before = site.Processes.Memory();
            foreach (var count in Waiting)
            {
                // A process for each connection, as Dovecot has it, is too much for a small machine beyond this.
                if (count > Waiting[0] && site is not PostreiterSite)
                    continue;
                await ConnectAsync(site, clients, WarmUp + count, buffer, ct);
                var each = (site.Processes.Memory() - before) / 1024d / count;
                var row = string.Create(CultureInfo.InvariantCulture, $"{count} waiting: KiB per connection");
                table.Add(row, site.Name, each);
            }
        }
        finally
        {
            clients.ForEach(static c => c.Dispose());
        }
    }

    private static async Task ConnectAsync(
        IMailSite site,
        List<ImapClient> clients,
        int until,
        byte[] buffer,
        CancellationToken ct
    )
    {
        while (clients.Count < until)
        {
            var client = await ImapClient.LogInAsync(site.ImapPort, clients.Count % IMailSite.Accounts, buffer, ct);
            clients.Add(client);
            await client.RunAsync("SELECT INBOX", buffer, ct);
            await client.IdleAsync(buffer, ct);
        }

        await SettleAsync(ct);
    }

    private static Task SettleAsync(CancellationToken ct) => Task.Delay(Settle, TimeProvider.System, ct);
}
