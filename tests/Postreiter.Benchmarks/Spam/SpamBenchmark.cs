using System.Diagnostics;
using System.Globalization;

namespace Postreiter.Benchmarks.Spam;

/// <summary>Mails judged: the engine with SpamAssassin's stock rules beside spamd with the same and rspamd with its own.</summary>
internal static class SpamBenchmark
{
    private const int Connections = 4;
    private const string Packaged = "/usr/share/spamassassin";
    private static readonly string Corpus = Path.GetFullPath("../shared/testdata/spam-corpus");
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    public static async Task<ResultTable> RunAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var mails = Mails();
        var table = new ResultTable(
            "spam",
            $"""
            {mails.Count} mails of SpamAssassin's public corpus, {mails.Sum(static m => m.Length)
                / mails.Count} octets in the mean, judged over the socket, a connection for each
            as spamc and rspamd's client make it; the server has one processor, the client the other; no network, no Bayes.
            Postreiter and spamd have SpamAssassin's full stock rules, rspamd its own. Mails a second with {Connections} connections at a
            time, after rounds over the corpus until they get no faster; CPU from /proc in the same time. Latency with one at a time, from
            connect to the end of the answer. Memory is the proportional set size of all its processes after that. Cold start is from the
            start of the process to the first verdict; rspamd finds its compiled patterns in files. spamd is sent an even sample.
            The layers were taken inside our process, one thread, in milliseconds a mail. Ratio to the better peer. Median of {options.Runs} runs.
            """
        );
        for (var run = 1; run <= options.Runs; run++)
        {
            foreach (var site in Sites(options))
            {
                await using var _ = site;
                await MeasureAsync(table, site, mails, ct);
            }
        }

        AddLayers(table, options, mails);
        return table;
    }

    /// <summary>The layers alone.</summary>
    public static Task<ResultTable> RunLayersAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var table = new ResultTable(
            "scan",
            $"A scan of the mails of `./bench spam` inside the process, one thread, milliseconds a mail, median of {options.Runs} runs."
        );
        AddLayers(table, options, Mails());
        return Task.FromResult(table);
    }

    private static void AddLayers(ResultTable table, BenchmarkOptions options, IReadOnlyList<byte[]> mails)
    {
        for (var run = 1; run <= options.Runs; run++)
            SpamLayers.Measure(table, Packaged, SpamdSite.Local, mails);
    }

    private static IEnumerable<ISpamSite> Sites(BenchmarkOptions options)
    {
        yield return new PostreiterSpamSite(options.Program, Packaged);
        if (!options.WantsPeers)
            yield break;
        if (SpamdSite.Missing() is { } noSpamd)
            Console.Error.WriteLine($"Without spamd: {noSpamd}");
        else
            yield return new SpamdSite(Packaged);
        if (RspamdSite.Missing() is { } noRspamd)
            Console.Error.WriteLine($"Without rspamd: {noRspamd}");
        else
            yield return new RspamdSite();
    }

    private static List<byte[]> Mails()
    {
        var index = Path.Combine(Corpus, "sa-expected.tsv");
        if (!File.Exists(index) || !Directory.Exists(Packaged))
            throw new InvalidOperationException($"{Corpus} and {Packaged} are needed, and are not both there");
        return
        [
            .. File.ReadLines(index)
                .Skip(1)
                .Select(static l => File.ReadAllBytes(Path.Combine(Corpus, l.Split('\t')[0]))),
        ];
    }

    private static async Task MeasureAsync(
        ResultTable table,
        ISpamSite site,
        IReadOnlyList<byte[]> corpus,
        CancellationToken ct
    )
    {
        await site.PrepareAsync(ct);
        var began = Stopwatch.GetTimestamp();
        site.Start();
        while (await site.CheckAsync(corpus[0], ct) is null)
        {
            if (Stopwatch.GetElapsedTime(began) > StartLimit)
                throw new TimeoutException($"{site.Name} does not judge mail {StartLimit} after its start");
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, ct);
        }

        var start = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        var every = Math.Max(1, corpus.Count / site.Mails);
        var mails = corpus.Where((_, i) => i % every == 0).ToList();

        // The first tiers of compiled code, and automata that are not worked out yet, are not what a server runs.
        var (best, last) = (0d, 1d);
        for (var round = 0; round < 8 && (round < 2 || last > best * 1.03); round++)
        {
            best = Math.Max(best, last);
            last = mails.Count / (await RoundAsync(site, mails, ct)).Elapsed.TotalSeconds;
        }

        var before = site.Processes.Cpu();
        var (elapsed, spam) = await RoundAsync(site, mails, ct);
        var used = site.Processes.Cpu() - before;
        table.Add("one core: mails/s", site.Name, mails.Count / elapsed.TotalSeconds);
        table.Add("CPU ms a mail", site.Name, used.TotalMilliseconds / mails.Count);
        var times = new List<double>(mails.Count);
        foreach (var mail in mails)
        {
            var sent = Stopwatch.GetTimestamp();
            await CheckAsync(site, mail, ct);
            times.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }

        times.Sort();
        table.Add("latency, median: ms", site.Name, times[times.Count / 2]);
        table.Add("latency, 99 of 100 are below: ms", site.Name, times[times.Count * 99 / 100]);
        table.Add("memory with all rules: MiB", site.Name, site.Processes.Memory() / 1048576d);
        table.Add("cold start to the first verdict: ms", site.Name, start);
        table.Add("called spam, of 100", site.Name, 100d * spam / mails.Count);
    }

    private static async Task<(TimeSpan Elapsed, int Spam)> RoundAsync(
        ISpamSite site,
        IReadOnlyList<byte[]> mails,
        CancellationToken ct
    )
    {
        var (next, spam) = (-1, 0);
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(SendAsync, ct)));
        return (Stopwatch.GetElapsedTime(began), spam);

        async Task SendAsync()
        {
            for (int i; (i = Interlocked.Increment(ref next)) < mails.Count; )
            {
                if (await CheckAsync(site, mails[i], ct))
                    Interlocked.Increment(ref spam);
            }
        }
    }

    private static async Task<bool> CheckAsync(ISpamSite site, byte[] mail, CancellationToken ct) =>
        await site.CheckAsync(mail, ct)
        ?? throw new InvalidOperationException(
            string.Create(CultureInfo.InvariantCulture, $"{site.Name} did not judge a mail of {mail.Length} octets")
        );
}
