namespace Postreiter.Spam.Matching;

/// <summary>Finds all texts of a set at once, in one pass (Aho and Corasick), over folded octets and classes of octets.</summary>
internal sealed class LiteralAutomaton
{
    private readonly byte[] _classes = new byte[256];
    private readonly int[] _next;
    private readonly int[][] _found;
    private readonly int _width;

    /// <summary>Builds it.</summary>
    /// <param name="texts">Texts, ASCII letters small, with what they stand for.</param>
    public LiteralAutomaton(IReadOnlyList<(byte[] Text, int Value)> texts)
    {
        // Octets that no text holds are one class: 0.
        var width = 1;
        foreach (var (text, _) in texts)
        {
            foreach (var octet in text)
            {
                if (_classes[octet] == 0)
                    _classes[octet] = (byte)Math.Min(width++, 255);
            }
        }
        for (var letter = 'a'; letter <= 'z'; letter++)
            _classes[letter - 0x20] = _classes[letter];
        _width = Math.Min(width, 256);

        var edges = new List<int[]> { NewState() };
        var values = new List<HashSet<int>?> { null };
        foreach (var (text, value) in texts)
        {
            var state = 0;
            foreach (var octet in text)
            {
                ref var edge = ref edges[state][_classes[octet]];
                if (edge < 0)
                {
                    edge = edges.Count;
                    state = edge;
                    edges.Add(NewState());
                    values.Add(null);
                    continue;
                }
                state = edge;
            }
            (values[state] ??= []).Add(value);
        }
        Complete(edges, values);
        _next = new int[edges.Count * _width];
        for (var state = 0; state < edges.Count; state++)
        {
            for (var i = 0; i < _width; i++)
            {
                // A state that finds something is negative, so that the loop looks at one number only.
                var to = edges[state][i];
                _next[(state * _width) + i] = values[to] is null ? to * _width : ~(to * _width);
            }
        }
        _found = [.. values.Select(static set => set is null ? [] : set.ToArray())];
    }

    /// <summary>Number of states.</summary>
    public int States => _found.Length;

    /// <summary>Puts the values of all texts that stand in a line into a set.</summary>
    public void Find(ReadOnlySpan<char> line, CandidateSet found)
    {
        var (next, classes) = (_next, _classes);
        var state = 0;
        foreach (var octet in line)
        {
            state = next[state + classes[(byte)octet]];
            if (state < 0)
            {
                state = ~state;
                found.Add(_found[state / _width]);
            }
        }
    }

    /// <summary>Whether any of the texts stands in a line.</summary>
    public bool IsIn(ReadOnlySpan<char> line)
    {
        var state = 0;
        foreach (var octet in line)
        {
            state = _next[state + _classes[(byte)octet]];
            if (state < 0)
                return true;
        }

        return false;
    }

    private int[] NewState()
    {
        var state = new int[_width];
        Array.Fill(state, -1);
        return state;
    }

    // Breadth first: where a state has no edge, that of the longest tail that is a state.
    private void Complete(List<int[]> edges, List<HashSet<int>?> values)
    {
        var tails = new int[edges.Count];
        var queue = new Queue<int>();
        for (var i = 0; i < _width; i++)
        {
            ref var edge = ref edges[0][i];
            if (edge < 0)
                edge = 0;
            else
                queue.Enqueue(edge);
        }
        while (queue.TryDequeue(out var state))
        {
            var tail = tails[state];
            if (values[tail] is { } inherited)
                (values[state] ??= []).UnionWith(inherited);
            for (var i = 0; i < _width; i++)
            {
                ref var edge = ref edges[state][i];
                if (edge < 0)
                {
                    edge = edges[tail][i];
                    continue;
                }
                tails[edge] = edges[tail][i];
                queue.Enqueue(edge);
            }
        }
    }
}
