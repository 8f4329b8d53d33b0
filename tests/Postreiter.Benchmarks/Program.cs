using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Postreiter.Benchmarks;
using Postreiter.Benchmarks.Sites;
using Postreiter.Benchmarks.Spam;

// Called by ./bench, which reads the arguments people give.
Dictionary<string, Func<BenchmarkOptions, CancellationToken, Task<ResultTable>>> benchmarks = new(
    StringComparer.Ordinal
)
{
    ["store"] = StoreBenchmark.RunAsync,
    ["deliver"] = DeliverBenchmark.RunAsync,
    ["imap"] = ImapBenchmark.RunAsync,
    ["idle"] = IdleBenchmark.RunAsync,
    ["spf"] = SpfBenchmark.RunAsync,
    ["dkim"] = DkimBenchmark.RunAsync,
    ["spam"] = SpamBenchmark.RunAsync,
    ["gate"] = GateBenchmark.RunAsync,
    ["virus"] = VirusBenchmark.RunAsync,
    ["scan"] = SpamBenchmark.RunLayersAsync,
    ["bayes"] = BayesBenchmark.RunAsync,
};

var (names, peers, runs, seconds) = (new List<string>(), "postfix+dovecot", 3, 4d);
var (program, folder) = ("artifacts/postreiter/postreiter", "artifacts/bench");
for (var i = 0; i < args.Length; i++)
{
    var option = args[i];
    var value = option.StartsWith("--", StringComparison.Ordinal) && i + 1 < args.Length ? args[++i] : "";
    switch (option)
    {
        case "--against":
            peers = value;
            break;
        case "--runs" when int.TryParse(value, CultureInfo.InvariantCulture, out var n) && n > 0:
            runs = n;
            break;
        case "--seconds" when double.TryParse(value, CultureInfo.InvariantCulture, out var s) && s > 0:
            seconds = s;
            break;
        case var name when benchmarks.ContainsKey(name):
            names.Add(name);
            break;
        default:
            Console.Error.WriteLine($"bench: '{option} {value}' is not understood; see ./bench --help");
            return 2;
    }
}

if (peers is not ("postfix+dovecot" or "none"))
{
    Console.Error.WriteLine($"bench: no peers '{peers}'; there are postfix+dovecot and none");
    return 2;
}

var missing = peers == "none" ? "not asked for" : PostfixDovecotSite.Missing();
if (missing is not null)
    Console.Error.WriteLine($"Without Postfix + Dovecot: {missing}");
var options = new BenchmarkOptions(Path.GetFullPath(program), missing is null, peers != "none", runs, seconds);
Directory.CreateDirectory(folder);
var model = File.ReadLines("/proc/cpuinfo")
    .FirstOrDefault(static l => l.StartsWith("model name", StringComparison.Ordinal));
var machine =
    $"{Environment.ProcessorCount} × {model?.Split(": ")[^1] ?? RuntimeInformation.ProcessArchitecture.ToString()}, {RuntimeInformation.FrameworkDescription}";
foreach (var name in names.Count > 0 ? names : ["deliver", "imap", "idle"])
{
    try
    {
        var table = await benchmarks[name](options, CancellationToken.None);
        var text = $"{table.ToMarkdown()}\n{machine}\n";
        await File.WriteAllTextAsync(Path.Combine(folder, name + ".md"), text);
        Console.WriteLine(text);
    }
    catch (Exception e) when (e is IOException or SocketException or TimeoutException or InvalidOperationException)
    {
        // Caught here, so that the servers have been stopped by now.
        Console.Error.WriteLine($"bench {name}: {e}");
        return 3;
    }
}

return 0;
