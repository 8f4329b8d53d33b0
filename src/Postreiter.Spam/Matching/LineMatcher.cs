using System.Text;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>Matches all pattern rules of one kind against the lines of a mail.</summary>
/// <remarks>
/// A rule with a text that every match must hold is tried on the lines that hold it, one with a small rare part on the lines in which
/// that part matches; all those parts are one automaton. The others run together as automata, whose answer is final where nothing had to
/// be left out of the pattern. Safe for use by many threads: what changes during a scan is in a <see cref="Work"/>.
/// </remarks>
internal sealed class LineMatcher
{
    // A pattern of this length is made of replaced tags: a look for a text in it takes long and finds none.
    private const int MaxSearched = 20_000;

    // More texts than this are the spellings of one word: as a part of the pattern they take less.
    private const int ManyTexts = 48;

    // What the automata of single rules may hold together between two mails; a mail that needed more gives it back.
    private const long MaxOwnBytes = 16 << 20;
    private const int MaxFactorTable = 1 << 21;
    private const int MaxGroupTable = 1 << 20;
    private const int MaxOwnTable = 1 << 18;
    private const int MaxLargeOwnTable = 1 << 20;
    private const int LargeOwn = 4000;

    // States that a counted repeat may take where a pattern with all of its counts did not fit into the table.
    private const int MaxRelaxedCopies = 12;

    private readonly MatchedPattern[] _patterns;
    private readonly LiteralAutomaton[] _literals;
    private readonly int[] _always;
    private readonly AutomatonGroups.Group[] _factors;
    private readonly AutomatonGroups.Group[] _groups;
    private readonly Lazy<Automaton?>[] _own;
    private readonly Lazy<Automaton?>[] _relaxed;

    // By pattern: the octets a match takes at least, how far it reaches, and what a group's automaton has said of it by then.
    private readonly int[] _minLengths;
    private readonly MatchReach[] _reaches;
    private readonly Certainty[] _certainties;

    /// <summary>Builds it.</summary>
    /// <param name="patterns">The rules.</param>
    /// <param name="common">Texts that stand in nearly every line: to look for them saves nothing. Default none.</param>
    public LineMatcher(IReadOnlyList<MatchedPattern> patterns, IReadOnlyList<string>? common = null)
    {
        _patterns = [.. patterns];
        _own =
        [
            .. _patterns.Select(static pattern => new Lazy<Automaton?>(() => Automaton.Build([pattern.Pattern.Tree]))),
        ];
        _relaxed =
        [
            .. _patterns.Select(static pattern => new Lazy<Automaton?>(() =>
                Automaton.Build([pattern.Pattern.Tree], MaxRelaxedCopies)
            )),
        ];
        _minLengths = [.. _patterns.Select(static pattern => PatternLength.Min(pattern.Pattern.Tree))];
        _reaches = [.. _patterns.Select(static pattern => MatchReach.Of(pattern.Pattern.Tree))];
        _certainties = new Certainty[_patterns.Length];
        var texts = new List<(byte[], int)>();
        var factors = new List<(int, PatternNode)>();
        var others = new List<int>();
        for (var i = 0; i < _patterns.Length; i++)
        {
            var tree = _patterns[i].Pattern.Tree;
            var literals = _patterns[i].Pattern.Source.Length <= MaxSearched ? RequiredLiterals.Of(tree) : null;
            if (literals is not null && common is not null && literals.Any(text => IsIn(common, text)))
                others.Add(i);
            else if (literals is { Count: <= ManyTexts })
                texts.AddRange(literals.Select(text => (text, i)));
            else if (RequiredFactor.Of(tree) is { } factor)
                factors.Add((i, factor));
            else if (literals is not null)
                texts.AddRange(literals.Select(text => (text, i)));
            else
                others.Add(i);
        }

        var always = new List<int>();
        _factors = [.. AutomatonGroups.OfFactors(factors)];
        _groups = [.. AutomatonGroups.Of(_patterns, others, always)];
        _always = [.. always];
        foreach (var group in _groups)
        {
            for (var i = 0; i < group.Members.Length; i++)
            {
                var place = group.Members[i][0];
                _certainties[place] =
                    group.Automaton.IsExact[i] && !_patterns[place].IsMultiple ? Certainty.Matches : Certainty.MayMatch;
            }
        }

        _literals = [.. texts.Chunk(LiteralAutomaton.MaxTexts).Select(static some => new LiteralAutomaton(some))];
    }

