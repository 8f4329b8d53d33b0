using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>What a state of an automaton does.</summary>
internal enum StateKind : byte
{
    /// <summary>Takes an octet of a set.</summary>
    Set,

    /// <summary>Goes on in two places.</summary>
    Split,

    /// <summary>Goes on where a place is what the pattern asks for.</summary>
    Anchor,

    /// <summary>A pattern has matched.</summary>
    Match,
}

/// <summary>A state.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Value">Number of the set, the <see cref="AnchorKind"/>, or the pattern's number.</param>
/// <param name="Next">Where it goes on.</param>
/// <param name="Other">The second place of a split.</param>
internal readonly record struct AutomatonState(StateKind Kind, int Value, int Next, int Other);

/// <summary>
/// Patterns of a group as one nondeterministic automaton over octets. What has no place in it is left out so that more is matched, never
/// less: look-around and back-references, and that a group gives nothing back.
/// </summary>
internal sealed class Automaton
{
    private const int MaxStates = 400_000;
    private const int MaxCopies = 4096;
    private readonly List<AutomatonState> _states = [];
    private readonly OctetSetTable _sets = new();
    private readonly int _maxCopies;
    private bool _isExact;

    private Automaton(int maxCopies) => _maxCopies = maxCopies;

    /// <summary>The states.</summary>
    public AutomatonState[] States { get; private set; } = [];

    /// <summary>Where each pattern begins.</summary>
    public int[] Starts { get; private set; } = [];

    /// <summary>Whether a pattern's matches are exactly those of the automaton, by its place in the group.</summary>
    public bool[] IsExact { get; private set; } = [];

    /// <summary>Class of each octet: octets of one class go everywhere together.</summary>
    public byte[] Classes { get; } = new byte[256];

    /// <summary>An octet of each class.</summary>
    public int[] Representatives { get; private set; } = [];

    /// <summary>The sets, by number.</summary>
    public OctetSet[] Sets { get; private set; } = [];

    /// <summary>Whether it matters if the octet before was a word character.</summary>
    public bool HasWordBorders { get; private set; }

    /// <summary>Whether it matters if the octet before was a line end.</summary>
    public bool HasLineStarts { get; private set; }

    /// <summary>Whether every match begins where the text does.</summary>
    public bool IsAnchored { get; private set; }

    /// <summary>States that a pattern takes; −1 when they are too many.</summary>
    public static int SizeOf(PatternNode pattern)
    {
        var automaton = new Automaton(MaxCopies);
        automaton.Add(pattern, automaton.Add(StateKind.Match, 0, -1, -1));
        return automaton._states.Count > MaxStates ? -1 : automaton._states.Count;
    }

    /// <summary>Builds one.</summary>
    /// <param name="patterns">The patterns; a match is told by the place in this list.</param>
    /// <param name="maxCopies">States that one counted repeat may take before it is counted no more. Default 4,096.</param>
    /// <returns>Null when the patterns are too large.</returns>
    public static Automaton? Build(IReadOnlyList<PatternNode> patterns, int maxCopies = MaxCopies)
    {
        var automaton = new Automaton(maxCopies);
        var (starts, exact) = (new int[patterns.Count], new bool[patterns.Count]);
        for (var i = 0; i < patterns.Count; i++)
        {
            automaton._isExact = true;
            starts[i] = automaton.Add(patterns[i], automaton.Add(StateKind.Match, i, -1, -1));
            exact[i] = automaton._isExact;
            if (automaton._states.Count > MaxStates)
                return null;
        }
        (automaton.Starts, automaton.IsExact) = (starts, exact);
        automaton.Complete();
        return automaton;
    }

    private void Complete()
    {
        States = [.. _states];
        // Cleared alone it would keep its room, several times what the rules take.
        _states.Clear();
        _states.TrimExcess();
        HasWordBorders = Uses(AnchorKind.WordBorder) || Uses(AnchorKind.NoWordBorder);
        HasLineStarts = Uses(AnchorKind.LineStart);
        IsAnchored = Array.TrueForAll(Starts, BeginsAtStart);
        _sets.Number(OctetSet.Of('\n'));
        if (HasWordBorders)
            _sets.Number(OctetSet.Word);
        Sets = _sets.Sets.ToArray();
        var representatives = new List<int> { 0 };
        // Each set divides every class into those in it and those not in it.
        var divided = new int[256];
        foreach (var set in Sets)
        {
            Array.Fill(divided, -1);
            var count = representatives.Count;
            for (var octet = 0; octet < 256; octet++)
            {
                var number = Classes[octet];
                if (set.Contains(octet) == set.Contains(representatives[number]))
                    continue;
                if (divided[number] < 0)
                {
                    divided[number] = representatives.Count;
                    representatives.Add(octet);
                }

                Classes[octet] = (byte)divided[number];
            }

            if (count == 256)
                break;
        }

        Representatives = [.. representatives];
        SortClasses();
    }

