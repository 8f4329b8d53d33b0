using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>
/// Runs an <see cref="Automaton"/> over lines, and makes it deterministic as far as the lines need. One step an octet, whatever the
/// pattern; the memory is bounded: a full table is emptied and begun again. Used by one thread at a time.
/// </summary>
internal sealed class LazyAutomaton
{
    private const int Unknown = 0;
    private const int Dead = int.MinValue;
    private readonly Automaton _automaton;
    private readonly byte[] _classes;
    private readonly int _symbols;
    private readonly int _maxStates;
    private readonly long _maxSetBytes;
    private readonly List<Known> _known = [];
    private readonly Dictionary<Known, int> _numbers = new(KnownComparer.Instance);
    private readonly Dictionary<int, int[]> _found = [];
    private readonly int[] _seen;
    private readonly Stack<int> _open = [];
    private readonly List<int> _next = [];
    private readonly List<int> _matched = [];
    private readonly (int[] Next, int[] Matched)?[] _begun;
    private int[] _table;
    private int _dead = -1;

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
        _maxStates = Math.Max(64, maxBytes / (4 * _symbols));
        _maxSetBytes = Math.Max(1 << 16, 2L * maxBytes);
        _table = new int[1 + (4 * _symbols)];
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
    public long Bytes => (_table.Length * 4L) + (_seen.Length * 4L) + _setBytes;

    /// <summary>Number of times the table was emptied because it was full.</summary>
    public int Flushes { get; private set; }

    /// <summary>Number of transitions worked out; each costs about as much as the automaton has live states.</summary>
    public long Misses { get; private set; }

    /// <summary>Puts the places of all patterns that match in a line into a set; stops when none is left that could.</summary>
    /// <param name="line">Octets.</param>
    /// <param name="found">Empty before.</param>
    public void Find(ReadOnlySpan<char> line, CandidateSet found)
    {
        var state = Start();
        var endsWithLineEnd = line is [.., '\n'];
        if (endsWithLineEnd)
            line = line[..^1];
        var (table, classes) = (_table, _classes);
        foreach (var octet in line)
        {
            var symbol = classes[(byte)octet];
            var next = table[state + symbol];
            if (next <= Unknown)
            {
                next = Slow(ref state, symbol, next, found);
                if (next == _dead || found.Count == _automaton.Starts.Length)
                    return;
                table = _table;
            }
            state = next;
        }
        if (endsWithLineEnd)
            state = Step(state, _symbols - 2, found);
        if (state != _dead)
            _ = Step(state, _symbols - 1, found);
    }

    private int Step(int state, int symbol, CandidateSet found)
    {
        var next = _table[state + symbol];
        return next > Unknown ? next : Slow(ref state, symbol, next, found);
    }

    // A transition that is not known yet, one that finds something, or one into the end of all hope.
    private int Slow(ref int state, int symbol, int next, CandidateSet found)
    {
        if (next == Unknown)
            next = Work(ref state, symbol);
        if (next == Dead)
            return _dead;
        if (next > 0)
            return next;
        found.Add(_found[state + symbol]);
        return -next;
    }

    private int Start()
    {
        if (_known.Count == 0)
        {
            var starts = (int[])_automaton.Starts.Clone();
            Array.Sort(starts);
            Number(new Known(starts, Before.Start, Hash(starts, Before.Start)));
        }
        return Place(0);
    }

    // Where the row of a state begins in the table; never 0, which says that a transition is not known.
    private int Place(int number) => 1 + (number * _symbols);

    private int Work(ref int state, int symbol)
    {
        Misses++;
        var known = _known[(state - 1) / _symbols];
        var isEnd = symbol == _symbols - 1;
        var isFinal = symbol == _symbols - 2;
        var octet =
            isEnd ? -1
            : isFinal ? '\n'
            : _automaton.Representatives[symbol];
        Close(known, symbol, octet, isFinal);

        var next = Target(octet);
        if ((_known.Count >= _maxStates || _setBytes > _maxSetBytes) && !_numbers.ContainsKey(next))
            state = Place(Flush(known));
        var place = Place(Number(next));
        // Nothing is alive, and nothing begins any more.
        if (next.States.Length == 0 && _automaton.IsAnchored)
            _dead = place;
        if (_matched.Count > 0)
        {
            _found[state + symbol] = [.. _matched];
            return _table[state + symbol] = -place;
        }

        _table[state + symbol] = place == _dead ? Dead : place;
        return _table[state + symbol];
    }

    // The table is emptied; the state in hand is kept, after the one that every line begins with.
    private int Flush(Known known)
    {
        Flushes++;
        _known.Clear();
        _numbers.Clear();
        _found.Clear();
        _setBytes = 0;
        _dead = -1;
        Array.Clear(_table);
        Start();
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
        var before =
            octet == '\n' && _automaton.HasLineStarts ? Before.LineEnd
            : _automaton.HasWordBorders && IsWord(octet) ? Before.Word
            : Before.Other;
        return new Known(states, before, Hash(states, before));
    }

    private int Number(Known known)
    {
        if (_numbers.TryGetValue(known, out var number))
            return number;
        number = _known.Count;
        _setBytes += 64 + (4L * known.States.Length);
        _known.Add(known);
        _numbers.Add(known, number);
        if (1 + (_known.Count * _symbols) > _table.Length)
            Array.Resize(ref _table, Math.Min(_table.Length * 2, 1 + ((_maxStates + 2) * _symbols)));
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
