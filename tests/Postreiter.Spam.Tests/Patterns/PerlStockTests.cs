using System.Diagnostics;
using System.Globalization;
using System.Text;
using Postreiter.Spam.Patterns;
using Postreiter.Spam.Rules;

namespace Postreiter.Spam.Tests.Patterns;

/// <summary>All stock patterns on lines of the corpus: as many matches as Perl finds.</summary>
public sealed class PerlStockTests
{
    private const int MaxMatches = 50;

    [Fact]
    public async Task Matches_are_as_many_as_those_of_Perl()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "no Perl on this machine");
        Assert.SkipUnless(
            Directory.Exists(Rulesets.Corpus),
            $"{Rulesets.Corpus} is missing: the corpus is not shipped"
        );
        var patterns = Rulesets
            .Stock.Rules.Where(static rule => rule.Pattern is not null && rule.Templates.Count == 0)
            .Select(static rule => rule.Pattern!)
            .DistinctBy(static pattern => pattern.ToString())
            .ToArray();
        var texts = Texts().Distinct().ToArray();
        var theirs = await PerlAsync(patterns, texts);
        var differences = new List<string>();
        var matches = 0;
        for (var i = 0; i < texts.Length; i++)
        {
            var counts = theirs[i]
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(static one => one.Split(':'))
                .ToDictionary(static one => Number(one[0]), static one => Number(one[1]));
            for (var place = 0; place < patterns.Length; place++)
            {
                var (count, wanted) = (Count(patterns[place].Program, texts[i]), counts.GetValueOrDefault(place));
                matches += wanted;
                if (count != wanted)
                    differences.Add($"{patterns[place]} on {texts[i]}: {wanted}, not {count}");
            }
        }
        Assert.True(
            differences.Count == 0,
            $"{differences.Count} differences\n{string.Join('\n', differences.Take(20))}"
        );
        Assert.True(patterns.Length > 1400 && matches > 20_000, $"{matches} matches of {patterns.Length} patterns");
    }

    // Some lines of each kind of each tenth mail.
    private static IEnumerable<string> Texts()
    {
        var engine = new SpamEngine(Rulesets.Stock);
        var files = Directory
            .EnumerateFiles(Rulesets.Corpus, "*", SearchOption.AllDirectories)
            .Where(static file => Path.GetDirectoryName(file) != Rulesets.Corpus)
            .Order(StringComparer.Ordinal)
            .ToArray();
        for (var i = 0; i < files.Length; i += 10)
        {
            var mail = engine.Read(File.ReadAllBytes(files[i]));
            foreach (var line in mail.Body.Take(3).Concat(mail.RawBody.Take(1)))
                yield return line.ToString();
            yield return mail.Header("From") ?? "";
            yield return mail.Header("X-Spam-Relays-External") ?? "";
            if (i % 50 == 0)
                yield return mail.PristineHeader.ToString();
        }
    }

    private static int Count(PatternProgram program, string text)
    {
        using var run = new PatternRun(program, text);
        var count = 0;
        while (count < MaxMatches && run.Next())
            count++;
        return run.GaveUp ? -1 : count;
    }

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);

    private static string Hex(string text) => Convert.ToHexString(Encoding.Latin1.GetBytes(text));

    private static async Task<string[]> PerlAsync(OctetPattern[] patterns, string[] texts)
    {
        var start = new ProcessStartInfo("/usr/bin/perl")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Rulesets.Source("oracle/lines.pl"));
        using var perl = Process.Start(start)!;
        var answers = perl.StandardOutput.ReadToEndAsync();
        var errors = perl.StandardError.ReadToEndAsync();
        foreach (var pattern in patterns)
            await perl.StandardInput.WriteAsync($"50 {Hex(pattern.Source)} {Hex(pattern.Modifiers)}\n");
        foreach (var text in texts)
            await perl.StandardInput.WriteAsync($"54 {Hex(text)}\n");
        perl.StandardInput.Close();
        await perl.WaitForExitAsync();
        var lines = (await answers).Split('\n');
        Assert.True(lines.Length == texts.Length + 1, await errors);
        return lines;
    }
}
