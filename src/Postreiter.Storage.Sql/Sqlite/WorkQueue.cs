using System.Diagnostics.CodeAnalysis;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>
/// Units of work that wait for the writer. Who takes from it sleeps until there is one: the collections of the library spin first,
/// which on a machine of few processors takes them from the sessions that are to bring the work.
/// </summary>
/// <remarks>Not bounded by itself: every unit has a caller that waits for it, and callers are bounded (L12).</remarks>
internal sealed class WorkQueue
{
    private readonly object _gate = new();
    private readonly Queue<WorkUnit> _units = [];
    private bool _isClosed;

    /// <summary>Adds a unit.</summary>
    /// <returns>False when it is closed.</returns>
    public bool TryAdd(WorkUnit unit)
    {
        lock (_gate)
        {
            if (_isClosed)
                return false;
            _units.Enqueue(unit);
            // One waits at most: the thread at the writer's first step.
            if (_units.Count == 1)
                Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Takes the next unit.</summary>
    /// <param name="unit">Null when there is none.</param>
    /// <param name="waits">Whether to wait for one.</param>
    /// <returns>False when there is none; with <paramref name="waits"/>, when no more will come.</returns>
    public bool TryTake([NotNullWhen(true)] out WorkUnit? unit, bool waits)
    {
        lock (_gate)
        {
            while (waits && _units.Count == 0 && !_isClosed)
                Monitor.Wait(_gate);
            return _units.TryDequeue(out unit);
        }
    }

    /// <summary>Takes no more; what is in it can still be taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }
}
