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
        _next = new int[values.Count * _width];
        for (var place = 0; place < _next.Length; place++)
        {
            // A state that finds something is negative, so that the loop looks at one number only.
            var to = edges[place];
            _next[place] = values[to] is null ? to * _width : ~(to * _width);
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
