using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Session;

/// <summary>Keywords of mailboxes (L25). A session keeps those of the mailbox that APPEND went to last.</summary>
internal sealed class KeywordCensus
{
    /// <summary>Most keywords in one mailbox (L25).</summary>
    public const int Most = 256;

    private long _mailboxId;
    private HashSet<string> _known = [];

    /// <summary>The keywords of entries.</summary>
    public static HashSet<string> Of(IReadOnlyList<MessageEntry> entries)
    {
        var keywords = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        // Equal flags are one object, so few sets are looked at.
        var sets = new HashSet<MessageFlags>(ReferenceEqualityComparer.Instance);
        foreach (var entry in entries)
        {
            if (sets.Add(entry.Flags))
                keywords.UnionWith(entry.Flags.Keywords);
        }

        return keywords;
    }

    /// <summary>STORE has changed keywords: the next APPEND looks again.</summary>
    public void Forget() => _mailboxId = 0;

    /// <summary>How many of some keywords are not among those that are there.</summary>
    public static int Added(HashSet<string> there, MessageFlags flags) =>
        flags.Keywords.Count(keyword => !there.Contains(keyword));

    /// <summary>Whether a message with these flags may come into a mailbox.</summary>
    public async ValueTask<bool> HasRoomAsync(
        RecentMailboxes recent,
        IMailStore mail,
        long mailboxId,
        MessageFlags flags,
        CancellationToken ct
    )
    {
        if (flags.Keywords.IsEmpty)
            return true;
        // Others may have taken keywords away since: what says no is looked at again.
        if (_mailboxId != mailboxId || _known.Count + Added(_known, flags) > Most)
            _known = Of((await recent.OpenAsync(mail, mailboxId, ct))?.Entries ?? []);
        _mailboxId = mailboxId;
        if (Added(_known, flags) is var added && added > 0 && _known.Count + added > Most)
            return false;
        _known.UnionWith(flags.Keywords);
        return true;
    }
}
