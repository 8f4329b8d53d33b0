using System.Numerics;
using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>
/// Runs an <see cref="Automaton"/> over lines, and makes it deterministic as far as the lines need. One step an octet, whatever the
/// pattern; the memory is bounded: a full table is emptied and begun again. Used by one thread at a time.
/// </summary>
internal sealed class LazyAutomaton
{
    // What the table says of a transition: 0 = not worked out yet, 1 to 0x7fff = the row it goes to, from 0x8000 on = one that finds
    // something, and the last = no match is possible any more.
    private const ushort Unknown = 0;
    private const ushort Finding = 0x8000;
    private const ushort Dead = ushort.MaxValue;
    private const int MostStates = 0x7f00;
    private readonly Automaton _automaton;
    private readonly byte[] _classes;
    private readonly int _symbols;

    // Rows are as long as a power of two. Most steps look at their beginnings: the symbols of frequent octets stand first.
    private readonly int _shift;
    private readonly int _maxStates;
    private readonly long _maxSetBytes;
    private readonly List<Known> _known = [];
    private readonly Dictionary<Known, int> _numbers = new(KnownComparer.Instance);

    // Transitions that find something: where they go and what they find.
    private readonly List<(int Next, int[] Matched)> _found = [];
    private readonly int[] _seen;
    private readonly Stack<int> _open = [];
    private readonly List<int> _next = [];
    private readonly List<int> _matched = [];
    private readonly (int[] Next, int[] Matched)?[] _begun;
    private ushort[] _table;
    private int _dead = -1;

    // States that lines are begun in, by what stands before; 0 = not made yet.
    private readonly int[] _entries = new int[4];

    // What the sets of states take; those of large patterns far more than the table.
    private long _setBytes;
    private int _round;

    /// <summary>An empty table.</summary>
    /// <param name="automaton">The patterns.</param>
    /// <param name="maxBytes">Size of the table. Default 1 MiB.</param>
    public LazyAutomaton(Automaton automaton, int maxBytes = 1 << 20)
    {
        _automaton = automaton;
        _classes = automaton.Classes;
        // Two more than classes of octets: a line end that ends the text, and the end itself.
        _symbols = automaton.Representatives.Length + 2;
        _shift = BitOperations.Log2((uint)_symbols - 1) + 1;
        _maxStates = Math.Clamp(maxBytes / (2 << _shift), 64, MostStates);
        _maxSetBytes = Math.Max(1 << 16, 2L * maxBytes);
        _table = new ushort[4 << _shift];
        _begun = new (int[], int[])?[4 * _symbols];
        _seen = new int[automaton.States.Length];
    }

    /// <summary>The octet before a place.</summary>
    private enum Before : byte
    {
        Start,
        LineEnd,
        Word,
        Other,
    }

    /// <summary>States of the automaton that are alive between two octets, in order.</summary>
    private readonly record struct Known(int[] States, Before Before, int Hash);

    /// <summary>The patterns it runs.</summary>
    public Automaton Automaton => _automaton;

    /// <summary>What the table takes, about.</summary>
    public long Bytes => (_table.Length * 2L) + (_seen.Length * 4L) + _setBytes;

    /// <summary>Number of times the table was emptied because it was full.</summary>
    public int Flushes { get; private set; }

    /// <summary>Number of transitions worked out; each costs about as much as the automaton has live states.</summary>
    public long Misses { get; private set; }

    /// <summary>Puts the patterns that match in a part of a line into a set, with the places where matches end.</summary>
    /// <param name="line">Octets.</param>
    /// <param name="from">Where matches may begin.</param>
    /// <param name="till">Behind the last octet that is looked at: at least one behind the end of a match, unless the line ends there.</param>
    /// <param name="found">Empty before.</param>
    /// <param name="stopsAtAll">Whether the search ends when each pattern has matched once.</param>
    public void Find(ReadOnlySpan<char> line, int from, int till, CandidateSet found, bool stopsAtAll)
    {
        var state = Start(from == 0 ? Before.Start : BeforeNext(line[from - 1]));
        var endsWithLineEnd = till == line.Length && line is [.., '\n'];
        var end = endsWithLineEnd ? till - 1 : till;
        var all = stopsAtAll ? _automaton.Starts.Length : -1;
        var (table, classes, shift) = (_table, _classes, _shift);
        for (var at = from; at < end; at++)
        {
            var symbol = classes[(byte)line[at]];
            int next = table[(state << shift) + symbol];
            if ((short)next <= 0)
            {
                next = Slow(state, symbol, at, found);
                if (next == _dead || found.Count == all)
                    return;
                table = _table;
            }
            state = next;
        }
        if (till < line.Length)
            return;
        if (endsWithLineEnd)
            state = Step(state, _symbols - 2, end, found);
        if (state != _dead)
            _ = Step(state, _symbols - 1, line.Length, found);
    }

    private int Step(int state, int symbol, int at, CandidateSet found)
    {
        int next = _table[(state << _shift) + symbol];
        return (short)next > 0 ? next : Slow(state, symbol, at, found);
    }

    // A transition that is not known yet, one that finds something, or one into the end of all hope.
    private int Slow(int state, int symbol, int at, CandidateSet found)
    {
        var next = _table[(state << _shift) + symbol];
        if (next == Unknown)
            next = Work(state, symbol);
        if (next == Dead)
            return _dead;
        if (next < Finding)
            return next;
        var (target, matched) = _found[next - Finding];
        found.Add(matched, at);
        return target;
    }

