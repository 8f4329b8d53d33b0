using System.Text;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;
using Postreiter.Spam.Tests.Patterns;

namespace Postreiter.Spam.Tests.Matching;

/// <summary>Many patterns at once on long texts, where only the neighbourhood of what must stand in a match is looked at, beside each pattern tried on the whole text.</summary>
public class LineMatcherTests
{
    private const int Matchers = 40;
    private const int PatternsOfOne = 12;

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Many_patterns_at_once_match_as_each_alone(int seed)
    {
        var draws = new PatternDraws(seed);
        var random = new Random(seed);
        var differences = new List<string>();
        var (hits, texts) = (0, 0);
        for (var i = 0; i < Matchers; i++)
        {
            var (patterns, pool) = Draw(draws, random);
            var matcher = new LineMatcher(patterns);
            var work = new LineMatcher.Work(matcher);
            for (var round = 0; round < 6; round++)
            {
                var text = Join(pool, random);
                var sink = new Sink();
                matcher.Match(text, work, sink);
                texts++;
                foreach (var pattern in patterns)
                {
                    var steps = PatternRun.DefaultSteps;
                    var count = PatternConfirmation.Count(pattern, text, 0, text.Length, 0, ref steps);
                    var told = sink.Counts.GetValueOrDefault(pattern.Rule);
                    hits += Math.Min(count, 1);
                    if (steps > 0 && told != count)
                        differences.Add($"{pattern.Pattern} on {Escape(text)}: {count}, not {told}");
                }
            }
        }

        Assert.True(differences.Count == 0, $"{differences.Count}\n{string.Join('\n', differences.Take(20))}");
        Assert.True(hits > texts, $"only {hits} hits on {texts} texts: the draws prove little");
    }

    // Their rare parts are repeats of groups, alike but for what the groups hold.
    [Theory]
    [InlineData("([a-f]{2}\\d){4}", "ab1cd2ef3ab4", "([0-9A-F]{2}:){4}", "0A:1B:2C:3D:")]
    [InlineData("(?>[xz][0-4]){5}", "x1z2x3z4x0", "(?>[qj][5-9]){5}", "q5j6q7j8q9")]
    public void Patterns_of_one_shape_are_not_one(string first, string firstText, string second, string secondText)
    {
        MatchedPattern[] patterns = [Parse(0, first), Parse(1, second)];
        var matcher = new LineMatcher(patterns);
        foreach (var (text, rule) in new[] { (firstText, 0), (secondText, 1) })
        {
            var sink = new Sink();
            matcher.Match($"some text {text} and more", new LineMatcher.Work(matcher), sink);
            Assert.Equal([rule], sink.Counts.Keys);
        }

        static MatchedPattern Parse(int rule, string source)
        {
            Assert.True(OctetPattern.TryParse(source, "", out var pattern, out var error), error);
            return new(rule, pattern, IsMultiple: false, MaxHits: 0, SkipsFirst: false);
        }
    }

    // What patterns were drawn for stands among other text, with line ends and words between.
    private static (List<MatchedPattern> Patterns, List<string> Pool) Draw(PatternDraws draws, Random random)
    {
        var patterns = new List<MatchedPattern>();
        var pool = new List<string>();
        while (patterns.Count < PatternsOfOne)
        {
            var (source, modifiers, text) = draws.Next();
            pool.Add(text);
            // Half of them with a text that every match holds: those are the ones of which a part of a text is looked at.
            var word = random.Next(4) switch
            {
                0 => "zebra",
                1 => "quick\\s",
                _ => "",
            };
            source = random.Next(2) == 0 ? $"(?:{source}){word}" : $"{word}(?:{source})";
            if (word.Length > 0)
                pool.Add(random.Next(2) == 0 ? text + word[..5] + " " : word[..5] + " " + text);
            if (!OctetPattern.TryParse(source, modifiers, out var pattern, out _))
                continue;
            var isMultiple = random.Next(3) == 0;
            patterns.Add(new(patterns.Count, pattern, isMultiple, isMultiple ? random.Next(3) : 0, SkipsFirst: false));
        }

        return (patterns, pool);
    }

    private static string Join(List<string> pool, Random random)
    {
        var text = new StringBuilder();
        for (var i = random.Next(1, 12); i > 0; i--)
            text.Append(pool[random.Next(pool.Count)])
                .Append(
                    random.Next(5) switch
                    {
                        0 => "\n",
                        1 => " ",
                        2 => "ab\n\n",
                        3 => "zebra",
                        _ => "",
                    }
                );
        return text.ToString();
    }

    private static string Escape(string text) => text.Replace("\n", "\\n", StringComparison.Ordinal);

    private sealed class Sink : IMatchSink
    {
        public Dictionary<int, int> Counts { get; } = [];

        public void Hit(int rule, int count) => Counts.Add(rule, count);

        public void GaveUp(int rule) { }
    }
}
