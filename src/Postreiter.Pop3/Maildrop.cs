using System.Globalization;
using Postreiter.Storage.Mail;

namespace Postreiter.Pop3;

/// <summary>
/// A user's INBOX as it was at log-in: message numbers stay the same through the session (RFC 1939 §5). It keeps 16
/// bytes a message.
/// </summary>
internal sealed class Maildrop
{
    private readonly List<Entry> _entries = [];

    private Maildrop(Mailbox mailbox) => Mailbox = mailbox;

    /// <summary>The mailbox at log-in.</summary>
    public Mailbox Mailbox { get; }

    /// <summary>Messages at log-in, deleted ones too: the largest message number.</summary>
    public int Count => _entries.Count;

    /// <summary>Messages not marked deleted.</summary>
    public int Remaining { get; private set; }

    /// <summary>Octets of the messages not marked deleted.</summary>
    public long RemainingSize { get; private set; }

    /// <summary>Takes the snapshot.</summary>
    public static async ValueTask<Maildrop> OpenAsync(IMailStore mail, Mailbox mailbox, CancellationToken ct)
    {
        var maildrop = new Maildrop(mailbox);
        await foreach (var message in mail.ReadMessagesAsync(mailbox.Id, [UidRange.All], ct))
            maildrop._entries.Add(new Entry(message.Uid, message.Size, false));
        maildrop.Reset();
        return maildrop;
    }

    /// <summary>Whether a message is there and not marked deleted.</summary>
    public bool Has(int number) => number >= 1 && number <= Count && !_entries[number - 1].IsDeleted;

    /// <summary>UID of a message.</summary>
    public uint UidOf(int number) => _entries[number - 1].Uid;

    /// <summary>Octets of a message, before dots are stuffed (RFC 1939 §11).</summary>
    public long SizeOf(int number) => _entries[number - 1].Size;

    /// <summary>
    /// The unique-id of a message (RFC 1939 §7): UIDVALIDITY and UID in hexadecimal, so that it is never reused (P7).
    /// </summary>
    public string UniqueIdOf(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{Mailbox.UidValidity:x8}{UidOf(number):x8}");

    /// <summary>Marks a message.</summary>
    public void Delete(int number)
    {
        var entry = _entries[number - 1];
        _entries[number - 1] = entry with { IsDeleted = true };
        Remaining--;
        RemainingSize -= entry.Size;
    }

    /// <summary>Takes all marks off.</summary>
    public void Reset()
    {
        (Remaining, RemainingSize) = (Count, 0);
        for (var i = 0; i < _entries.Count; i++)
        {
            _entries[i] = _entries[i] with { IsDeleted = false };
            RemainingSize += _entries[i].Size;
        }
    }

    /// <summary>What QUIT is to remove.</summary>
    public IReadOnlyList<UidRange> DeletedUids() => UidRange.From(_entries.Where(e => e.IsDeleted).Select(e => e.Uid));

    private readonly record struct Entry(uint Uid, long Size, bool IsDeleted);
}
