using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>Matches all pattern rules of one kind against the lines of a mail.</summary>
/// <remarks>Safe for use by many threads: what changes during a scan is in a <see cref="Work"/>.</remarks>
internal sealed class LineMatcher
{
    private readonly MatchedPattern[] _patterns;
    private readonly LiteralAutomaton? _literals;
    private readonly int[] _always;

    /// <summary>Builds it.</summary>
    public LineMatcher(IReadOnlyList<MatchedPattern> patterns)
    {
        _patterns = [.. patterns];
        var texts = new List<(byte[], int)>();
        var always = new List<int>();
        for (var i = 0; i < _patterns.Length; i++)
        {
            if (RequiredLiterals.Of(_patterns[i].Pattern.Tree) is { } literals)
                texts.AddRange(literals.Select(text => (text, i)));
            else
                always.Add(i);
        }
        _always = [.. always];
        _literals = texts.Count > 0 ? new LiteralAutomaton(texts) : null;
    }

    /// <summary>Number of rules without a literal.</summary>
    public int WithoutLiteral => _always.Length;

    /// <summary>The rules.</summary>
    public IReadOnlyList<MatchedPattern> Patterns => _patterns;

    /// <summary>What one scan needs; used by one thread at a time, again and again.</summary>
    internal sealed class Work(LineMatcher matcher)
    {
        public CandidateSet Candidates { get; } = new(matcher._patterns.Length);
        public int[] Counts { get; } = new int[matcher._patterns.Length];
        public bool[] IsDone { get; } = new bool[matcher._patterns.Length];
    }

    /// <summary>Matches.</summary>
    /// <param name="lines">Lines of octets.</param>
    /// <param name="work">Made for this matcher.</param>
    /// <param name="sink">Told once of each rule that matched.</param>
    public void Match(IReadOnlyList<ReadOnlyMemory<char>> lines, Work work, IMatchSink sink)
    {
        Array.Clear(work.Counts);
        Array.Clear(work.IsDone);
        for (var i = 0; i < lines.Count; i++)
            MatchLine(lines[i].Span, i == 0, work, sink);
        for (var i = 0; i < _patterns.Length; i++)
        {
            if (work.Counts[i] > 0)
                sink.Hit(_patterns[i].Rule, work.Counts[i]);
        }
    }

    private void MatchLine(ReadOnlySpan<char> line, bool isFirst, Work work, IMatchSink sink)
    {
        work.Candidates.Clear();
        _literals?.Find(line, work.Candidates);
        work.Candidates.Add(_always);
        if (work.Candidates.Count == 0)
            return;
        using var mapped = OctetText.Map(line);
        foreach (var candidate in work.Candidates.Items)
        {
            var pattern = _patterns[candidate];
            if (work.IsDone[candidate] || (isFirst && pattern.SkipsFirst))
                continue;
            var gaveUp = false;
            work.Counts[candidate] += PatternConfirmation.Count(
                pattern,
                mapped.Span,
                work.Counts[candidate],
                ref gaveUp
            );
            if (gaveUp)
            {
                work.Counts[candidate] = 0;
                sink.GaveUp(pattern.Rule);
            }
            work.IsDone[candidate] =
                gaveUp
                || (
                    work.Counts[candidate] > 0
                    && (!pattern.IsMultiple || (pattern.MaxHits > 0 && work.Counts[candidate] >= pattern.MaxHits))
                );
        }
    }
}
