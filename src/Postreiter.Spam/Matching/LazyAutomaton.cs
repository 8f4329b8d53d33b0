using Postreiter.Spam.Patterns;

namespace Postreiter.Spam.Matching;

/// <summary>
/// Runs an <see cref="Automaton"/> over lines, and makes it deterministic as far as the lines need. One step an octet, whatever the
/// pattern; the memory is bounded: a full table is emptied and begun again. Used by one thread at a time.
/// </summary>
internal sealed class LazyAutomaton
{
    private const int Unknown = 0;
    private readonly Automaton _automaton;
    private readonly byte[] _classes;
    private readonly int _symbols;
    private readonly int _maxStates;
    private readonly List<Known> _known = [];
    private readonly Dictionary<Known, int> _numbers = new(KnownComparer.Instance);
    private readonly Dictionary<int, int[]> _found = [];
    private readonly int[] _seen;
    private readonly Stack<int> _open = [];
    private readonly List<int> _next = [];
    private readonly List<int> _matched = [];
    private int[] _table;
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
        _table = new int[4 * _symbols];
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

    /// <summary>What the table takes, about.</summary>
    public long Bytes => (_table.Length * 4L) + (_seen.Length * 4L);

    /// <summary>Number of times the table was emptied because it was full.</summary>
    public int Flushes { get; private set; }

    /// <summary>Number of transitions worked out; each costs about as much as the automaton has live states.</summary>
    public long Misses { get; private set; }

    /// <summary>Puts the places of all patterns that match in a line into a set.</summary>
    public void Find(ReadOnlySpan<char> line, CandidateSet found)
    {
        var state = Start();
        var length = line.Length;
        var endsWithLineEnd = length > 0 && line[^1] == '\n';
        if (endsWithLineEnd)
            line = line[..^1];
        var (table, classes, symbols) = (_table, _classes, _symbols);
        foreach (var octet in line)
        {
            var symbol = classes[(byte)octet];
            var next = table[(state * symbols) + symbol];
            if (next <= Unknown)
            {
                next = Slow(ref state, symbol, next, found);
                table = _table;
            }
            state = next - 1;
        }
        if (endsWithLineEnd)
            state = Step(state, _symbols - 2, found);
        _ = Step(state, _symbols - 1, found);
    }

    private int Step(int state, int symbol, CandidateSet found)
    {
        var next = _table[(state * _symbols) + symbol];
        return (next > Unknown ? next : Slow(ref state, symbol, next, found)) - 1;
    }

    // A transition that is not known yet, or one that finds something.
    private int Slow(ref int state, int symbol, int next, CandidateSet found)
    {
        if (next == Unknown)
            next = Work(ref state, symbol);
        if (next > 0)
            return next;
        found.Add(_found[(state * _symbols) + symbol]);
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
        return 0;
    }

    private int Work(ref int state, int symbol)
    {
        Misses++;
        var known = _known[state];
        var isEnd = symbol == _symbols - 1;
        var isFinal = symbol == _symbols - 2;
        var octet =
            isEnd ? -1
            : isFinal ? '\n'
            : _automaton.Representatives[symbol];
        Close(known, octet, isFinal);

        var next = Target(octet);
        if (_known.Count >= _maxStates && !_numbers.ContainsKey(next))
            state = Flush(known);
        var number = Number(next) + 1;
        var place = (state * _symbols) + symbol;
        if (_matched.Count > 0)
        {
            _found[place] = [.. _matched];
            number = -number;
        }
        return _table[place] = number;
    }

    // The table is emptied; the state in hand is kept, after the one that every line begins with.
    private int Flush(Known known)
    {
        Flushes++;
        _known.Clear();
        _numbers.Clear();
        _found.Clear();
        Array.Clear(_table);
        Start();
        return Number(known);
    }

    // Follows everything that takes no octet, and takes the octet.
    private void Close(in Known known, int octet, bool isFinal)
    {
        var states = _automaton.States;
        _round++;
        _next.Clear();
        _matched.Clear();
        foreach (var state in known.States)
            Open(state);
        if (known.Before != Before.Start)
        {
            foreach (var state in _automaton.Starts)
                Open(state);
        }
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
                    if (Holds((AnchorKind)state.Value, known.Before, octet, isFinal))
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
        _known.Add(known);
        _numbers.Add(known, number);
        if (_known.Count * _symbols > _table.Length)
            Array.Resize(ref _table, Math.Min(_table.Length * 2, (_maxStates + 2) * _symbols));
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
