using System.Diagnostics;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>Matches all pattern rules of one kind against the lines of a mail.</summary>
/// <remarks>
/// A rule with a text that every match must hold is tried on the lines that hold it. The others run together as automata, whose answer is
/// final where nothing had to be left out of the pattern. Safe for use by many threads: what changes during a scan is in a
/// <see cref="Work"/>.
/// </remarks>
internal sealed class LineMatcher
{
    // A pattern of this length is made of replaced tags: a look for a text in it takes long and finds none.
    private const int MaxSearched = 20_000;

    // What the automata of single rules may hold together between two mails; a mail that needed more gives it back.
    private const long MaxOwnBytes = 16 << 20;
    private const int MaxOwnTable = 1 << 18;

    // What the backtracking engine may take for one rule and mail: 100 ms.
    private static readonly long MaxSpent = Stopwatch.Frequency / 10;
    private readonly MatchedPattern[] _patterns;
    private readonly LiteralAutomaton? _literals;
    private readonly int[] _always;
    private readonly List<AutomatonGroups.Group> _groups;
    private readonly Lazy<Automaton?>[] _own;

    /// <summary>Builds it.</summary>
    public LineMatcher(IReadOnlyList<MatchedPattern> patterns)
    {
        _patterns = [.. patterns];
        _own =
        [
            .. _patterns.Select(static pattern => new Lazy<Automaton?>(() => Automaton.Build([pattern.Pattern.Tree]))),
        ];
        var texts = new List<(byte[], int)>();
        var others = new List<int>();
        for (var i = 0; i < _patterns.Length; i++)
        {
            if (
                _patterns[i].Pattern.Source.Length > MaxSearched
                || RequiredLiterals.Of(_patterns[i].Pattern.Tree) is not { } literals
            )
            {
                others.Add(i);
                continue;
            }
            texts.AddRange(literals.Select(text => (text, i)));
        }
        var always = new List<int>();
        _groups = AutomatonGroups.Of(_patterns, others, always);
        _always = [.. always];
        _literals = texts.Count > 0 ? new LiteralAutomaton(texts) : null;
    }

    /// <summary>The rules.</summary>
    public IReadOnlyList<MatchedPattern> Patterns => _patterns;

    /// <summary>What one scan needs; used by one thread at a time, again and again.</summary>
    internal sealed class Work(LineMatcher matcher)
    {
        private readonly LazyAutomaton?[] _own = new LazyAutomaton?[matcher._patterns.Length];

        public CandidateSet Candidates { get; } = new(matcher._patterns.Length);
        public CandidateSet Found { get; } =
            new(Math.Max(1, matcher._groups.Select(static group => group.Members.Length).DefaultIfEmpty().Max()));
        public long[] Spent { get; } = new long[matcher._patterns.Length];
        public int[] Counts { get; } = new int[matcher._patterns.Length];
        public bool[] IsDone { get; } = new bool[matcher._patterns.Length];
        public bool[] IsFiltered { get; } = new bool[matcher._patterns.Length];
        public bool[] IsCertain { get; } = new bool[matcher._patterns.Length];
        public LazyAutomaton[] Groups { get; } =
        [.. matcher._groups.Select(static group => new LazyAutomaton(group.Automaton))];

        public LazyAutomaton Own(int place) =>
            _own[place] ??= new LazyAutomaton(matcher._own[place].Value!, MaxOwnTable);

        public void Trim()
        {
            var bytes = 0L;
            foreach (var own in _own)
                bytes += own?.Bytes ?? 0;
            if (bytes > MaxOwnBytes)
                Array.Clear(_own);
        }
    }

