namespace Postreiter.Spam.Patterns;

/// <summary>How many octets a pattern takes.</summary>
internal static class PatternLength
{
    /// <summary>At least so many.</summary>
    public static int Min(PatternNode node) =>
        node switch
        {
            SetNode => 1,
            SequenceNode sequence => Sum(sequence.Parts, Min),
            AlternationNode alternation => alternation.Branches.Min(Min),
            RepeatNode repeat => Times(Min(repeat.Body), repeat.Min),
            CaptureNode capture => Min(capture.Body),
            AtomicNode atomic => Min(atomic.Body),
            _ => 0,
        };

    /// <summary>At most so many; <see cref="int.MaxValue"/> = without end.</summary>
    public static int Max(PatternNode node) => Max(node, static _ => true);

    /// <summary>Of octets that are counted at most so many.</summary>
    /// <param name="node">The pattern.</param>
    /// <param name="counts">Whether an octet of a set may be one of them.</param>
    public static int Max(PatternNode node, Func<OctetSet, bool> counts) =>
        node switch
        {
            SetNode set => counts(set.Set) ? 1 : 0,
            SequenceNode sequence => Sum(sequence.Parts, part => Max(part, counts)),
            AlternationNode alternation => alternation.Branches.Max(branch => Max(branch, counts)),
            RepeatNode repeat => Times(Max(repeat.Body, counts), repeat.Max),
            CaptureNode capture => Max(capture.Body, counts),
            AtomicNode atomic => Max(atomic.Body, counts),
            BackReferenceNode => int.MaxValue,
            _ => 0,
        };

    private static int Sum(IReadOnlyList<PatternNode> parts, Func<PatternNode, int> length)
    {
        var sum = 0L;
        foreach (var part in parts)
            sum += length(part);
        return (int)Math.Min(sum, int.MaxValue);
    }

    private static int Times(int length, int count) => (int)Math.Min((long)length * count, int.MaxValue);
}