    // In the middle of a line nothing is alive yet: what begins there is added by every step.
    private int Start(Before before)
    {
        ref var entry = ref _entries[(int)before];
        if (entry > 0)
            return entry;
        int[] alive = before == Before.Start ? [.. _automaton.Starts.Order()] : [];
        return entry = Number(new Known(alive, before, Hash(alive, before)));
    }

    private ushort Work(int state, int symbol)
    {
        Misses++;
        var known = _known[state - 1];
        var isEnd = symbol == _symbols - 1;
        var isFinal = symbol == _symbols - 2;
        var octet =
            isEnd ? -1
            : isFinal ? '\n'
            : _automaton.Representatives[symbol];
        Close(known, symbol, octet, isFinal);

        var next = Target(octet);
        var isFull = _known.Count >= _maxStates || _setBytes > _maxSetBytes;
        if (_found.Count == MostStates || (isFull && !_numbers.ContainsKey(next)))
            state = Flush(known);
        var number = Number(next);
        // Nothing is alive, and nothing begins any more.
        if (next.States.Length == 0 && _automaton.IsAnchored)
            _dead = number;
        ref var transition = ref _table[(state << _shift) + symbol];
        if (_matched.Count == 0)
            return transition = number == _dead ? Dead : (ushort)number;
        _found.Add((number, [.. _matched]));
        return transition = (ushort)(Finding + _found.Count - 1);
    }

    // The table is emptied; the state in hand is kept. Gives its number.
    private int Flush(Known known)
    {
        Flushes++;
        _known.Clear();
        _numbers.Clear();
        _found.Clear();
        _setBytes = 0;
        _dead = -1;
        Array.Clear(_table);
        Array.Clear(_entries);
        return Number(known);
    }

    // Follows everything that takes no octet, and takes the octet. What begins at this place is the same for all states with the same
    // octet before: worked out once.
    private void Close(in Known known, int symbol, int octet, bool isFinal)
    {
        if (known.Before == Before.Start)
        {
            Follow(known.States, known.Before, octet, isFinal);
            return;
        }

        ref var begun = ref _begun[((int)known.Before * _symbols) + symbol];
        if (begun is null)
        {
            Follow(_automaton.Starts, known.Before, octet, isFinal);
            begun = ([.. _next], [.. _matched]);
        }

        Follow(known.States, known.Before, octet, isFinal);
        _next.AddRange(begun.Value.Next);
        _matched.AddRange(begun.Value.Matched);
    }

    private void Follow(int[] from, Before before, int octet, bool isFinal)
    {
        var states = _automaton.States;
        _round++;
        _next.Clear();
        _matched.Clear();
        foreach (var state in from)
            Open(state);
        while (_open.TryPop(out var number))
        {
            ref readonly var state = ref states[number];
            switch (state.Kind)
            {
                case StateKind.Set:
                    if (octet >= 0 && _automaton.Sets[state.Value].Contains(octet))
                        _next.Add(state.Next);
                    break;
                case StateKind.Split:
                    Open(state.Next);
                    Open(state.Other);
                    break;
                case StateKind.Anchor:
                    if (Holds((AnchorKind)state.Value, before, octet, isFinal))
                        Open(state.Next);
                    break;
                default:
                    _matched.Add(state.Value);
                    break;
            }
        }
    }

    private void Open(int state)
    {
        if (_seen[state] == _round)
            return;
        _seen[state] = _round;
        _open.Push(state);
    }

    private static bool Holds(AnchorKind anchor, Before before, int octet, bool isFinal) =>
        anchor switch
        {
            AnchorKind.Start => before == Before.Start,
            // Not behind a line end that ends the text: there is nothing more, so no line begins.
            AnchorKind.LineStart => before == Before.Start || (before == Before.LineEnd && octet >= 0),
            AnchorKind.End => octet < 0 || isFinal,
            AnchorKind.LineEnd => octet is < 0 or '\n',
            AnchorKind.AbsoluteEnd => octet < 0,
            AnchorKind.WordBorder => (before == Before.Word) != IsWord(octet),
            _ => (before == Before.Word) == IsWord(octet),
        };

    private static bool IsWord(int octet) => octet >= 0 && OctetSet.Word.Contains(octet);

    private Known Target(int octet)
    {
        _next.Sort();
        var states = new int[_next.Count];
        var count = 0;
        foreach (var state in _next)
        {
            if (count == 0 || states[count - 1] != state)
                states[count++] = state;
        }
        Array.Resize(ref states, count);
        var before = BeforeNext(octet);
        return new Known(states, before, Hash(states, before));
    }

    private Before BeforeNext(int octet) =>
        octet == '\n' && _automaton.HasLineStarts ? Before.LineEnd
        : _automaton.HasWordBorders && IsWord(octet) ? Before.Word
        : Before.Other;

    private int Number(Known known)
    {
        if (_numbers.TryGetValue(known, out var number))
            return number;
        _setBytes += 64 + (4L * known.States.Length);
        _known.Add(known);
        // Row 0 belongs to none: 0 says that a transition is not known.
        number = _known.Count;
        _numbers.Add(known, number);
        if ((number + 1) << _shift > _table.Length)
            Array.Resize(ref _table, Math.Min(_table.Length * 2, (_maxStates + 16) << _shift));
        return number;
    }

    private static int Hash(int[] states, Before before)
    {
        var hash = default(HashCode);
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(states));
        hash.Add(before);
        return hash.ToHashCode();
    }

    private sealed class KnownComparer : IEqualityComparer<Known>
    {
        public static readonly KnownComparer Instance = new();

        public bool Equals(Known one, Known other) =>
            one.Hash == other.Hash && one.Before == other.Before && one.States.AsSpan().SequenceEqual(other.States);

        public int GetHashCode(Known known) => known.Hash;
    }
}