    /// <summary>Matches.</summary>
    /// <param name="lines">Lines of octets.</param>
    /// <param name="work">Made for this matcher.</param>
    /// <param name="sink">Told once of each rule that matched.</param>
    public void Match(IReadOnlyList<ReadOnlyMemory<char>> lines, Work work, IMatchSink sink)
    {
        Array.Clear(work.Counts);
        Array.Clear(work.IsDone);
        Array.Clear(work.Spent);
        for (var i = 0; i < lines.Count; i++)
            MatchLine(lines[i].Span, i == 0, work, sink);
        for (var i = 0; i < _patterns.Length; i++)
        {
            if (work.Counts[i] > 0)
                sink.Hit(_patterns[i].Rule, work.Counts[i]);
        }
        work.Trim();
    }

    private void MatchLine(ReadOnlySpan<char> line, bool isFirst, Work work, IMatchSink sink)
    {
        work.Candidates.Clear();
        _literals?.Find(line, work.Candidates);
        work.Candidates.Add(_always);
        foreach (var candidate in work.Candidates.Items)
            work.IsCertain[candidate] = work.IsFiltered[candidate] = false;
        FindGroups(line, work);
        if (work.Candidates.Count == 0)
            return;
        var mapped = new LazilyMapped(line);
        foreach (var candidate in work.Candidates.Items)
        {
            var pattern = _patterns[candidate];
            if (work.IsDone[candidate] || (isFirst && pattern.SkipsFirst))
                continue;
            var gaveUp = false;
            var count = work.IsCertain[candidate] ? 1 : Confirm(candidate, line, ref mapped, work, ref gaveUp);
            work.Counts[candidate] = gaveUp ? 0 : work.Counts[candidate] + count;
            if (gaveUp)
                sink.GaveUp(pattern.Rule);
            work.IsDone[candidate] = gaveUp || IsEnough(pattern, work.Counts[candidate]);
        }
        mapped.Dispose();
    }

    private static bool IsEnough(MatchedPattern pattern, int count) =>
        count > 0 && (!pattern.IsMultiple || (pattern.MaxHits > 0 && count >= pattern.MaxHits));

    private void FindGroups(ReadOnlySpan<char> line, Work work)
    {
        for (var i = 0; i < _groups.Count; i++)
        {
            var (automaton, members) = _groups[i];
            work.Found.Clear();
            work.Groups[i].Find(line, work.Found);
            foreach (var found in work.Found.Items)
            {
                var place = members[found];
                work.IsCertain[place] = automaton.IsExact[found] && !_patterns[place].IsMultiple;
                work.IsFiltered[place] = true;
                work.Candidates.Add(place);
            }
        }
    }

    private int Confirm(int candidate, ReadOnlySpan<char> line, ref LazilyMapped mapped, Work work, ref bool gaveUp)
    {
        // Of a rule without a literal the group's automaton has said already that it may match.
        if (!work.IsFiltered[candidate] && _own[candidate].Value is { } own)
        {
            work.Found.Clear();
            work.Own(candidate).Find(line, work.Found);
            if (work.Found.Count == 0)
                return 0;
            if (own.IsExact[0] && !_patterns[candidate].IsMultiple)
                return 1;
        }
        var began = Stopwatch.GetTimestamp();
        var count = PatternConfirmation.Count(_patterns[candidate], mapped.Text, work.Counts[candidate], ref gaveUp);
        work.Spent[candidate] += Stopwatch.GetTimestamp() - began;
        // A line has its limit in the engine; many lines just below it must not add up.
        gaveUp |= count == 0 && work.Spent[candidate] > MaxSpent;
        return count;
    }

    /// <summary>A line that is mapped for the backtracking engine when that is first asked.</summary>
    private ref struct LazilyMapped(ReadOnlySpan<char> line)
    {
        private readonly ReadOnlySpan<char> _line = line;
        private OctetText _mapped;
        private bool _isMapped;

        public ReadOnlySpan<char> Text
        {
            get
            {
                if (!_isMapped)
                {
                    _mapped = OctetText.Map(_line);
                    _isMapped = true;
                }

                return _mapped.Span;
            }
        }

        public void Dispose() => _mapped.Dispose();
    }
}
