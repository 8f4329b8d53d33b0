namespace Postreiter.Storage.Sql.Tests.Faults;

/// <summary>A file as the system shows it, as the disk holds it, and the changes between the two.</summary>
internal sealed class SimulatedFile
{
    private const int Sector = 512;
    private readonly List<Change> _unsynced = [];
    private byte[] _shown = [];
    private byte[] _durable = [];
    private int _length;

    public SimulatedFile() { }

    public SimulatedFile(byte[] bytes) => (_shown, _durable, _length) = (bytes, [.. bytes], bytes.Length);

    /// <summary>A journal whose first sync makes its name durable as well, as SQLite's own layer for Unix does.</summary>
    public bool SyncsName { get; set; }

    public int Length => _length;

    public LockState Locks { get; } = new();

    public SharedMemory? Shared { get; set; }

    public int Read(long offset, Span<byte> to)
    {
        var count = (int)Math.Clamp(_length - offset, 0, to.Length);
        if (count > 0)
            _shown.AsSpan((int)offset, count).CopyTo(to);
        return count;
    }

    public void Write(long order, long offset, ReadOnlySpan<byte> bytes)
    {
        var change = new Change(order, (int)offset, bytes.ToArray());
        _unsynced.Add(change);
        Apply(ref _shown, ref _length, change);
    }

    public void Truncate(long order, long length)
    {
        var change = new Change(order, (int)length, null);
        _unsynced.Add(change);
        Apply(ref _shown, ref _length, change);
    }

    /// <summary>Everything written is durable, unless an earlier sync lost it.</summary>
    public void Sync()
    {
        _durable = Replay(_unsynced);
        _unsynced.Clear();
    }

    /// <summary>
    /// A sync that failed: some sectors landed, and the system takes the rest for clean as Linux does: it goes on showing
    /// them, and no later sync writes them unless they are written anew.
    /// </summary>
    public void LoseSync(Random random)
    {
        _durable = Survive(Loss.Scattered, random, 0);
        _unsynced.Clear();
    }

    /// <summary>The bytes after a crash.</summary>
    public byte[] Survive(Loss loss, Random random, long order)
    {
        switch (loss)
        {
            case Loss.ProcessOnly:
                return _shown[.._length];
            case Loss.AllUnsynced:
                return [.. _durable];
            case Loss.Later:
                var older = _unsynced.Where(c => c.Order < order).ToList();
                if (_unsynced.Find(c => c.Order == order) is { Bytes: { } torn } last)
                    older.Add(last with { Bytes = torn[..random.Next(torn.Length + 1)] });
                return Replay(older);
            default:
                var share = random.NextDouble();
                return Replay(_unsynced.SelectMany(c => Sectors(c)).Where(_ => random.NextDouble() < share));
        }
    }

    private byte[] Replay(IEnumerable<Change> changes)
    {
        var (bytes, length) = ((byte[])[.. _durable], _durable.Length);
        foreach (var change in changes)
            Apply(ref bytes, ref length, change);
        return bytes[..length];
    }

    private static void Apply(ref byte[] bytes, ref int length, Change change)
    {
        var end = change.Offset + (change.Bytes?.Length ?? 0);
        if (end > bytes.Length)
            Array.Resize(ref bytes, Math.Max(end, bytes.Length * 2));
        if (change.Bytes is null)
        {
            // What lies behind the end reads as zeros when the file grows again.
            if (end < length)
                bytes.AsSpan(end, length - end).Clear();
            length = end;
            return;
        }

        change.Bytes.CopyTo(bytes, change.Offset);
        length = Math.Max(length, end);
    }

    private static IEnumerable<Change> Sectors(Change change)
    {
        if (change.Bytes is not { Length: > 0 } bytes)
        {
            yield return change;
            yield break;
        }

        for (var at = 0; at < bytes.Length; )
        {
            var count = Math.Min(Sector - ((change.Offset + at) % Sector), bytes.Length - at);
            yield return new Change(change.Order, change.Offset + at, bytes[at..(at + count)]);
            at += count;
        }
    }

    /// <summary>A write, or without bytes a new length.</summary>
    private sealed record Change(long Order, int Offset, byte[]? Bytes);
}
