using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Sql.Sqlite;

/// <summary>Units of work that share one sync of their contents and one commit.</summary>
internal sealed class WorkBatch
{
    private const int MostUnits = 512;
    private const long MostBytes = 16 * 1024 * 1024;

    /// <summary>In the order they came.</summary>
    public List<WorkUnit> Units { get; } = [];

    /// <summary>Places of contents that were made durable for these units or, a moment ago, for the batch before.</summary>
    public Dictionary<BlobId, BlobLocation> Places { get; } = [];

    /// <summary>Contents among them that were there, but damaged: their rows get the new place.</summary>
    public HashSet<BlobId> Damaged { get; } = [];

    /// <summary>One unit that runs alone.</summary>
    public bool IsAlone => Units is [{ IsAlone: true }];

    /// <summary>Waits for a unit, then takes what is there, within bounds of count and bytes.</summary>
    /// <param name="waiting">Where they come from.</param>
    /// <param name="kept">A unit that was taken and has to run in a batch of its own, or null.</param>
    /// <returns>False when no more will come.</returns>
    public bool Take(WorkQueue waiting, ref WorkUnit? kept)
    {
        Units.Clear();
        Places.Clear();
        Damaged.Clear();
        var unit = kept;
        kept = null;
        if (unit is null && !waiting.TryTake(out unit, waits: true))
            return false;
        for (var bytes = 0L; ; )
        {
            Units.Add(unit);
            foreach (var content in unit.Contents)
                bytes += content.Length;
            if (
                unit.IsAlone
                || Units.Count == MostUnits
                || bytes >= MostBytes
                || !waiting.TryTake(out unit, waits: false)
            )
                return true;
            if (!unit.IsAlone)
                continue;
            kept = unit;
            return true;
        }
    }
}