    // The classes of frequent octets come first, so that the parts of a table that are used lie together.
    private void SortClasses()
    {
        var shares = new double[Representatives.Length];
        for (var octet = 0; octet < 256; octet++)
            shares[Classes[octet]] += OctetFrequency.Of(octet);
        int[] order = [.. Enumerable.Range(0, shares.Length).OrderByDescending(one => shares[one])];
        var places = new byte[shares.Length];
        for (var i = 0; i < order.Length; i++)
            places[order[i]] = (byte)i;
        for (var octet = 0; octet < 256; octet++)
            Classes[octet] = places[Classes[octet]];
        Representatives = [.. order.Select(one => Representatives[one])];
    }

    private bool BeginsAtStart(int start)
    {
        var open = new Stack<int>([start]);
        var seen = new HashSet<int>();
        while (open.TryPop(out var number))
        {
            if (!seen.Add(number))
                continue;
            var state = States[number];
            if (state.Kind is StateKind.Set or StateKind.Match)
                return false;
            if (state.Kind == StateKind.Anchor && state.Value == (int)AnchorKind.Start)
                continue;
            open.Push(state.Next);
            if (state.Kind == StateKind.Split)
                open.Push(state.Other);
        }

        return true;
    }

    private bool Uses(AnchorKind kind) =>
        Array.Exists(States, state => state.Kind == StateKind.Anchor && state.Value == (int)kind);

    private int Add(StateKind kind, int value, int next, int other)
    {
        _states.Add(new AutomatonState(kind, value, next, other));
        return _states.Count - 1;
    }

    // From the end to the beginning: each part is given the state that follows it.
    private int Add(PatternNode node, int next)
    {
        if (_states.Count > MaxStates)
            return next;
        switch (node)
        {
            case SetNode set:
                return Add(StateKind.Set, _sets.Number(set.Set), next, -1);
            case SequenceNode sequence:
                for (var i = sequence.Parts.Count - 1; i >= 0; i--)
                    next = Add(sequence.Parts[i], next);
                return next;
            case AlternationNode alternation:
                return Alternation(alternation.Branches, next);
            case RepeatNode repeat:
                return Repeat(repeat, next);
            case CaptureNode capture:
                return Add(capture.Body, next);
            case AtomicNode atomic:
                _isExact = false;
                return Add(atomic.Body, next);
            case AnchorNode anchor:
                return Add(StateKind.Anchor, (int)anchor.Kind, next, -1);
            case BackReferenceNode:
                _isExact = false;
                return Loop(new SetNode(OctetSet.All), next);
            default:
                _isExact = false;
                return next;
        }
    }

    // Branches of one octet are one set.
    private int Alternation(IReadOnlyList<PatternNode> branches, int next)
    {
        var single = OctetSet.None;
        var entry = -1;
        for (var i = branches.Count - 1; i >= 0; i--)
        {
            if (branches[i] is SetNode set)
            {
                single |= set.Set;
                continue;
            }
            var branch = Add(branches[i], next);
            entry = entry < 0 ? branch : Add(StateKind.Split, 0, branch, entry);
        }
        if (single == OctetSet.None)
            return entry;
        var octet = Add(StateKind.Set, _sets.Number(single), next, -1);
        return entry < 0 ? octet : Add(StateKind.Split, 0, octet, entry);
    }

    private int Loop(PatternNode body, int next)
    {
        var loop = Add(StateKind.Split, 0, -1, next);
        var entry = Add(body, loop);
        _states[loop] = new AutomatonState(StateKind.Split, 0, entry, next);
        return loop;
    }

    private int Repeat(RepeatNode repeat, int next)
    {
        if (repeat.Mode == RepeatMode.Possessive)
            _isExact = false;
        if (repeat.Max == 0)
            return next;
        var before = _states.Count;
        var last = next;
        var limit = _states.Count + _maxCopies;
        var entry = repeat.Max == int.MaxValue ? Loop(repeat.Body, next) : next;
        if (repeat.Max != int.MaxValue)
        {
            for (var i = repeat.Min; i < repeat.Max; i++)
            {
                if (_states.Count > limit)
                {
                    _isExact = false;
                    _states.RemoveRange(before, _states.Count - before);
                    entry = Loop(repeat.Body, next);
                    break;
                }
                entry = Add(StateKind.Split, 0, Add(repeat.Body, entry), last);
            }
        }
        for (var i = 0; i < repeat.Min; i++)
        {
            if (_states.Count > limit + _maxCopies)
            {
                // What is not counted is taken as often as one likes: the loop goes in front of what stands.
                _isExact = false;
                return Loop(repeat.Body, entry);
            }
            entry = Add(repeat.Body, entry);
        }
        return entry;
    }
}
