namespace Postreiter.Spam.Matching;

/// <summary>A set of small numbers, each with the first and the last place at which it was put in; emptied in no time.</summary>
internal sealed class CandidateSet(int size)
{
    private readonly int[] _seen = new int[size];
    private readonly int[] _list = new int[size];
    private readonly (int First, int Last)[] _places = new (int, int)[size];
    private int _round = 1;

    /// <summary>How many are in it.</summary>
    public int Count { get; private set; }

    /// <summary>Those in it, in order of arrival.</summary>
    public ReadOnlySpan<int> Items => _list.AsSpan(0, Count);

    /// <summary>Puts those in it in ascending order.</summary>
    public void Sort() => _list.AsSpan(0, Count).Sort();

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        Count = 0;
        if (++_round != int.MaxValue)
            return;
        Array.Clear(_seen);
        _round = 1;
    }

    /// <summary>The first and the last place at which one of them was put in.</summary>
    public (int First, int Last) Places(int value) => _places[value];

    /// <summary>Puts some in.</summary>
    /// <param name="values">Which.</param>
    /// <param name="at">A place.</param>
    public void Add(ReadOnlySpan<int> values, int at)
    {
        foreach (var value in values)
            Add(value, at, at);
    }

    /// <summary>Puts one in.</summary>
    public void Add(int value, int first = 0, int last = 0)
    {
        if (_seen[value] == _round)
        {
            ref var places = ref _places[value];
            places = (Math.Min(places.First, first), Math.Max(places.Last, last));
            return;
        }

        _seen[value] = _round;
        _list[Count++] = value;
        _places[value] = (first, last);
    }
}
