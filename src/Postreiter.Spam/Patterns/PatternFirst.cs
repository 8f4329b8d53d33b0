namespace Postreiter.Spam.Patterns;

/// <summary>What a match can begin with.</summary>
/// <param name="Set">The octets.</param>
/// <param name="IsOpen">Whether it may take nothing, so that what follows decides.</param>
internal readonly record struct PatternFirst(OctetSet Set, bool IsOpen)
{
    /// <summary>Anything, and the end of the text.</summary>
    public static PatternFirst Any => new(OctetSet.All, true);

    /// <summary>Either.</summary>
    public static PatternFirst operator |(PatternFirst a, PatternFirst b) => new(a.Set | b.Set, a.IsOpen || b.IsOpen);

    /// <summary>What a match of a pattern can begin with.</summary>
    public static PatternFirst Of(PatternNode node)
    {
        switch (node)
        {
            case SetNode set:
                return new(set.Set, false);
            case SequenceNode sequence:
                return Of(sequence.Parts);
            case AlternationNode alternation:
                var union = default(PatternFirst);
                foreach (var branch in alternation.Branches)
                    union |= Of(branch);
                return union;
            case RepeatNode { Max: 0 }:
                return new(OctetSet.None, true);
            case RepeatNode repeat:
                var body = Of(repeat.Body);
                return body with { IsOpen = body.IsOpen || repeat.Min == 0 };
            case CaptureNode capture:
                return Of(capture.Body);
            case AtomicNode atomic:
                return Of(atomic.Body);
            case BackReferenceNode:
                return Any;
            default:
                // Places and look-around take nothing.
                return new(OctetSet.None, true);
        }
    }

    private static PatternFirst Of(IReadOnlyList<PatternNode> parts)
    {
        var set = OctetSet.None;
        foreach (var part in parts)
        {
            var first = Of(part);
            set |= first.Set;
            if (!first.IsOpen)
                return new(set, false);
        }
        return new(set, true);
    }
}
