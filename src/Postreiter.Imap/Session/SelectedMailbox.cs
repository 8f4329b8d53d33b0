using Postreiter.Imap.Responses;
using Postreiter.Imap.Syntax;
using Postreiter.Storage;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Session;

/// <summary>The selected mailbox as this session has told it to the client: sequence numbers and UIDs.</summary>
internal sealed class SelectedMailbox : IDisposable
{
    private const int MaxFlagSets = 1000;

    private readonly ChangeSubscription _changes;
    private readonly EntryList _entries;
    private readonly SortedSet<uint> _gone = [];

    // Equal flags stay one object, whatever command brought them: 24 bytes a message, and no more.
    private readonly HashSet<MessageFlags> _flagSets = [];
    private long _modSeq;
    private bool _mustRead;

    public SelectedMailbox(MailboxChanges opened, bool isReadOnly, ChangeSubscription changes)
    {
        (Mailbox, IsReadOnly, _changes) = (opened.Mailbox, isReadOnly, changes);
        (_entries, _modSeq) = (new EntryList(opened.Entries), opened.Mailbox.HighestModSeq);
        MessageFlags? last = null;
        foreach (var entry in opened.Entries)
        {
            if (!ReferenceEquals(entry.Flags, last))
                _flagSets.Add(last = entry.Flags);
        }
    }

    /// <summary>The mailbox; its counters are those of the last look.</summary>
    public Mailbox Mailbox { get; private set; }

    /// <summary>Opened by EXAMINE.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Messages the client knows of; the largest sequence number.</summary>
    public int Count => _entries.Count;

    /// <summary>The messages by sequence number, the first at index 0; flags as the client knows them.</summary>
    public IReadOnlyList<MessageEntry> Entries => _entries;

    /// <summary>What <c>$</c> stands for (RFC 9051 §6.4.4.1).</summary>
    public IReadOnlyList<UidRange> SavedResult { get; set; } = [];

    /// <summary>Signals of changes.</summary>
    public ChangeSubscription Changes => _changes;

    /// <summary>The sequence number of a UID, or 0.</summary>
    public int SequenceOf(uint uid) => _entries.Find(uid) is >= 0 and var index ? index + 1 : 0;

    /// <summary>The UID at a sequence number from 1 to <see cref="Count"/>.</summary>
    public uint UidAt(int sequence) => _entries[sequence - 1].Uid;

    /// <summary>The messages the client knows of in ranges that are sorted and apart.</summary>
    public IEnumerable<MessageEntry> Named(IReadOnlyList<UidRange> uids) => Numbered(uids).Select(static n => n.Entry);

    /// <summary>The same with their sequence numbers.</summary>
    public IEnumerable<(int Sequence, MessageEntry Entry)> Numbered(IReadOnlyList<UidRange> uids)
    {
        foreach (var range in uids)
        {
            var at = _entries.Find(range.First);
            for (at = at < 0 ? ~at : at; at < Count && _entries[at].Uid <= range.Last; at++)
                yield return (at + 1, _entries[at]);
        }
    }

    /// <summary>Whether others have expunged some of these messages and the client has not been told.</summary>
    public bool HasGone(IReadOnlyList<UidRange> uids) =>
        _gone.Count > 0 && Named(uids).Any(entry => _gone.Contains(entry.Uid));

    /// <summary>Notes flags that a command has just told the client, so that they are not told again.</summary>
    public void Update(MessageEntry entry)
    {
        if (_entries.Find(entry.Uid) is >= 0 and var index)
            _entries[index] = Shared(entry);
    }

    /// <summary>Has the next look read the store, also when no signal came yet.</summary>
    public void ExpectChanges() => _mustRead = true;

