using System.Globalization;
using System.Text;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>
/// Finds, for a pattern without a rare text, a small pattern of which every match holds a match: so small that many of them run as one
/// automaton, and so rare that few lines are left for the whole pattern.
/// </summary>
internal static class RequiredFactor
{
    // What one pattern may bring into the automaton.
    private const int MaxStates = 6000;

    // More than one place in so many would leave too many lines.
    private const double MaxShare = 1.0 / 700;

    // Rarer is not worth more states.
    private const double EnoughShare = 1e-9;

    // Of a repeat, so many are asked for.
    private const int MaxTimes = 4;

    // Repeats up to this span stand in a factor as they are.
    private const int MaxSpan = 8;

    // Spellings of one letter are as few as this, or more, and as long as this at most.
    private const int ManySpellings = 3;
    private const int MaxSpelling = 4;

    // A set with more octets lets an automaton be in many places at once.
    private const int MaxNarrow = 40;

    /// <summary>The best factor.</summary>
    /// <returns>Null when none is rare and small enough.</returns>
    public static PatternNode? Of(PatternNode tree) =>
        Best(tree) is { } best && best.Share <= MaxShare && best.States <= MaxStates ? best.Node : null;

    /// <summary>Whether no set in a factor is large: of such factors many run as one automaton.</summary>
    public static bool IsNarrow(PatternNode node) =>
        node switch
        {
            SetNode set => set.Set.Count <= MaxNarrow,
            SequenceNode sequence => sequence.Parts.All(IsNarrow),
            AlternationNode alternation => alternation.Branches.All(IsNarrow),
            RepeatNode repeat => IsNarrow(repeat.Body),
            _ => true,
        };

    /// <summary>A text that is the same for factors that are the same.</summary>
    public static string Key(PatternNode node)
    {
        var key = new StringBuilder();
        Write(node, key);
        return key.ToString();
    }

    private static void Write(PatternNode node, StringBuilder key)
    {
        switch (node)
        {
            case SetNode set:
                key.Append(CultureInfo.InvariantCulture, $"[{set.Set.A:x}.{set.Set.B:x}.{set.Set.C:x}.{set.Set.D:x}]");
                break;
            case SequenceNode sequence:
                foreach (var part in sequence.Parts)
                    Write(part, key);
                break;
            case AlternationNode alternation:
                key.Append('(');
                foreach (var branch in alternation.Branches)
                {
                    Write(branch, key);
                    key.Append('|');
                }

                key.Append(')');
                break;
            case RepeatNode repeat:
                key.Append('(');
                Write(repeat.Body, key);
                key.Append(CultureInfo.InvariantCulture, $"){{{repeat.Min},{repeat.Max},{repeat.Mode}}}");
                break;
            case CaptureNode capture:
                Write(capture.Body, key);
                break;
            case AtomicNode atomic:
                Write(atomic.Body, key);
                break;
            case AnchorNode anchor:
                key.Append(CultureInfo.InvariantCulture, $"<{anchor.Kind}>");
                break;
            default:
                // Look-around and \K take no part in an automaton.
                break;
        }
    }

    /// <summary>A pattern with what it is worth.</summary>
    /// <param name="Node">The pattern.</param>
    /// <param name="Share">Share of the places in a text where it matches, about.</param>
    /// <param name="States">States it takes.</param>
    private sealed record Factor(PatternNode Node, double Share, int States);

    // The whole node, if it can stand in a factor as it is; null for what has no bound or no place in an automaton.
    private static Factor? Whole(PatternNode node)
    {
        switch (node)
        {
            case SetNode set:
                return new(node, OctetFrequency.Of(set.Set), 1);
            case AnchorNode:
                return new(node, 1, 1);
            case CaptureNode capture:
                return Whole(capture.Body);
            case AtomicNode atomic:
                return Whole(atomic.Body);
            case LookNode:
                // What it asks for is left out: that matches more, never less.
                return new(PatternNode.Empty, 1, 0);
            case SequenceNode sequence:
                return Joined(sequence.Parts);
            case AlternationNode alternation:
                return Spellings(alternation) ?? Either(alternation.Branches, Whole);
            case RepeatNode { Max: <= MaxSpan } repeat when Whole(repeat.Body) is { } body:
                var states = (long)Math.Max(body.States, 1) * Math.Max(repeat.Max, 1);
                return states > MaxStates ? null : new(node, Math.Pow(body.Share, repeat.Min), (int)states);
            default:
                return null;
        }
    }

