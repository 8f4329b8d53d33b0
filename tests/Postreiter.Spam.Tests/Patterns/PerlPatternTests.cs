using System.Diagnostics;
using System.Globalization;
using System.Text;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Tests.Patterns;

/// <summary>Drawn patterns on drawn texts: Perl and our matcher find the same matches, and the automaton misses none.</summary>
public sealed class PerlPatternTests
{
    private const int MaxMatches = 50;
    private const string GaveUp = "gave up";

    [Theory]
    [InlineData(20_401)]
    [InlineData(20_402)]
    [InlineData(20_403)]
    [InlineData(20_404)]
    public async Task Matches_are_those_of_Perl(int seed)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "no Perl on this machine");
        var draws = new PatternDraws(seed);
        var cases = Enumerable.Range(0, 10_000).Select(_ => draws.Next()).ToArray();
        var theirs = await PerlAsync(cases);
        var differences = new List<string>();
        var (compiled, givenUp) = (0, 0);
        for (var i = 0; i < cases.Length; i++)
        {
            if (theirs[i] == "-")
                continue;
            compiled++;
            var (pattern, modifiers, text) = cases[i];
            // What Perl only warns about may be read here; what Perl reads must be.
            if (!OctetPattern.TryParse(pattern, modifiers, out var parsed, out var error))
            {
                differences.Add($"not read: /{pattern}/{modifiers}: {error}");
                continue;
            }
            // Perl 5.36 takes what an empty look ahead may see for what must begin the match.
            if (LooksForNothing(parsed.Tree))
                continue;
            var groups = PatternNumbers.Of(parsed.Tree).Groups;
            var ours = Matches(parsed.GroupProgram, groups.Count == 0 ? 0 : groups.Max(), text);
            // Perl looks for a text that must occur before it tries; here the steps end it.
            if (ours == GaveUp)
                givenUp++;
            else if (
                ours != theirs[i]
                && (!LosesGroups(parsed.Tree) || Spans(ours, groups) != Spans(theirs[i], groups))
            )
                differences.Add($"/{pattern}/{modifiers} on {Shown(text)}: {theirs[i]}, not {ours}");
            else if (Count(parsed.Program, text) is var count && count != Parts(theirs[i]))
                differences.Add($"/{pattern}/{modifiers} counts on {Shown(text)}: {theirs[i]}, not {count}");
            var automaton = Automaton.Build([parsed.Tree])!;
            var found = new CandidateSet(1);
            new LazyAutomaton(automaton).Find(text, 0, text.Length, found, stopsAtAll: true);
            if (found.Count == 0 ? theirs[i].Length > 0 : theirs[i].Length == 0 && automaton.IsExact[0])
                differences.Add(
                    $"/{pattern}/{modifiers} as an automaton on {Shown(text)}: {theirs[i]}, not {found.Count}"
                );
        }
        Assert.True(
            differences.Count == 0,
            $"{differences.Count} differences\n{string.Join('\n', differences.Take(60))}"
        );
        Assert.True(compiled > 4000 && givenUp < 4, $"{compiled} patterns compiled, {givenUp} given up");
    }

    private static bool LooksForNothing(PatternNode node) =>
        node switch
        {
            CaptureNode capture => LooksForNothing(capture.Body),
            AtomicNode atomic => LooksForNothing(atomic.Body),
            LookNode look => (!look.IsNegative && PatternLength.Min(look.Body) == 0) || LooksForNothing(look.Body),
            RepeatNode repeat => LooksForNothing(repeat.Body),
            SequenceNode sequence => sequence.Parts.Any(LooksForNothing),
            AlternationNode alternation => alternation.Branches.Any(LooksForNothing),
            _ => false,
        };

    // Perl does not take back what a group matched in a part that is given up whole.
    private static bool LosesGroups(PatternNode node, bool isInside = false) =>
        node switch
        {
            CaptureNode capture => isInside || LosesGroups(capture.Body, isInside),
            AtomicNode atomic => LosesGroups(atomic.Body, true),
            LookNode look => LosesGroups(look.Body, isInside || look.IsNegative),
            RepeatNode repeat => LosesGroups(repeat.Body, isInside || repeat.Mode == RepeatMode.Possessive),
            SequenceNode sequence => sequence.Parts.Any(part => LosesGroups(part, isInside)),
            AlternationNode alternation => alternation.Branches.Any(branch => LosesGroups(branch, isInside)),
            _ => false,
        };

    private static string Spans(string matches, HashSet<int> groups) =>
        groups.Count == 0
            ? matches
            : string.Join(';', matches.Split(';').Select(static match => string.Join(',', match.Split(',').Take(2))));

    private static int Parts(string matches) => matches.Length == 0 ? 0 : matches.Count(static c => c == ';') + 1;

    private static int Count(PatternProgram program, string text)
    {
        // Failures are remembered from the first step on; with groups, above, only when many are.
        using var run = new PatternRun(program, text, patience: 0);
        var count = 0;
        while (count < MaxMatches && run.Next())
            count++;
        return count;
    }

    private static string Matches(PatternProgram program, int groups, string text)
    {
        var run = new PatternRun(program, text);
        try
        {
            var matches = new StringBuilder();
            for (var count = 0; count < MaxMatches && run.Next(); count++)
            {
                if (count > 0)
                    matches.Append(';');
                matches.Append(CultureInfo.InvariantCulture, $"{run.Begin},{run.End}");
                for (var group = 1; group <= groups; group++)
                {
                    if (run.Group(group) is var (begin, end))
                        matches.Append(CultureInfo.InvariantCulture, $",{begin},{end}");
                    else
                        matches.Append(",-,-");
                }
            }
            return run.GaveUp ? GaveUp : matches.ToString();
        }
        finally
        {
            run.Dispose();
        }
    }

    private static string Shown(string text) => Convert.ToHexString(Encoding.Latin1.GetBytes(text));

    private static async Task<string[]> PerlAsync((string Pattern, string Modifiers, string Text)[] cases)
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

        return (await answers).Split('\n')[..cases.Length];
    }
}
