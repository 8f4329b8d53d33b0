using System.Collections.Concurrent;
using System.Globalization;

namespace Postreiter.Interop.Tests.Crash;

/// <summary>One message as its sender knows it.</summary>
/// <param name="Tag">Its own name, in its header and its body.</param>
/// <param name="Recipients">Whom it is for.</param>
/// <param name="Digest">SHA-256 of its body lines, so that a torn one shows.</param>
internal sealed record Posted(string Tag, IReadOnlyList<string> Recipients, string Digest);

/// <summary>What all senders sent and what they were told.</summary>
internal sealed class Journal
{
    private readonly ConcurrentDictionary<string, Posted> _posted = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _acknowledged = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _refused = new();
    private readonly ConcurrentDictionary<string, (string Mailbox, string Uid)> _places = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Mailbox, string Uid), string> _uids = new();
    private readonly ConcurrentDictionary<string, string> _validities = new(StringComparer.Ordinal);
    private int _count;
    private int _target = int.MaxValue;
    private TaskCompletionSource _reached = New();

    /// <summary>Every message whose content went out, by tag.</summary>
    public IReadOnlyDictionary<string, Posted> All => _posted;

    /// <summary>Tags that got their 250.</summary>
    public ICollection<string> Acknowledged => _acknowledged.Keys;

    /// <summary>Replies that no sender may get.</summary>
    public IReadOnlyCollection<string> Refused => _refused;

    /// <summary>Where an IMAP client was told that its message is, by tag; without those that were under way.</summary>
    public IReadOnlyDictionary<string, (string Mailbox, string Uid)> Places => _places;

    /// <summary>Notes the mailbox and UID that the server gave a message. P7: none was given before.</summary>
    public void Place(string tag, string mailbox, string validity, string uid)
    {
        _places[tag] = (mailbox, uid);
        if (_validities.GetOrAdd(mailbox, validity) != validity)
            Refuse("UIDVALIDITY", $"of {mailbox} became {validity}");
        if (!_uids.TryAdd((mailbox, uid), tag))
            Refuse("UID", $"{uid} of {mailbox} was given twice");
    }

    /// <summary>Notes that it is being moved.</summary>
    public void Unplace(string tag) => _places.TryRemove(tag, out _);

    /// <summary>Notes a message before its content goes out.</summary>
    public void Post(Posted message) => _posted[message.Tag] = message;

    /// <summary>Notes its 250.</summary>
    public void Acknowledge(string tag)
    {
        _acknowledged[tag] = true;
        if (Interlocked.Increment(ref _count) >= Volatile.Read(ref _target))
            _reached.TrySetResult();
    }

    /// <summary>Notes a reply that should not have come.</summary>
    public void Refuse(string command, string reply) =>
        _refused.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{command}: {reply}"));

    /// <summary>Completes when so many further messages have their 250.</summary>
    public Task MoreAsync(int messages)
    {
        _reached = New();
        Volatile.Write(ref _target, Volatile.Read(ref _count) + messages);
        if (Volatile.Read(ref _count) >= _target)
            _reached.TrySetResult();
        return _reached.Task;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
