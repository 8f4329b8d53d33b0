namespace Postreiter.Spam.Matching;

/// <summary>A set of small numbers that is emptied in no time.</summary>
internal sealed class CandidateSet(int size)
{
    private readonly int[] _seen = new int[size];
    private readonly int[] _list = new int[size];
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

    /// <summary>Puts some in.</summary>
    public void Add(ReadOnlySpan<int> values)
    {
        foreach (var value in values)
            Add(value);
    }

    /// <summary>Puts one in.</summary>
    public void Add(int value)
    {
        if (_seen[value] == _round)
            return;
        _seen[value] = _round;
        _list[Count++] = value;
    }
}
