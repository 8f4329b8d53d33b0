using Postreiter.Spam.Configuration;
using Postreiter.Spam.Matching;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Tests.Matching;

/// <summary>Texts made to hold patterns up: the work is counted, not timed.</summary>
public sealed class HostileTextTests
{
    private static readonly string[] Texts =
    [
        new('a', 400),
        string.Concat(Enumerable.Repeat("a ", 200)),
        string.Concat(Enumerable.Repeat("<a href=", 50)),
        string.Concat(Enumerable.Repeat("\u00c3\u00a9\u00d0\u00b0", 100)),
        string.Concat(Enumerable.Repeat("your full name: 1. ", 21)),
    ];

    [Fact]
    public void Every_stock_pattern_takes_one_step_an_octet()
    {
        var count = 0;
        var exact = 0;
        var found = new CandidateSet(1);
        foreach (var rule in Rulesets.Stock.Rules.Where(static rule => rule.Pattern is not null))
        {
            var automaton = Automaton.Build([rule.Pattern!.Tree]);
            Assert.True(automaton is not null, $"{rule} is too large");
            count++;
            exact += automaton.IsExact[0] ? 1 : 0;
            foreach (var text in Texts)
            {
                var lazy = new LazyAutomaton(automaton, maxBytes: 1 << 16);
                found.Clear();
                lazy.Find(text, 0, text.Length, found, stopsAtAll: true);
                Assert.True(lazy.Misses <= text.Length + 2, $"{rule}: {lazy.Misses} steps for {text.Length} octets");
            }
        }
        Assert.True(count > 1500 && exact > 1000, $"{exact} of {count} patterns are regular");
    }

    /// <summary>Common texts, and for each pattern texts made from it: what it likes, over and over, with an end that it does not.</summary>
    [Fact]
    public void Every_stock_pattern_has_its_answer_in_few_steps()
    {
        var worst = new List<(int Steps, string Rule)>();
        var count = 0;
        foreach (var rule in Rulesets.Stock.Rules.Where(static rule => rule.Pattern is not null))
        {
            var most = 0;
            foreach (var text in Texts.Concat(Own(rule.Pattern!.Tree)))
            {
                using var run = new PatternRun(rule.Pattern.Program, text);
                while (run.Next()) { }
                most = Math.Max(most, run.GaveUp ? int.MaxValue : PatternRun.DefaultSteps - run.StepsLeft);
                count++;
            }
            worst.Add((most, rule.Name));
        }
        var shown = string.Join(
            ' ',
            worst.OrderByDescending(static one => one.Steps).Take(12).Select(static one => $"{one.Rule} {one.Steps}")
        );
        TestContext.Current.SendDiagnosticMessage(shown);
        Assert.True(worst.TrueForAll(static one => one.Steps < PatternRun.DefaultSteps), shown);
        Assert.True(count > 30_000, $"{count} texts");
    }

    private static IEnumerable<string> Own(PatternNode tree)
    {
        for (var branch = 0; branch < 3; branch++)
        {
            foreach (var rounds in (int[])[1, 40])
            {
                var text = PatternSample.Of(tree, rounds, branch, maxLength: 1500);
                var many = new System.Text.StringBuilder();
                while (text.Length > 0 && many.Length < 3000)
                    many.Append(text);
                yield return text + "\u0001";
                yield return text.Length > 1 ? text[..^1] : text;
                yield return many.ToString();
                yield return many.ToString(0, Math.Max(0, many.Length - 1)) + "\n";
            }
        }
    }