    private static bool IsIn(IReadOnlyList<string> common, byte[] text)
    {
        var octets = Encoding.Latin1.GetString(text);
        return common.Any(one => one.Contains(octets, StringComparison.Ordinal));
    }

    // What is known of a candidate before it is looked at.
    private enum Certainty : byte
    {
        Nothing,
        MayMatch,
        Matches,
    }

    private Automaton? Relaxed(int place) => _relaxed[place].Value;

    /// <summary>What one scan needs; used by one thread at a time, again and again.</summary>
    internal sealed class Work(LineMatcher matcher)
    {
        private readonly LazyAutomaton?[] _own = new LazyAutomaton?[matcher._patterns.Length];

        // What each of them held when it was last asked, and those that ran since.
        private readonly long[] _ownBytes = new long[matcher._patterns.Length];
        private readonly List<int> _ran = [];
        private long _bytes;

        public CandidateSet Candidates { get; } = new(matcher._patterns.Length);

        // Those with a count, a limit reached or steps taken.
        public CandidateSet Touched { get; } = new(matcher._patterns.Length);
        public CandidateSet Found { get; } =
            new(
                Math.Max(
                    1,
                    matcher
                        ._groups.Concat(matcher._factors)
                        .Select(static group => group.Members.Length)
                        .DefaultIfEmpty()
                        .Max()
                )
            );
        public int[] Steps { get; } = Full(matcher._patterns.Length);
        public int[] Counts { get; } = new int[matcher._patterns.Length];
        public bool[] IsDone { get; } = new bool[matcher._patterns.Length];
        public LazyAutomaton[] Factors { get; } = Of(matcher._factors, MaxFactorTable);
        public LazyAutomaton[] Groups { get; } = Of(matcher._groups, MaxGroupTable);

        public LazyAutomaton Own(int place)
        {
            _ran.Add(place);
            if (_own[place] is { } own)
            {
                // The places where a long count may have begun multiply: from now on it is counted by the last word alone.
                if (own.Flushes > 0 && ReferenceEquals(own.Automaton, matcher._own[place].Value))
                    _own[place] = own = new LazyAutomaton(matcher.Relaxed(place) ?? own.Automaton, MaxOwnTable);
                return own;
            }

            var automaton = matcher._own[place].Value!;
            var size = automaton.States.Length > LargeOwn ? MaxLargeOwnTable : MaxOwnTable;
            return _own[place] = new LazyAutomaton(automaton, size);
        }

        private static int[] Full(int patterns)
        {
            var steps = new int[patterns];
            Array.Fill(steps, PatternRun.DefaultSteps);
            return steps;
        }

        public void Trim()
        {
            foreach (var place in _ran)
            {
                var bytes = _own[place]!.Bytes;
                _bytes += bytes - _ownBytes[place];
                _ownBytes[place] = bytes;
            }

            _ran.Clear();
            if (_bytes <= MaxOwnBytes)
                return;
            Array.Clear(_own);
            Array.Clear(_ownBytes);
            _bytes = 0;
        }

        private static LazyAutomaton[] Of(AutomatonGroups.Group[] groups, int maxBytes) =>
            [.. groups.Select(group => new LazyAutomaton(group.Automaton, maxBytes))];
    }

    /// <summary>Matches.</summary>
    /// <param name="lines">Lines of octets.</param>
    /// <param name="work">Made for this matcher.</param>
    /// <param name="sink">Told once of each rule that matched, in their order.</param>
    public void Match(IReadOnlyList<ReadOnlyMemory<char>> lines, Work work, IMatchSink sink)
    {
        for (var i = 0; i < lines.Count; i++)
            MatchLine(lines[i].Span, i == 0, work, sink);
        Finish(work, sink);
    }

