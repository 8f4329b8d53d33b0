using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Postreiter.Interop.Tests.Dns;
using Postreiter.Spam.Configuration;
using Postreiter.Spam.Network;
using Postreiter.Spam.Rules;
using Postreiter.Testing;

namespace Postreiter.Interop.Tests.Spam;

/// <summary>
/// The rules that ask the DNS beside SpamAssassin itself, with the same rules, the same mails and the same lists, which a real server
/// serves: the stock lists under their own names, and rules of every kind on lists of our own.
/// </summary>
public sealed class NetworkEqualityTests
{
    private const string Rules = "/usr/share/spamassassin";
    private const int Every = 15;

    private static readonly string? Missing =
        NsdServer.Missing
        ?? (
            !File.Exists("/usr/share/perl5/Mail/SpamAssassin.pm") || !Directory.Exists(Rules)
                ? "SpamAssassin is not installed: run tests/setup as root"
            : !Directory.Exists(TestData.Folder("spam-corpus")) ? "the corpus of mails is not shipped"
            : null
        );

    private sealed record Expected(double Points, HashSet<string> Hits, Dictionary<string, List<string>> Details);

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task Hits_points_and_what_was_found_are_those_of_the_original(int first)
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        var ct = TestContext.Current.CancellationToken;
        var mails = Directory
            .EnumerateFiles(TestData.Folder("spam-corpus"), "*.eml", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Where((_, index) => index % Every == first)
            .ToList();
        await using var nsd = new NsdServer();
        await nsd.StartAsync(ListedNames.Zones(mails));
        using var folder = new TemporaryFolder();
        var settings = Path.Combine(folder.Root, "settings.cf");
        await File.WriteAllTextAsync(
            settings,
            $"dns_available yes\ndns_server [127.0.0.1]:{nsd.Address.Port}\nuse_bayes 0\n{await OwnRules()}",
            ct
        );
        var site = Path.Combine(folder.Root, "site");
        Directory.CreateDirectory(site);
        File.Copy(Beside("network.pre"), Path.Combine(site, "network.pre"));

        var engine = Engine(site, settings, nsd);
        // Of more hosts than may be asked for the original draws some.
        mails.RemoveAll(mail => HostsOf(engine, mail) > 20);
        var expected = await AskOriginal(mails, site, settings, folder.Root, ct);
        var differences = new List<string>();
        var (hits, listed) = (0, 0);
        foreach (var mail in mails)
        {
            var wanted = expected[mail];
            var result = await engine.ScanAsync(engine.Facts(engine.Read(await File.ReadAllBytesAsync(mail, ct))), ct);
            var ours = result.Hits.Concat(result.SubHits).Select(static hit => hit.Name).ToHashSet();
            var name = Path.GetFileName(mail);
            differences.AddRange(wanted.Hits.Except(ours).Select(rule => $"missing {rule} {name}"));
            differences.AddRange(ours.Except(wanted.Hits).Select(rule => $"extra {rule} {name}"));
            if (Math.Abs(result.Points - wanted.Points) > 0.001)
                differences.Add($"points {result.Points} not {wanted.Points} {name}");
            foreach (var hit in result.Hits.Where(hit => hit.Details.Count > 0))
            {
                var theirs = wanted.Details.GetValueOrDefault(hit.Name, []);
                listed++;
                if (!hit.Details.Select(WithoutAddress).ToHashSet().SetEquals(theirs.Select(WithoutAddress)))
                    differences.Add(
                        $"detail {hit.Name} {name}: {string.Join('|', hit.Details)} not {string.Join('|', theirs)}"
                    );
            }
            differences.AddRange(result.Unanswered.Select(question => $"unanswered {question} {name}"));
            hits += wanted.Hits.Count;
        }
        var summary =
            $"{mails.Count} mails, {hits} hits, {listed} with what was found\n"
            + string.Join(
                '\n',
                differences
                    .GroupBy(static text => string.Join(' ', text.Split(' ').Take(2)))
                    .OrderByDescending(static group => group.Count())
                    .Select(static group => $"{group.Count()} {group.First()}")
                    .Take(60)
            );
        TestContext.Current.SendDiagnosticMessage(summary);
        // Rules of the network hit by the hundred here: an empty answer on both sides would be no proof.
        Assert.True(listed > 10 * mails.Count / 2, summary);
        Assert.True(differences.Count == 0, summary);
    }

    // Of several relays that are listed the original names the one whose answer came first, whichever that was.
    private static string WithoutAddress(string detail) =>
        detail.Split(' ', 2) is [var first, var rest] && IPAddress.TryParse(first, out _) ? rest : detail;

    private static int HostsOf(SpamEngine engine, string mail) =>
        engine
            .Facts(engine.Read(File.ReadAllBytes(mail)))
            .Uris.All.SelectMany(static uri => uri.Hosts.Keys)
            .Distinct(StringComparer.Ordinal)
            .Count();

    private static SpamEngine Engine(string site, string settings, NsdServer nsd)
    {
        var reader = new RulesetReader(new RulesetOptions { IsLocal = false });
        reader.ReadFile(Path.Combine(site, "network.pre"));
        foreach (var file in Directory.EnumerateFiles(Rules, "*.cf").Order(StringComparer.Ordinal))
            reader.ReadFile(file);
        reader.ReadFile(settings);
        return new SpamEngine(
            reader.Complete(),
            new SpamEngineOptions
            {
                KeepsAllSubRules = true,
                Network = new SpamNetwork(
                    nsd.Resolver(),
                    TimeProvider.System,
                    new SpamNetworkOptions { MaxQuestions = 10_000 }
                ),
            }
        );
    }

    private static async Task<Dictionary<string, Expected>> AskOriginal(
        IReadOnlyList<string> mails,
        string site,
        string settings,
        string home,
        CancellationToken ct
    )
    {
        var start = new ProcessStartInfo("perl", [Beside("network-oracle.pl"), Rules, site, settings, home])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = System.Text.Encoding.Latin1,
            Environment = { ["LC_ALL"] = "C", ["TZ"] = "UTC" },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(ct);
        var output = process.StandardOutput.ReadToEndAsync(ct);
        await process.StandardInput.WriteAsync(string.Join('\n', mails) + "\n");
        process.StandardInput.Close();
        var lines = (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(ct);
        Assert.True(process.ExitCode == 0 && lines.Length == mails.Count, await errors);
        var expected = new Dictionary<string, Expected>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            using var json = JsonDocument.Parse(line);
            var one = json.RootElement;
            expected.Add(
                one.GetProperty("file").GetString()!,
                new Expected(
                    one.GetProperty("score").GetDouble(),
                    [
                        .. one.GetProperty("hits").EnumerateObject().Select(static hit => hit.Name),
                        .. one.GetProperty("sub").EnumerateArray().Select(static hit => hit.GetString()!),
                    ],
                    one.GetProperty("details")
                        .EnumerateObject()
                        .ToDictionary(
                            static rule => rule.Name,
                            static rule => rule.Value.EnumerateArray().Select(static text => text.GetString()!).ToList()
                        )
                )
            );
        }
        return expected;
    }

    private static Task<string> OwnRules() => File.ReadAllTextAsync(Beside("network-rules.cf"));

    private static string Beside(string name) =>
        Path.Combine(TestData.Root, "tests", "Postreiter.Interop.Tests", "Spam", name);
}
