using Postreiter.Dns.Wire;

namespace Postreiter.Dns;

/// <summary>Answers for as long as they hold, within a bound of memory; the oldest go first.</summary>
/// <param name="maxBytes">Most bytes of answers, a small sum added for each.</param>
/// <param name="time">Ages them.</param>
internal sealed class DnsCache(long maxBytes, TimeProvider time)
{
    private const int EntryBytes = 256;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, DnsType Type), Entry> _entries = [];
    private readonly Queue<((string Name, DnsType Type) Key, Entry Entry)> _ages = new();
    private long _bytes;

    /// <summary>Entries, for tests and metrics; some may be over.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <summary>The answer to a question, while it holds.</summary>
    public object? Find((string Name, DnsType Type) key)
    {
        lock (_lock)
            return _entries.TryGetValue(key, out var entry) && entry.Until > time.GetTimestamp() ? entry.Answer : null;
    }

    /// <summary>Keeps an answer.</summary>
    /// <param name="key">The question.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="bytes">Its length on the wire.</param>
    /// <param name="ttl">How long it holds.</param>
    public void Keep((string Name, DnsType Type) key, object answer, int bytes, TimeSpan ttl)
    {
        // F11: measured by the monotonic clock.
        var until = time.GetTimestamp() + (long)(ttl.TotalSeconds * time.TimestampFrequency);
        var entry = new Entry(answer, until, bytes + EntryBytes);
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var old))
                _bytes -= old.Bytes;
            _entries[key] = entry;
            _ages.Enqueue((key, entry));
            _bytes += entry.Bytes;
            // Those replaced stand in line too: they are passed over, and never outnumber the others for long.
            while ((_bytes > maxBytes || _ages.Count > 2 * (_entries.Count + 8)) && _ages.TryDequeue(out var oldest))
            {
                if (!_entries.TryGetValue(oldest.Key, out var present) || !ReferenceEquals(present, oldest.Entry))
                    continue;
                if (_bytes <= maxBytes)
                {
                    _ages.Enqueue(oldest);
                    continue;
                }

                _entries.Remove(oldest.Key);
                _bytes -= present.Bytes;
            }
        }
    }

    private sealed record Entry(object Answer, long Until, int Bytes);
}