    /// <summary>Matches one line.</summary>
    public void Match(string line, Work work, IMatchSink sink)
    {
        MatchLine(line, true, work, sink);
        Finish(work, sink);
    }

    private void Finish(Work work, IMatchSink sink)
    {
        work.Trim();
        if (work.Touched.Count == 0)
            return;
        work.Touched.Sort();
        foreach (var place in work.Touched.Items)
        {
            if (work.Counts[place] > 0)
                sink.Hit(_patterns[place].Rule, work.Counts[place]);
            (work.Counts[place], work.Steps[place], work.IsDone[place]) = (0, PatternRun.DefaultSteps, false);
        }

        work.Touched.Clear();
    }

    private void MatchLine(ReadOnlySpan<char> line, bool isFirst, Work work, IMatchSink sink)
    {
        var candidates = work.Candidates;
        candidates.Clear();
        foreach (var literals in _literals)
            literals.Find(line, candidates);
        foreach (var place in _always)
            candidates.Add(place, 0, line.Length);
        Find(_factors, work.Factors, line, work);
        Find(_groups, work.Groups, line, work);
        if (candidates.Count == 0)
            return;
        foreach (var candidate in candidates.Items)
        {
            if (work.IsDone[candidate] || line.Length < _minLengths[candidate])
                continue;
            var pattern = _patterns[candidate];
            if (isFirst && pattern.SkipsFirst)
                continue;
            var count = _certainties[candidate] == Certainty.Matches ? 1 : Confirm(candidate, line, work);
            var gaveUp = work.Steps[candidate] == 0;
            if (count == 0 && !gaveUp)
                continue;
            work.Touched.Add(candidate);
            work.Counts[candidate] = gaveUp ? 0 : work.Counts[candidate] + count;
            if (gaveUp)
                sink.GaveUp(pattern.Rule);
            work.IsDone[candidate] = gaveUp || IsEnough(pattern, work.Counts[candidate]);
        }
    }

    private static bool IsEnough(MatchedPattern pattern, int count) =>
        count > 0 && (!pattern.IsMultiple || (pattern.MaxHits > 0 && count >= pattern.MaxHits));

    private static void Find(
        AutomatonGroups.Group[] groups,
        LazyAutomaton[] automata,
        ReadOnlySpan<char> line,
        Work work
    )
    {
        for (var i = 0; i < groups.Length; i++)
        {
            if (line.Length < groups[i].MinLength)
                continue;
            var members = groups[i].Members;
            if (AreDone(members, work))
                continue;
            work.Found.Clear();
            automata[i].Find(line, 0, line.Length, work.Found, stopsAtAll: false);
            foreach (var found in work.Found.Items)
            {
                var (first, last) = work.Found.Places(found);
                foreach (var member in members[found])
                    work.Candidates.Add(member, first, last);
            }
        }
    }

    private static bool AreDone(int[][] members, Work work)
    {
        foreach (var same in members)
        {
            foreach (var member in same)
            {
                if (!work.IsDone[member])
                    return false;
            }
        }

        return true;
    }

    private int Confirm(int candidate, ReadOnlySpan<char> line, Work work)
    {
        var (first, last) = work.Candidates.Places(candidate);
        var (from, till) = _reaches[candidate].Around(line, first, last);
        // Of a rule in a group the group's automaton has said already that it may match.
        if (_certainties[candidate] == Certainty.Nothing && _own[candidate].Value is not null)
        {
            work.Found.Clear();
            var lazy = work.Own(candidate);
            lazy.Find(line, from, till, work.Found, stopsAtAll: true);
            if (work.Found.Count == 0)
                return 0;
            if (lazy.Automaton.IsExact[0] && !_patterns[candidate].IsMultiple)
                return 1;
        }
        work.Touched.Add(candidate);
        return PatternConfirmation.Count(
            _patterns[candidate],
            line,
            from,
            last,
            work.Counts[candidate],
            ref work.Steps[candidate]
        );
    }
}