    [Theory]
    [InlineData("/^(?:a+)+$/")]
    [InlineData("/^(?:a|aa)+$/")]
    [InlineData("/^(?:a|a?)+$/")]
    [InlineData("/(?:x+x+)+y/")]
    [InlineData("/^(?:(?:a|b)*c?)*d/")]
    [InlineData("/(?:.*)*(?:.*)*(?:.*)*=/")]
    [InlineData("/a*a*a*a*a*a*a*a*b/")]
    [InlineData("/(?:a?){40}a{40}b/")]
    [InlineData("/^(?:[^,]*,){30}x/")]
    public void What_takes_others_for_ever_takes_few_steps(string pattern)
    {
        Assert.True(OctetPattern.TryParse(pattern, out var parsed, out _));
        foreach (
            var text in (string[])
                [new string('a', 1000) + "!", new string('x', 1000), new string('a', 60), ",,,,,,,,,,,,,,,,,,"]
        )
        {
            using var run = new PatternRun(parsed.Program, text);
            while (run.Next()) { }
            Assert.False(run.GaveUp);
        }
    }

    [Fact]
    public void Nothing_is_allocated_for_a_match()
    {
        Assert.True(OctetPattern.TryParse("/(a|b)+?\\s*(?<!c)x(?>d+)\\1|foo(?=bar)/i", out var pattern, out _));
        var text = string.Concat(Enumerable.Repeat("abab  XdddB fOobar ", 50));
        int Count()
        {
            using var run = new PatternRun(pattern.Program, text);
            var count = 0;
            while (run.Next())
                count++;
            return count;
        }
        Assert.Equal(100, Count());
        for (var i = 0; i < 100; i++)
            _ = Count();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            _ = Count();
        // The pool may have given its arrays away to the collector.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8192);
    }

    [Fact]
    public void The_stack_is_bounded_too()
    {
        Assert.True(OctetPattern.TryParse("/^(?:ab)*(?:.|\\1)(x)?$/s", out var pattern, out _));
        using var run = new PatternRun(pattern.Program, string.Concat(Enumerable.Repeat("ab", 2_000_000)), 100_000_000);
        _ = run.Next();
        Assert.True(run.GaveUp);
    }

    [Fact]
    public void A_full_table_is_emptied_and_the_answers_stay()
    {
        // Each octet begins another count: the table of states would be huge.
        Assert.True(OctetPattern.TryParse("/a.{12}b/s", out var pattern, out _));
        var lazy = new LazyAutomaton(Automaton.Build([pattern.Tree])!, maxBytes: 1 << 12);
        var random = new Random(5);
        var found = new CandidateSet(1);
        for (var i = 0; i < 2000; i++)
        {
            var text = string.Create(
                40,
                random,
                static (to, drawn) =>
                {
                    for (var at = 0; at < to.Length; at++)
                        to[at] = "aabc"[drawn.Next(4)];
                }
            );
            found.Clear();
            lazy.Find(text, 0, text.Length, found, stopsAtAll: true);
            Assert.Equal(pattern.IsMatch(text), found.Count == 1);
        }
        Assert.True(lazy.Flushes > 0 && lazy.Bytes < 1 << 16, $"{lazy.Flushes} flushes, {lazy.Bytes} bytes");
    }

    [Fact]
    public void A_rule_that_takes_too_long_is_given_up_and_told()
    {
        // A back-reference keeps it out of the automaton; the text would keep the matcher busy for ever.
        Assert.True(OctetPattern.TryParse("/^(?:(a+)+)+\\1$/", out var pattern, out _));
        var matcher = new LineMatcher([new MatchedPattern(7, pattern, false, 0, false)]);
        var sink = new Sink();
        matcher.Match([(new string('a', 60) + "!").AsMemory(), "aa".AsMemory()], new LineMatcher.Work(matcher), sink);
        Assert.Equal([7], sink.GivenUp);
        Assert.Empty(sink.Hits);
    }

    [Fact]
    public void The_stock_rules_are_all_taken() =>
        Assert.All(
            Rulesets.Stock.Rules.Where(static rule =>
                rule.Kind is RuleKind.Body or RuleKind.Uri or RuleKind.RawBody or RuleKind.Full
            ),
            static rule => Assert.NotNull(rule.Pattern)
        );

    private sealed class Sink : IMatchSink
    {
        public List<int> Hits { get; } = [];
        public List<int> GivenUp { get; } = [];

        public void Hit(int rule, int count) => Hits.Add(rule);

        public void GaveUp(int rule) => GivenUp.Add(rule);
    }
}
