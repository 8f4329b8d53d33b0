using System.Numerics;

namespace Postreiter.Spam.Matching;

/// <summary>Finds all texts of a set at once, in one pass (Aho and Corasick), over folded octets and classes of octets.</summary>
internal sealed class LiteralAutomaton
{
    /// <summary>Texts that one automaton can have: its states are numbers of 15 bits.</summary>
    public const int MaxTexts = 4000;

    private const int Finding = 0x8000;
    private readonly byte[] _classes = new byte[256];

    // Rows are as long as a power of two. A state that finds something stands there as one of the list below, from 0x8000 on, so that
    // the loop looks at one number only.
    private readonly ushort[] _next;
    private readonly int _shift;

    // What they find, and their numbers.
    private readonly int[][] _found;
    private readonly int[] _finding;
    private readonly int _width;

    /// <summary>Builds it.</summary>
    /// <param name="texts">At most <see cref="MaxTexts"/> texts of 8 octets at most, ASCII letters small, with what they stand for.</param>
    public LiteralAutomaton(IReadOnlyList<(byte[] Text, int Value)> texts)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(texts.Count, MaxTexts);
        // Octets that no text holds are one class: 0. Those of frequent octets come next: the parts of the table that are used lie together.
        var used = texts
            .SelectMany(static one => one.Text)
            .Distinct()
            .OrderByDescending(static o => OctetFrequency.Of(o));
        var width = 1;
        foreach (var octet in used)
            _classes[octet] = (byte)Math.Min(width++, 255);
        for (var letter = 'a'; letter <= 'z'; letter++)
            _classes[letter - 0x20] = _classes[letter];
        _width = Math.Min(width, 256);

        // An edge that is not there is -1 until the end.
        var edges = new int[_width * 64];
        edges.AsSpan(0, _width).Fill(-1);
        var values = new List<HashSet<int>?> { null };
        foreach (var (text, value) in texts)
        {
            var state = 0;
            foreach (var octet in text)
            {
                var place = (state * _width) + _classes[octet];
                if (edges[place] < 0)
                {
                    edges[place] = values.Count;
                    values.Add(null);
                    if (values.Count * _width > edges.Length)
                        Array.Resize(ref edges, edges.Length * 2);
                    edges.AsSpan((values.Count - 1) * _width, _width).Fill(-1);
                }

                state = edges[place];
            }

            (values[state] ??= []).Add(value);
        }

        Complete(edges, values);
        _finding = [.. Enumerable.Range(0, values.Count).Where(state => values[state] is not null)];
        _found = [.. _finding.Select(state => values[state]!.ToArray())];
        int[] targets = [.. Enumerable.Range(0, values.Count)];
        for (var i = 0; i < _finding.Length; i++)
            targets[_finding[i]] = Finding + i;
        _shift = BitOperations.Log2((uint)_width - 1) + 1;
        _next = new ushort[values.Count << _shift];
        for (var state = 0; state < values.Count; state++)
        {
            for (var i = 0; i < _width; i++)
                _next[(state << _shift) + i] = (ushort)targets[edges[(state * _width) + i]];
        }
    }

    /// <summary>Puts the values of all texts that stand in a line into a set, with the places where they end.</summary>
    public void Find(ReadOnlySpan<char> line, CandidateSet found)
    {
        var (next, classes, shift) = (_next, _classes, _shift);
        var state = 0;
        for (var at = 0; at < line.Length; at++)
        {
            state = next[(state << shift) + classes[(byte)line[at]]];
            if (state >= Finding)
            {
                found.Add(_found[state - Finding], at + 1);
                state = _finding[state - Finding];
            }
        }
    }

    /// <summary>Whether any of the texts stands in a line.</summary>
    public bool IsIn(ReadOnlySpan<char> line)
    {
        var state = 0;
        foreach (var octet in line)
        {
            state = _next[(state << _shift) + _classes[(byte)octet]];
            if (state >= Finding)
                return true;
        }

        return false;
    }

    // Breadth first: where a state has no edge, that of the longest tail that is a state.
    private void Complete(int[] edges, List<HashSet<int>?> values)
    {
        var tails = new int[values.Count];
        var queue = new Queue<int>();
        for (var i = 0; i < _width; i++)
        {
            if (edges[i] < 0)
                edges[i] = 0;
            else
                queue.Enqueue(edges[i]);
        }

        while (queue.TryDequeue(out var state))
        {
            var tail = tails[state];
            if (values[tail] is { } inherited)
                (values[state] ??= []).UnionWith(inherited);
            for (var i = 0; i < _width; i++)
            {
                ref var edge = ref edges[(state * _width) + i];
                var inTail = edges[(tail * _width) + i];
                if (edge < 0)
                {
                    edge = inTail;
                    continue;
                }

                tails[edge] = inTail;
                queue.Enqueue(edge);
            }
        }
    }
}
