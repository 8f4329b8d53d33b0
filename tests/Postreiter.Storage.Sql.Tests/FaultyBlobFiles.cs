using Postreiter.Storage.Blobs.Segments;

namespace Postreiter.Storage.Sql.Tests;

/// <summary>
/// Blob files in memory that know what a power loss would leave: bytes since the last sync of a file and names since the
/// last sync of the folder are lost. Faults are set by the test.
/// </summary>
internal sealed class FaultyBlobFiles : IBlobFiles
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Content> _names = [];
    private Dictionary<string, Content> _durableNames = [];

    /// <summary>The next sync of a file fails, and what it should have made durable is lost.</summary>
    public bool FailNextSync { get; set; }

    /// <summary>Writes fail as they do on a full disk.</summary>
    public bool IsFull { get; set; }

    /// <summary>The error number that writes fail with; 0 for none.</summary>
    public int WriteError { get; set; }

    private bool _isHeld;

    /// <summary>Called before each sync and each deletion, which a crash may prevent.</summary>
    public Action? BeforeStep { get; set; }

    /// <summary>Syncs take as long as this is held.</summary>
    public IDisposable HoldSyncs()
    {
        _isHeld = true;
        return new Release(this);
    }

    private sealed class Release(FaultyBlobFiles files) : IDisposable
    {
        public void Dispose()
        {
            lock (files._names)
            {
                files._isHeld = false;
                Monitor.PulseAll(files._names);
            }
        }
    }

    public (long Free, long Total) FreeSpace { get; set; } = (1L << 40, 1L << 41);

    /// <summary>What the disk holds after a power loss now.</summary>
    public FaultyBlobFiles AfterPowerLoss(byte[]? torn = null)
    {
        lock (_lock)
        {
            var after = new FaultyBlobFiles();
            foreach (var (name, content) in _durableNames)
            {
                byte[] bytes = name.EndsWith(".seg", StringComparison.Ordinal)
                    ? [.. content.Durable, .. torn ?? []]
                    : content.Durable;
                after._names[name] = new Content { Bytes = bytes, Durable = bytes };
            }

            after._durableNames = new(after._names);
            return after;
        }
    }

    public IReadOnlyList<string> List()
    {
        lock (_lock)
            return [.. _names.Keys];
    }

    public IBlobFile Open(string name, bool create)
    {
        lock (_lock)
        {
            if (!_names.TryGetValue(name, out var content))
            {
                if (!create)
                    throw new FileNotFoundException("not there", name);
                _names[name] = content = new Content();
            }

            return new Handle(this, content);
        }
    }

    public void Rename(string from, string to)
    {
        lock (_lock)
        {
            _names[to] = _names[from];
            _names.Remove(from);
        }
    }

    public void Delete(string name)
    {
        BeforeStep?.Invoke();
        lock (_lock)
            _names.Remove(name);
    }

    public void SyncDirectory()
    {
        lock (_lock)
            _durableNames = new(_names);
    }

    public (long Free, long Total) Space() => FreeSpace;

    /// <summary>Changes one stored byte.</summary>
    public void Damage(string name, int at)
    {
        lock (_lock)
            _names[name].Bytes[at] ^= 1;
    }

    private sealed class Content
    {
        public byte[] Bytes { get; set; } = [];

        public byte[] Durable { get; set; } = [];
    }

    private sealed class Handle(FaultyBlobFiles files, Content content) : IBlobFile
    {
        public long Length
        {
            get
            {
                lock (files._lock)
                    return content.Bytes.Length;
            }
        }

        public int Read(long offset, Span<byte> buffer)
        {
            lock (files._lock)
            {
                var rest = content.Bytes.AsSpan((int)Math.Min(offset, content.Bytes.Length));
                rest = rest[..Math.Min(rest.Length, buffer.Length)];
                rest.CopyTo(buffer);
                return rest.Length;
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            lock (files._lock)
            {
                if (files.WriteError != 0)
                    throw new IOException("a write failed", files.WriteError);
                if (files.IsFull)
                    throw new IOException("no space left on device", 28);
                var all = new byte[Math.Max(content.Bytes.Length, offset + bytes.Length)];
                content.Bytes.CopyTo(all, 0);
                bytes.CopyTo(all.AsSpan((int)offset));
                content.Bytes = all;
            }
        }

        public void Truncate(long length)
        {
            lock (files._lock)
                content.Bytes = content.Bytes[..(int)length];
        }

        public void Sync()
        {
            files.BeforeStep?.Invoke();
            lock (files._names)
            {
                while (files._isHeld)
                    Monitor.Wait(files._names);
            }

            lock (files._lock)
            {
                if (files.FailNextSync)
                {
                    files.FailNextSync = false;
                    throw new IOException("fdatasync failed", 5);
                }

                content.Durable = [.. content.Bytes];
            }
        }

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
