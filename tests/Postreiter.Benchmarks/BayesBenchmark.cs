using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Spam.Bayes;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Rules;
using Postreiter.Spam.Scanning;

namespace Postreiter.Benchmarks;

/// <summary>What is learned of a corpus, how fast, and how well it tells spam from good mail; beside bogofilter on the same folds.</summary>
internal static class BayesBenchmark
{
    private const string Ours = "Postreiter";
    private const string Bogofilter = "/usr/bin/bogofilter";
    private const int Folds = 5;

    // Ways to make the folds: of one alone little can be said.
    private const int Ways = 12;

    // Where bogofilter's numbers were told, spam missed was 2.4 % and 2.5 %.
    private const double MissedSpam = 0.025;

    public static async Task<ResultTable> RunAsync(BenchmarkOptions options, CancellationToken ct)
    {
        var table = new ResultTable(
            "bayes",
            $"""
            {Folds}-fold cross-validation over the mails of the corpus; each run makes its folds in another way, the same for both. Training and classifying: processor time of one
            core, from the octets of the mail to the counts in memory or the score; bogofilter's is that of its processes, which read the files and keep
            their counts in SQLite. The false positives are those at the threshold at which {MissedSpam:P1} of the spam is missed.
            """
        );
        var corpus = Corpus();
        if (corpus.Count == 0)
        {
            Console.Error.WriteLine("bench: there is no spam-corpus beside the checkout");
            return table;
        }

        var ham = corpus.Count(static m => !m.IsSpam);
        Console.Error.WriteLine($"  {corpus.Count} mails, {ham} of them good");
        var rules = RuleSources.Read([RuleSources.Packaged]) ?? new RulesetReader().Complete();
        var (reading, tokenizer) = (new MailReading(rules), new BayesTokenizer(rules.Settings));
        var set = new TokenSet();
        // The first tiers of compiled code are not what a server runs.
        for (var warm = 0; warm < 4; warm++)
            OurFolds(corpus, reading, tokenizer, set);
        for (var run = 1; run <= options.Runs; run++)
        {
            var folds = corpus.Select(mail => mail with { Fold = mail.Folds[(run - 1) % mail.Folds.Count] }).ToList();
            var (scores, train, classify) = OurFolds(folds, reading, tokenizer, set);
            Add(table, Ours, corpus, scores, train, classify);
            if (options.WithPeers && !File.Exists(Bogofilter) && run == 1)
                Console.Error.WriteLine($"bench: {Bogofilter} is missing (package bogofilter-sqlite); without it");
            if (options.WithPeers && File.Exists(Bogofilter))
            {
                (scores, train, classify) = await BogofilterFoldsAsync(folds, ct);
                Add(table, "bogofilter", corpus, scores, train, classify);
            }
        }

        table.Add("10,000,000 tokens in memory: MiB", Ours, TableMiB());
        return table;
    }

    private static double TableMiB()
    {
        var random = new Random(1);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var learned = new LearnedTokens();
        var keys = new ulong[1000];
        for (var i = 0; i < 10_000; i++)
        {
            foreach (ref var key in keys.AsSpan())
                key = (ulong)random.NextInt64(1L << 40);
            learned.Add(keys, 1, 0, (uint)i);
        }

        var after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(learned);
        return (after - before) / 1048576.0;
    }

    private static void Add(
        ResultTable table,
        string site,
        IReadOnlyList<Mail> corpus,
        IReadOnlyList<(double Score, bool IsSpam)> scores,
        TimeSpan train,
        TimeSpan classify
    )
    {
        table.Add("training: mails/s", site, corpus.Count * (Folds - 1) / train.TotalSeconds);
        table.Add("classifying: ms of processor time a mail", site, classify.TotalMilliseconds / corpus.Count);
        table.Add("1 − AUC, in millionths", site, (1 - Auc(scores)) * 1e6);
        table.Add(
            $"false positives of {corpus.Count(static m => !m.IsSpam)} at {MissedSpam:P1} missed spam",
            site,
            FalsePositives(scores)
        );
    }

    private static (List<(double, bool)> Scores, TimeSpan Train, TimeSpan Classify) OurFolds(
        IReadOnlyList<Mail> corpus,
        MailReading reading,
        BayesTokenizer tokenizer,
        TokenSet set
    )
    {
        var (train, classify) = (TimeSpan.Zero, TimeSpan.Zero);
        var scores = new List<(double, bool)>();
        var classifier = new BayesClassifier();
        for (var fold = 0; fold < Folds; fold++)
        {
            using var learned = new LearnedTokens();
            var before = Environment.CpuUsage.TotalTime;
            foreach (var mail in corpus.Where(m => m.Fold != fold))
            {
                Tokens(mail, withSenders: false);
                learned.Add(set.DistinctKeys(), mail.IsSpam ? 1 : 0, mail.IsSpam ? 0 : 1, 0);
            }

            var between = Environment.CpuUsage.TotalTime;
            foreach (var mail in corpus.Where(m => m.Fold == fold))
            {
                Tokens(mail, withSenders: true);
                scores.Add((classifier.Score(set, learned).Balance, mail.IsSpam));
            }

            classify += Environment.CpuUsage.TotalTime - between;
            train += between - before;
        }

        return (scores, train, classify);

        void Tokens(Mail mail, bool withSenders)
        {
            set.Clear();
            tokenizer.Tokenize(reading.Facts(reading.Read(mail.Octets)), withSenders, set);
        }
    }

