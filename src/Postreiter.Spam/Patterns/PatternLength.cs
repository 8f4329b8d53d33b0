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
    public static int Max(PatternNode node) =>
        node switch
        {
            SetNode => 1,
            SequenceNode sequence => Sum(sequence.Parts, Max),
            AlternationNode alternation => alternation.Branches.Max(Max),
            RepeatNode repeat => Times(Max(repeat.Body), repeat.Max),
            CaptureNode capture => Max(capture.Body),
            AtomicNode atomic => Max(atomic.Body),
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
