using System.Diagnostics;
using System.Globalization;
using System.Text;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Tests.Patterns;

/// <summary>Drawn patterns on drawn texts: Perl, our translation for .NET and our automaton say the same.</summary>
public sealed class PerlPatternTests
{
    private static readonly string[] Atoms =
    [
        "a",
        "b",
        "B",
        "c",
        " ",
        "1",
        "-",
        "_",
        "\\n",
        ".",
        "\\w",
        "\\W",
        "\\d",
        "\\s",
        "\\S",
        "\\h",
        "\\R",
        "\\x{e9}",
        "\\xC9",
        "\\xd7",
        "\\303",
        "[ab]",
        "[^a]",
        "[a-c1]",
        "[^\\W_]",
        "[[:alpha:]]",
        "[[:^digit:]-]",
        "[\\xe0-\\xe9]",
        "[\\s\\d]",
        "\\b",
        "\\B",
        "^",
        "$",
        "\\A",
        "\\z",
        "\\Z",
        "(a)",
        "(b|c)",
        "(?:ab|a)",
        "(?i:b)",
        "(?=a)",
        "(?!b)",
        "(?<=a)",
        "(?<!b)",
        "(?>a+)b",
        "(a|b)\\1",
        "(?|(a)|(b))\\1",
        "(?<x>c)\\k<x>",
        "(?-i:a)",
        "(?s:.)",
        "(?m:^)",
        "(?m:$)",
        "\\x00",
        "\\ ",
        "\\#",
        "(?#x)a",
        "\\Ka",
        "(?:)",
        "|",
        "\\x{100}",
        "[\\x{100}a]",
    ];

    private static readonly string[] Quantifiers =
    [
        "",
        "",
        "",
        "",
        "*",
        "+",
        "?",
        "*?",
        "+?",
        "??",
        "++",
        "*+",
        "{2}",
        "{1,2}",
        "{0,2}?",
        "{2,}",
    ];
    private static readonly string[] Modifiers = ["", "", "i", "s", "m", "x", "im", "ims"];
    private const string Octets = "aabbcABC11 _-\n\n\t\u00e9\u00c9\u00d7\u00f7\u00c3\u00a0\u0085\0";

    [Fact]
    public async Task Perl_and_both_engines_agree()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "no Perl on this machine");
        var random = new Random(20_401);
        var cases = Enumerable
            .Range(0, 6000)
            .Select(_ => (Pattern: Draw(random), Modifiers: Pick(random, Modifiers), Text: DrawText(random)))
            .ToArray();
        var theirs = await PerlAsync(cases);
        var differences = new List<string>();
        var compiled = 0;
        for (var i = 0; i < cases.Length; i++)
        {
            var (pattern, modifiers, text) = cases[i];
            var isRead = OctetPattern.TryParse(pattern, modifiers, out var parsed, out _);
            compiled += theirs[i] >= 0 ? 1 : 0;
            if (!isRead || theirs[i] < 0)
            {
                // What Perl only warns about may be read here; what Perl reads must be.
                if (!isRead && theirs[i] >= 0)
                    differences.Add($"not read: /{pattern}/{modifiers}");
                continue;
            }
            var count = parsed!.Regex.EnumerateMatches(OctetText.Map(text));
            var ours = 0;
            while (ours < 50 && count.MoveNext())
                ours++;
            // Where the same place is matched again, empty, the two engines count differently; a rule that counts so is none.
            if ((ours > 0) != (theirs[i] > 0))
                differences.Add($"/{pattern}/{modifiers} on {Shown(text)}: {theirs[i]}, not {ours}");
            else if (PatternLength.Min(parsed.Tree) > 0 && ours != theirs[i])
                differences.Add($"/{pattern}/{modifiers} counts on {Shown(text)}: {theirs[i]}, not {ours}");
            var automaton = Automaton.Build([parsed.Tree])!;
            var found = new CandidateSet(1);
            new LazyAutomaton(automaton).Find(text, found);
            if (found.Count == 0 ? theirs[i] > 0 : theirs[i] == 0 && automaton.IsExact[0])
                differences.Add(
                    $"/{pattern}/{modifiers} as an automaton on {Shown(text)}: {theirs[i]}, not {found.Count}"
                );
        }
        Assert.True(
            differences.Count == 0,
            $"{differences.Count} differences\n{string.Join('\n', differences.Take(40))}"
        );
        Assert.True(compiled > 3000, $"only {compiled} patterns compiled");
    }

    private static string Draw(Random random)
    {
        var pattern = new StringBuilder();
        for (var parts = random.Next(1, 6); parts > 0; parts--)
            pattern.Append(Pick(random, Atoms)).Append(Pick(random, Quantifiers));
        return pattern.ToString();
    }

    private static string DrawText(Random random) =>
        string.Create(
            random.Next(0, 14),
            random,
            static (text, drawn) =>
            {
                for (var i = 0; i < text.Length; i++)
                    text[i] = Octets[drawn.Next(Octets.Length)];
            }
        );

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];

    private static string Shown(string text) => Convert.ToHexString(Encoding.Latin1.GetBytes(text));

    private static async Task<int[]> PerlAsync((string Pattern, string Modifiers, string Text)[] cases)
    {
        var start = new ProcessStartInfo("/usr/bin/perl")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Rulesets.Source("oracle/patterns.pl"));
        using var perl = Process.Start(start)!;
        var answers = perl.StandardOutput.ReadToEndAsync();
        var errors = perl.StandardError.ReadToEndAsync();
        foreach (var (pattern, modifiers, text) in cases)
            await perl.StandardInput.WriteAsync($"{Shown(pattern)}\t{Shown(modifiers)}\t{Shown(text)}\n");
        perl.StandardInput.Close();
        await perl.WaitForExitAsync();
        await errors;

        return
        [
            .. (await answers)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static line => line == "-" ? -1 : int.Parse(line, CultureInfo.InvariantCulture)),
        ];
    }
}