    // The spellings of a letter, each of a few octets: any of their first octets, then any of the others. That matches more, with a few states.
    private static Factor? Spellings(AlternationNode alternation)
    {
        if (alternation.Branches.Count < ManySpellings)
            return null;
        var (first, rest) = (OctetSet.None, OctetSet.None);
        var (least, most) = (int.MaxValue, 0);
        foreach (var branch in alternation.Branches)
        {
            IReadOnlyList<PatternNode> parts = branch is SequenceNode sequence ? sequence.Parts : [branch];
            if (parts.Count is 0 or > MaxSpelling || !parts.All(static part => part is SetNode))
                return null;
            first |= ((SetNode)parts[0]).Set;
            foreach (var part in parts.Skip(1))
                rest |= ((SetNode)part).Set;
            (least, most) = (Math.Min(least, parts.Count), Math.Max(most, parts.Count));
        }

        var share = OctetFrequency.Of(first);
        if (most == 1)
            return new(new SetNode(first), share, 1);
        var tail = new RepeatNode(new SetNode(rest), least - 1, most - 1, RepeatMode.Greedy);
        return new(new SequenceNode([new SetNode(first), tail]), share, 2 * most);
    }

    private static Factor? Joined(IReadOnlyList<PatternNode> parts)
    {
        var (share, states) = (1.0, 0);
        var nodes = new List<PatternNode>(parts.Count);
        foreach (var part in parts)
        {
            if (Whole(part) is not { } whole || (states += whole.States) > MaxStates)
                return null;
            share *= whole.Share;
            nodes.Add(whole.Node);
        }

        return new(new SequenceNode(nodes), share, states);
    }

    private static Factor? Either(IReadOnlyList<PatternNode> branches, Func<PatternNode, Factor?> of)
    {
        var (share, states) = (0.0, 0);
        var nodes = new List<PatternNode>(branches.Count);
        foreach (var branch in branches)
        {
            if (of(branch) is not { } factor || (states += factor.States + 1) > MaxStates)
                return null;
            share += factor.Share;
            nodes.Add(factor.Node);
        }

        return new(new AlternationNode(nodes), Math.Min(share, 1), states);
    }

    private static Factor? Best(PatternNode node) =>
        node switch
        {
            SetNode => Whole(node),
            CaptureNode capture => Best(capture.Body),
            AtomicNode atomic => Best(atomic.Body),
            AlternationNode alternation => Either(alternation.Branches, Best),
            RepeatNode { Min: > 0 } => Window([node]),
            SequenceNode sequence => Window(sequence.Parts),
            _ => null,
        };

    // The rarest run of neighbouring pieces.
    private static Factor? Window(IReadOnlyList<PatternNode> parts)
    {
        var pieces = new List<Factor?>();
        Factor? best = null;
        foreach (var part in parts)
            Add(part, pieces, ref best);
        for (var start = 0; start < pieces.Count; start++)
        {
            var (share, states) = (1.0, 0);
            for (var end = start; end < pieces.Count && pieces[end] is { } piece; end++)
            {
                states += piece.States;
                if (states > MaxStates)
                    break;
                share *= piece.Share;
                if (best is null || share < best.Share)
                    best = new(
                        new SequenceNode([.. pieces[start..(end + 1)].Select(static one => one!.Node)]),
                        share,
                        states
                    );
                if (share < EnoughShare)
                    break;
            }
        }

        return best;
    }

    // A null among the pieces says that anything may stand there.
    private static void Add(PatternNode part, List<Factor?> pieces, ref Factor? best)
    {
        if (Whole(part) is { } whole)
        {
            pieces.Add(whole);
            return;
        }

        switch (part)
        {
            case SequenceNode sequence:
                foreach (var inner in sequence.Parts)
                    Add(inner, pieces, ref best);
                return;
            case CaptureNode capture:
                Add(capture.Body, pieces, ref best);
                return;
            case AtomicNode atomic:
                Add(atomic.Body, pieces, ref best);
                return;
            case RepeatNode { Min: > 0 } repeat when Whole(repeat.Body) is { } body:
                var times = Math.Min(repeat.Min, MaxTimes);
                for (var i = 0; i < times; i++)
                    pieces.Add(body);
                if (repeat.Min == repeat.Max && repeat.Min <= MaxTimes)
                    return;
                pieces.Add(null);
                for (var i = 0; i < times; i++)
                    pieces.Add(body);
                return;
            default:
                var inside = part is RepeatNode { Min: > 0 } once ? Best(once.Body) : Best(part);
                if (inside is not null && (best is null || inside.Share < best.Share))
                    best = inside;
                pieces.Add(null);
                return;
        }
    }
}
