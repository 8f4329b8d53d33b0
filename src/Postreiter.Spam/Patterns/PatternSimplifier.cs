namespace Postreiter.Spam.Patterns;

/// <summary>Writes a pattern shorter without changing which matches it has, nor their order.</summary>
internal static class PatternSimplifier
{
    /// <summary>Simplifies.</summary>
    /// <param name="node">The pattern.</param>
    /// <param name="kept">Groups whose text is asked for later; the others only hold their parts together.</param>
    public static PatternNode Simplify(PatternNode node, IReadOnlySet<int> kept) =>
        node switch
        {
            SequenceNode sequence => Sequence(sequence.Parts, kept),
            AlternationNode alternation => Alternation(alternation.Branches, kept),
            RepeatNode repeat => Repeat(repeat, kept),
            CaptureNode capture when kept.Contains(capture.Number) => capture with
            {
                Body = Simplify(capture.Body, kept),
            },
            CaptureNode capture => Simplify(capture.Body, kept),
            AtomicNode atomic => Atomic(Simplify(atomic.Body, kept)),
            LookNode look => look with { Body = Simplify(look.Body, kept) },
            _ => node,
        };

    private static PatternNode Sequence(IReadOnlyList<PatternNode> parts, IReadOnlySet<int> kept)
    {
        var flat = new List<PatternNode>(parts.Count);
        foreach (var part in parts)
        {
            var simple = Simplify(part, kept);
            if (simple is SequenceNode inner)
                flat.AddRange(inner.Parts);
            else
                flat.Add(simple);
        }
        return flat.Count == 1 ? flat[0] : new SequenceNode(flat.ToArray());
    }

    // Branches of one octet become one set, where no branch between them could have matched the same octet.
    private static PatternNode Alternation(IReadOnlyList<PatternNode> branches, IReadOnlySet<int> kept)
    {
        var flat = new List<PatternNode>(branches.Count);
        foreach (var branch in branches)
        {
            var simple = Simplify(branch, kept);
            if (simple is AlternationNode inner)
                flat.AddRange(inner.Branches);
            else
                flat.Add(simple);
        }
        var merged = new List<PatternNode>(flat.Count);
        var (last, since, isOpen) = (-1, OctetSet.None, false);
        foreach (var branch in flat)
        {
            if (branch is SetNode set)
            {
                if (last >= 0 && !isOpen && (since & set.Set) == OctetSet.None)
                {
                    merged[last] = new SetNode(((SetNode)merged[last]).Set | set.Set);
                    continue;
                }
                (last, since, isOpen) = (merged.Count, OctetSet.None, false);
            }
            else
            {
                var first = PatternFirst.Of(branch);
                (since, isOpen) = (since | first.Set, isOpen || first.IsOpen);
            }
            merged.Add(branch);
        }
        return merged.Count == 1 ? merged[0] : new AlternationNode(merged);
    }

    private static PatternNode Repeat(RepeatNode repeat, IReadOnlySet<int> kept)
    {
        var body = Simplify(repeat.Body, kept);
        if (repeat.Max == 0 || body is SequenceNode { Parts.Count: 0 })
            return PatternNode.Empty;
        if (repeat is { Min: 1, Max: 1 })
            return repeat.Mode == RepeatMode.Possessive ? Atomic(body) : body;
        // Only a run of one set has a possessive form of its own.
        if (repeat.Mode == RepeatMode.Possessive && body is not SetNode)
            return new AtomicNode(repeat with { Body = body, Mode = RepeatMode.Greedy });
        return repeat with { Body = body };
    }

    // What can match in one way only is atomic as it stands.
    private static PatternNode Atomic(PatternNode body) =>
        body switch
        {
            SetNode or AnchorNode => body,
            SequenceNode sequence when sequence.Parts.All(static part => part is SetNode or AnchorNode) => body,
            RepeatNode { Body: SetNode, Mode: RepeatMode.Greedy } repeat => repeat with
            {
                Mode = RepeatMode.Possessive,
            },
            _ => new AtomicNode(body),
        };
}
