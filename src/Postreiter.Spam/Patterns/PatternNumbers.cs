namespace Postreiter.Spam.Patterns;

/// <summary>The numbers of groups in a pattern.</summary>
internal sealed class PatternNumbers
{
    private PatternNumbers() { }

    /// <summary>Groups that it has.</summary>
    public HashSet<int> Groups { get; } = [];

    /// <summary>Groups that it refers to.</summary>
    public HashSet<int> References { get; } = [];

    /// <summary>Those of a pattern.</summary>
    public static PatternNumbers Of(PatternNode tree)
    {
        var numbers = new PatternNumbers();
        numbers.Add(tree);
        return numbers;
    }

    private void Add(PatternNode node)
    {
        switch (node)
        {
            case BackReferenceNode reference:
                References.Add(reference.Number);
                break;
            case SequenceNode sequence:
                foreach (var part in sequence.Parts)
                    Add(part);
                break;
            case AlternationNode alternation:
                foreach (var branch in alternation.Branches)
                    Add(branch);
                break;
            case RepeatNode repeat:
                Add(repeat.Body);
                break;
            case CaptureNode capture:
                Groups.Add(capture.Number);
                Add(capture.Body);
                break;
            case AtomicNode atomic:
                Add(atomic.Body);
                break;
            case LookNode look:
                Add(look.Body);
                break;
        }
    }
}
