using Postreiter.Spam.Configuration;
using Postreiter.Spam.Matching;

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
                lazy.Find(text, found);
                Assert.True(lazy.Misses <= text.Length + 2, $"{rule}: {lazy.Misses} steps for {text.Length} octets");
            }
        }
        Assert.True(count > 1500 && exact > 1000, $"{exact} of {count} patterns are regular");
    }

    [Fact]
    public void A_full_table_is_emptied_and_the_answers_stay()
    {
        // Each octet begins another count: the table of states would be huge.
        Assert.True(Postreiter.Spam.Patterns.OctetPattern.TryParse("/a.{12}b/s", out var pattern, out _));
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
            lazy.Find(text, found);
            Assert.Equal(pattern.IsMatch(text), found.Count == 1);
        }
        Assert.True(lazy.Flushes > 0 && lazy.Bytes < 1 << 16, $"{lazy.Flushes} flushes, {lazy.Bytes} bytes");
    }

    [Fact]
    public void A_rule_that_takes_too_long_is_given_up_and_told()
    {
        // A back-reference keeps it out of the automaton; the text keeps the backtracking engine busy for ever.
        Assert.True(Postreiter.Spam.Patterns.OctetPattern.TryParse("/^(?:(a+)+)+\\1$/", out var pattern, out _));
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
