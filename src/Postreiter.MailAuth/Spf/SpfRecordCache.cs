using System.Collections.Concurrent;

namespace Postreiter.MailAuth.Spf;

/// <summary>
/// Records that were read, by their text: the DNS cache keeps texts, and a large provider's record is asked for with every second
/// message. A record does not change once it is read.
/// </summary>
internal sealed class SpfRecordCache
{
    // A record of 1,024 characters takes some 16 KiB when it is read: 32 MiB at the very most, 2 in practice.
    private const int MaxRecords = 2_048;
    private const int MaxLength = 1_024;

    private readonly ConcurrentDictionary<string, SpfRecord> _records = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>As <see cref="SpfRecord.Parse"/>; good records are kept.</summary>
    public SpfRecord? Read(string text, out string? error)
    {
        error = null;
        if (text.Length <= MaxLength && _records.TryGetValue(text, out var kept))
            return kept;
        var record = SpfRecord.Parse(text, out error);
        if (record is null || text.Length > MaxLength)
            return record;
        // All at once is simpler than the oldest first, and those that matter are back with the next message.
        if (Interlocked.Increment(ref _count) > MaxRecords)
        {
            _records.Clear();
            _count = 0;
        }

        _records[text] = record;
        return record;
    }
}
