namespace Postreiter.Spam.Patterns;

/// <summary>A part of a pattern, over octets. What /i, /s, /m and /x say is already worked in.</summary>
internal abstract record PatternNode
{
    /// <summary>Matches without taking anything.</summary>
    public static SequenceNode Empty { get; } = new([]);
}

/// <summary>One octet out of a set.</summary>
internal sealed record SetNode(OctetSet Set) : PatternNode;

/// <summary>One after the other.</summary>
internal sealed record SequenceNode(IReadOnlyList<PatternNode> Parts) : PatternNode;

/// <summary>One of several, the first that lets the rest match.</summary>
internal sealed record AlternationNode(IReadOnlyList<PatternNode> Branches) : PatternNode;

/// <summary>How a repeat takes its octets.</summary>
internal enum RepeatMode
{
    /// <summary>As many as it can.</summary>
    Greedy,

    /// <summary>As few as it can.</summary>
    Lazy,

    /// <summary>As many as it can, and gives none back.</summary>
    Possessive,
}

/// <summary>A part repeated.</summary>
/// <param name="Body">What is repeated.</param>
/// <param name="Min">At least so often.</param>
/// <param name="Max">At most so often; <see cref="int.MaxValue"/> = without end.</param>
/// <param name="Mode">How it takes.</param>
internal sealed record RepeatNode(PatternNode Body, int Min, int Max, RepeatMode Mode) : PatternNode;

/// <summary>A group that keeps what it matched.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Name">Its name, or null.</param>
/// <param name="Body">What it holds.</param>
internal sealed record CaptureNode(int Number, string? Name, PatternNode Body) : PatternNode;

/// <summary>`(?>…)`: once matched, never matched in another way.</summary>
internal sealed record AtomicNode(PatternNode Body) : PatternNode;

/// <summary>Look-ahead and look-behind.</summary>
internal sealed record LookNode(PatternNode Body, bool IsBehind, bool IsNegative) : PatternNode;

/// <summary>What a group matched, once more.</summary>
internal sealed record BackReferenceNode(int Number, bool IgnoresCase) : PatternNode;

/// <summary>Places that take nothing.</summary>
internal enum AnchorKind
{
    /// <summary>`\A`, and `^` without /m.</summary>
    Start,

    /// <summary>`^` with /m: after a line end too, but not after the last one.</summary>
    LineStart,

    /// <summary>`$` without /m, `\Z`: at the end, or before a line end that ends the text.</summary>
    End,

    /// <summary>`$` with /m: before any line end, and at the end.</summary>
    LineEnd,

    /// <summary>`\z`.</summary>
    AbsoluteEnd,

    /// <summary>`\b`, ASCII.</summary>
    WordBorder,

    /// <summary>`\B`, ASCII.</summary>
    NoWordBorder,
}

/// <summary>`\K`: what is matched begins here.</summary>
internal sealed record KeepNode : PatternNode;

/// <summary>A place.</summary>
internal sealed record AnchorNode(AnchorKind Kind) : PatternNode;
