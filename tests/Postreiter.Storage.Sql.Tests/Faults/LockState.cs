namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>SQLite's five lock levels of one database file, among the connections of one process.</summary>
internal sealed class LockState
{
    private readonly Dictionary<object, int> _levels = [];

    public const int Free = 0;
    public const int Shared = 1;
    public const int Reserved = 2;
    public const int Pending = 3;
    public const int Exclusive = 4;

    public bool IsReserved => _levels.Values.Any(l => l >= Reserved);

    /// <summary>Takes a level; false when another holds what forbids it.</summary>
    public bool TryLock(object owner, int level)
    {
        var mine = _levels.GetValueOrDefault(owner);
        if (mine >= level)
            return true;
        var others = _levels.Where(l => l.Key != owner).Select(l => l.Value).DefaultIfEmpty(Free).Max();
        var most = level switch
        {
            Shared => Reserved,
            Reserved => Shared,
            _ => Shared,
        };
        if (others > most)
            return false;
        if (level == Exclusive && others >= Shared)
        {
            // No new reader comes in while the old ones leave.
            _levels[owner] = Pending;
            return false;
        }

        _levels[owner] = level;
        return true;
    }

    public void Unlock(object owner, int level)
    {
        if (level == Free)
            _levels.Remove(owner);
        else if (_levels.GetValueOrDefault(owner) > level)
            _levels[owner] = level;
    }
}
