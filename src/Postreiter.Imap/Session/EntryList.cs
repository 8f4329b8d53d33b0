using System.Collections;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Session;

/// <summary>Entries ascending by UID. The array it begins with is shared with others and copied before the first change.</summary>
internal sealed class EntryList : IReadOnlyList<MessageEntry>
{
    private MessageEntry[] _entries;
    private bool _isShared = true;

    public EntryList(IReadOnlyList<MessageEntry> shared)
    {
        _entries = shared as MessageEntry[] ?? [.. shared];
        Count = _entries.Length;
    }

    public int Count { get; private set; }

    public MessageEntry this[int index]
    {
        get => _entries[index];
        set
        {
            Own(Count);
            _entries[index] = value;
        }
    }

    public void Add(MessageEntry entry)
    {
        // An eighth more each time: what is not used is memory of a session that waits.
        Own(Count < _entries.Length ? _entries.Length : Count + Count / 8 + 16);
        _entries[Count++] = entry;
    }

    public void RemoveAll(IReadOnlySet<uint> uids)
    {
        Own(Count);
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            if (!uids.Contains(_entries[i].Uid))
                _entries[kept++] = _entries[i];
        }

        Array.Clear(_entries, kept, Count - kept);
        Count = kept;
    }

    /// <summary>The place of a UID, or the complement of where it would stand.</summary>
    public int Find(uint uid)
    {
        var (low, high) = (0, Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_entries[middle].Uid == uid)
                return middle;
            if (_entries[middle].Uid < uid)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }

    public IEnumerator<MessageEntry> GetEnumerator()
    {
        for (var i = 0; i < Count; i++)
            yield return _entries[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Own(int capacity)
    {
        if (!_isShared && _entries.Length >= capacity)
            return;
        var own = new MessageEntry[capacity];
        Array.Copy(_entries, own, Count);
        (_entries, _isShared) = (own, false);
    }
}