    /// <summary>The UIDs a set names: sorted, joined, none beyond those the client knows.</summary>
    /// <returns>False when it names a sequence number that is not there (a BAD, RFC 9051 §9 seq-number).</returns>
    public bool TryResolve(SequenceSet set, bool byUid, out IReadOnlyList<UidRange> uids)
    {
        uids = SavedResult;
        if (set.IsSavedResult)
            return true;
        var largest = byUid ? (Count == 0 ? 0 : _entries[^1].Uid) : (uint)Count;
        var ranges = new List<UidRange>(set.Ranges.Count);
        foreach (var (a, b) in set.Ranges)
        {
            var (first, last) = (a == SequenceSet.Star ? largest : a, b == SequenceSet.Star ? largest : b);
            if (first > last)
                (first, last) = (last, first);
            if (byUid || Count == 0)
                last = Math.Min(last, largest);
            else if (last > largest)
                return false;
            // "*" and "1:*" of an empty mailbox name nothing; other numbers are wrong there too.
            if (!byUid && Count == 0 && a != SequenceSet.Star && b != SequenceSet.Star)
                return false;
            if (Count == 0 || first > last)
                continue;
            ranges.Add(byUid ? new UidRange(first, last) : new UidRange(UidAt((int)first), UidAt((int)last)));
        }

        uids = Join(ranges);
        return true;
    }

    /// <summary>Tells the client what others have changed (RFC 9051 §5.2).</summary>
    /// <returns>False when the mailbox is gone.</returns>
    public async ValueTask<bool> TellChangesAsync(
        IMailStore mail,
        ImapWriter writer,
        bool mayExpunge,
        bool tellRecent,
        CancellationToken ct
    )
    {
        if (_changes.TryTake() || _mustRead)
        {
            _mustRead = false;
            if (await mail.ReadChangesAsync(Mailbox.Id, _modSeq, ct) is not { } changes)
                return false;
            (Mailbox, _modSeq) = (changes.Mailbox, changes.Mailbox.HighestModSeq);
            foreach (var uid in changes.Expunged)
            {
                if (_entries.Find(uid) >= 0)
                    _gone.Add(uid);
            }

            await TellEntriesAsync(changes.Entries, writer, tellRecent, ct);
        }

        if (mayExpunge)
            await TellExpungesAsync(writer, ct);
        return true;
    }

    public void Dispose() => _changes.Dispose();

    private async ValueTask TellEntriesAsync(
        IReadOnlyList<MessageEntry> entries,
        ImapWriter writer,
        bool tellRecent,
        CancellationToken ct
    )
    {
        var before = Count;
        foreach (var entry in entries)
        {
            if (_entries.Count == 0 || entry.Uid > _entries[^1].Uid)
            {
                _entries.Add(Shared(entry));
                continue;
            }

            var index = _entries.Find(entry.Uid);
            if (index < 0 || _entries[index].ModSeq >= entry.ModSeq)
                continue;
            _entries[index] = Shared(entry);
            // RFC 9051 §7.5.2: the UID comes along, for clients that count by it.
            writer.Raw("* "u8).Number(index + 1).Raw(" FETCH (UID "u8).Number(entry.Uid).Raw(" FLAGS "u8);
            writer.Flags(entry.Flags).Raw(")\r\n"u8);
            await writer.FlushIfLargeAsync(ct);
        }

        if (Count == before)
            return;
        writer.Raw("* "u8).Number(Count).Raw(" EXISTS\r\n"u8);
        if (tellRecent)
            writer.Raw("* 0 RECENT\r\n"u8);
    }

    private async ValueTask TellExpungesAsync(ImapWriter writer, CancellationToken ct)
    {
        if (_gone.Count == 0)
            return;
        // From the end, so that each number is right when it is read and one pass removes all.
        foreach (var uid in _gone.Reverse())
        {
            if (SequenceOf(uid) is not (> 0 and var number))
                continue;
            writer.Raw("* "u8).Number(number).Raw(" EXPUNGE\r\n"u8);
            await writer.FlushIfLargeAsync(ct);
        }

        _entries.RemoveAll(_gone);
        _gone.Clear();
    }

    private MessageEntry Shared(MessageEntry entry)
    {
        if (_flagSets.TryGetValue(entry.Flags, out var same))
            return entry with { Flags = same };
        // Sets that no message has any more are forgotten some time.
        if (_flagSets.Count == MaxFlagSets)
            _flagSets.Clear();
        _flagSets.Add(entry.Flags);
        return entry;
    }

    private static List<UidRange> Join(List<UidRange> ranges)
    {
        ranges.Sort(static (x, y) => x.First.CompareTo(y.First));
        var joined = new List<UidRange>(ranges.Count);
        foreach (var range in ranges)
        {
            if (joined.Count > 0 && range.First <= (ulong)joined[^1].Last + 1)
                joined[^1] = joined[^1] with { Last = Math.Max(joined[^1].Last, range.Last) };
            else
                joined.Add(range);
        }

        return joined;
    }
}
