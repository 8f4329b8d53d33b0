using System.Globalization;
using System.Net;
using System.Text.Json;
using Postreiter.MailAuth.Spf;
using Postreiter.Testing;

namespace Postreiter.Interop.Tests.MailAuth;

/// <summary>Debian's python3-spf evaluates the same drawn cases; where it differs, a line of <c>spf-differences.tsv</c> says why.</summary>
public sealed class SpfOracleTests
{
    private const int Cases = 1_000;

    // Answers from a dictionary; a name that is marked as failing raises what its own drivers raise.
    private const string Script = """
        import sys, json
        try:
            import spf
        except ImportError:
            print('MISSING')
            sys.exit(0)
        results = []
        for case in json.load(sys.stdin):
            zone, failing, names = {}, set(), set()
            for name, kind, value in case['Zone']:
                if kind == 'FAIL':
                    failing.add(name)
                    continue
                if kind == 'PTR':
                    name = spf.reverse_dots(spf.query(i=name, s='', h='').i) + ('.ip6.arpa' if ':' in name else '.in-addr.arpa')
                if kind == 'MX':
                    value = (10, value)
                zone.setdefault((name.lower(), kind), []).append((value.encode(),) if kind == 'TXT' else value)
            def lookup(name, kind, *rest, **named):
                name = name.rstrip('.').lower()
                if name in failing:
                    raise spf.TempError('DNS')
                return [((name, kind), value) for value in zone.get((name, kind), [])]
            spf.DNSLookup = lookup
            query = spf.query(i=case['Client'], s=case['MailFrom'], h=case['Helo'], receiver='mx.example')
            query.set_default_explanation('DEFAULT')
            try:
                result, code, text = query.check()
            except Exception as e:
                result, text = 'exception', repr(e)
            results.append([result, text])
        json.dump(results, sys.stdout)
        """;

    [Fact]
    public async Task Python_spf_says_the_same()
    {
        var cases = Enumerable.Range(0, Cases).Select(SpfCase.Draw).ToList();
        using var folder = new TemporaryFolder();
        var (code, output) = await ForeignProgram.RunAsync(
            "python3",
            folder.Root,
            JsonSerializer.Serialize(cases),
            "-c",
            Script
        );
        Assert.SkipWhen(
            output.StartsWith("MISSING", StringComparison.Ordinal),
            "python3-spf is not installed: run tests/setup as root"
        );
        Assert.True(code == 0, output);
        var theirs = JsonSerializer.Deserialize<string[][]>(output)!;
        var explained = Differences();
        var (surprises, seen, results) = (new List<string>(), new HashSet<int>(), new Dictionary<SpfResult, int>());
        for (var i = 0; i < Cases; i++)
        {
            var ours = await new SpfEvaluator(cases[i].Dns(), TimeProvider.System).CheckMailFromAsync(
                new SpfRequest(IPAddress.Parse(cases[i].Client), cases[i].MailFrom, cases[i].Helo, "mx.example"),
                TestContext.Current.CancellationToken
            );
            results[ours.Result] = results.GetValueOrDefault(ours.Result) + 1;
            var left = ours.Result.ToString().ToLowerInvariant();
            var right = theirs[i][0];
            if (ours.Result == SpfResult.Fail && right == "fail")
                (left, right) = ($"fail {ours.Explanation ?? "DEFAULT"}", $"fail {theirs[i][1]}");
            if (left == right)
                continue;
            if (explained.TryGetValue(i, out var line) && (line.Ours, line.Theirs) == (left, right))
                seen.Add(i);
            else
                surprises.Add(
                    $"{i}\t{left}\t{right}\t{theirs[i][1]} | {ours.Reason} | {string.Join(", ", ours.Lookups)}"
                );
        }

        Assert.True(
            surprises.Count == 0,
            $"{surprises.Count} differences without an explanation:\n{string.Join('\n', surprises)}"
        );
        Assert.Equal(explained.Keys.Order(), seen.Order());
        // The cases are worth something: every result is among them often.
        Assert.All(Enum.GetValues<SpfResult>(), r => Assert.InRange(results.GetValueOrDefault(r), 15, Cases));
    }

    private static Dictionary<int, (string Ours, string Theirs)> Differences() =>
        File.ReadLines(
                Path.Combine(TestData.Root, "tests", "Postreiter.Interop.Tests", "MailAuth", "spf-differences.tsv")
            )
            .Where(static line => line.Length > 0 && line[0] != '#')
            .Select(static line => line.Split('\t'))
            .ToDictionary(
                static parts => int.Parse(parts[0], CultureInfo.InvariantCulture),
                static parts => (parts[1], parts[2])
            );
}