    private static async Task<(List<(double, bool)> Scores, TimeSpan Train, TimeSpan Classify)> BogofilterFoldsAsync(
        IReadOnlyList<Mail> corpus,
        CancellationToken ct
    )
    {
        var (train, classify) = (TimeSpan.Zero, TimeSpan.Zero);
        var scores = new List<(double, bool)>();
        for (var fold = 0; fold < Folds; fold++)
        {
            var folder = Directory.CreateTempSubdirectory("postreiter-bench-");
            try
            {
                foreach (var (flag, isSpam) in new[] { ("-s", true), ("-n", false) })
                {
                    var shown = corpus.Where(m => m.Fold != fold && m.IsSpam == isSpam);
                    train += (await RunAsync(["-d", folder.FullName, flag, "-b"], shown, ct)).Time;
                }

                var asked = corpus.Where(m => m.Fold == fold).ToList();
                var (lines, time) = await RunAsync(["-d", folder.FullName, "-TT", "-b"], asked, ct);
                classify += time;
                scores.AddRange(lines.Zip(asked, static (line, mail) => (Number(line), mail.IsSpam)));
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }

        return (scores, train, classify);
    }

    private static double Number(string line) =>
        double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);

    private static async Task<(IReadOnlyList<string> Lines, TimeSpan Time)> RunAsync(
        string[] arguments,
        IEnumerable<Mail> mails,
        CancellationToken ct
    )
    {
        var start = new ProcessStartInfo(Bogofilter, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var before = ChildrenTime();
        using var process = Process.Start(start)!;
        var reading = process.StandardOutput.ReadToEndAsync(ct);
        foreach (var mail in mails)
            await process.StandardInput.WriteLineAsync(mail.File);
        process.StandardInput.Close();
        var lines = (await reading).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(ct);
        return (lines, ChildrenTime() - before);
    }

    // Of the children that have ended: cutime and cstime of proc(5), in hundredths of a second.
    private static TimeSpan ChildrenTime()
    {
        var stat = File.ReadAllText("/proc/self/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (Field(13) + Field(14)));

        double Field(int index) => double.Parse(fields[index], CultureInfo.InvariantCulture);
    }

    /// <summary>How often a spam has a higher score than a good mail, of all pairs; equal ones count half.</summary>
    private static double Auc(IReadOnlyList<(double Score, bool IsSpam)> scores)
    {
        var sorted = scores.OrderBy(static s => s.Score).ToList();
        var (spam, sum) = ((double)sorted.Count(static s => s.IsSpam), 0.0);
        for (var i = 0; i < sorted.Count; )
        {
            var end = i;
            while (end < sorted.Count && sorted[end].Score.Equals(sorted[i].Score))
                end++;
            sum += (i + 1 + end) / 2.0 * sorted[i..end].Count(static s => s.IsSpam);
            i = end;
        }

        return (sum - (spam * (spam + 1) / 2)) / (spam * (sorted.Count - spam));
    }

    private static int FalsePositives(IReadOnlyList<(double Score, bool IsSpam)> scores)
    {
        var spam = scores.Where(static s => s.IsSpam).Select(static s => s.Score).Order().ToList();
        var threshold = spam[(int)(MissedSpam * spam.Count)];
        return scores.Count(s => !s.IsSpam && s.Score >= threshold);
    }

    private static List<Mail> Corpus()
    {
        var root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "Postreiter.slnx")))
            root = Path.GetDirectoryName(root);
        var folder = Path.GetFullPath(Path.Combine(root ?? ".", "..", "shared", "testdata", "spam-corpus"));
        if (!Directory.Exists(folder))
            return [];
        var mails = new List<Mail>();
        foreach (var kind in new[] { "ham", "spam" })
        {
            var files = new[] { "test", "train" }
                .SelectMany(split => Directory.GetFiles(Path.Combine(folder, split, kind)))
                .Order(StringComparer.Ordinal)
                .ToList();
            var folds = Enumerable.Range(0, Ways).Select(way => FoldsOf(files, way)).ToList();
            mails.AddRange(
                files.Select(
                    (file, i) => new Mail(file, File.ReadAllBytes(file), kind == "spam", [.. folds.Select(f => f[i])])
                )
            );
        }

        return mails;
    }

    // As many of a kind in each, by the hash of their names.
    private static int[] FoldsOf(List<string> files, int way)
    {
        var folds = new int[files.Count];
        var order = Enumerable
            .Range(0, files.Count)
            .OrderBy(
                i =>
                    Convert.ToHexString(
                        SHA256.HashData(
                            Encoding.UTF8.GetBytes(Path.GetFileName(files[i]) + (way == 0 ? "" : $" {way}"))
                        )
                    ),
                StringComparer.Ordinal
            );
        foreach (var (place, i) in order.Index())
            folds[i] = place % Folds;
        return folds;
    }

    private sealed record Mail(string File, byte[] Octets, bool IsSpam, IReadOnlyList<int> Folds)
    {
        public int Fold { get; init; } = Folds[0];
    }
}
