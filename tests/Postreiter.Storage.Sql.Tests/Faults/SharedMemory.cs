using System.Runtime.InteropServices;

namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>
/// The index of a write-ahead log: memory that the connections of one process share, with its eight locks. The last one to
/// leave takes it along, so the next one recovers the log, as after a restart.
/// </summary>
internal sealed unsafe class SharedMemory
{
    private const int Locks = 8;
    private readonly List<nint> _regions = [];
    private readonly List<object>[] _shared = [.. Enumerable.Range(0, Locks).Select(_ => new List<object>())];
    private readonly object?[] _exclusive = new object?[Locks];
    private readonly HashSet<object> _users = [];

    public void Join(object user) => _users.Add(user);

    /// <returns>True when nobody is left.</returns>
    public bool Leave(object user)
    {
        TryLock(user, 0, Locks, take: false, exclusive: false);
        _users.Remove(user);
        if (_users.Count > 0)
            return false;
        foreach (var region in _regions)
            NativeMemory.Free((void*)region);
        _regions.Clear();
        return true;
    }

    public nint Map(int index, int size, bool extend)
    {
        while (extend && _regions.Count <= index)
            _regions.Add((nint)NativeMemory.AllocZeroed((nuint)size));
        return index < _regions.Count ? _regions[index] : 0;
    }

    public bool TryLock(object user, int first, int count, bool take, bool exclusive)
    {
        for (var i = first; i < first + count; i++)
        {
            if (!take)
                continue;
            if (_exclusive[i] is { } holder && holder != user)
                return false;
            if (exclusive && _shared[i].Exists(u => u != user))
                return false;
        }

        for (var i = first; i < first + count; i++)
        {
            if (!take)
            {
                _shared[i].Remove(user);
                if (_exclusive[i] == user)
                    _exclusive[i] = null;
            }
            else if (exclusive)
            {
                _exclusive[i] = user;
            }
            else if (!_shared[i].Contains(user))
            {
                _shared[i].Add(user);
            }
        }

        return true;
    }
}
