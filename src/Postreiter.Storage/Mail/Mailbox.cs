namespace Postreiter.Storage.Mail;

/// <summary>Special uses of RFC 6154 §2; a mailbox has at most one.</summary>
public enum SpecialUse
{
    /// <summary>An ordinary mailbox (INBOX too).</summary>
    None,

    /// <summary>\Sent.</summary>
    Sent,

    /// <summary>\Drafts.</summary>
    Drafts,

    /// <summary>\Junk.</summary>
    Junk,

    /// <summary>\Trash.</summary>
    Trash,

    /// <summary>\Archive.</summary>
    Archive,
}

/// <summary>A mailbox with its counters, as of one moment.</summary>
/// <param name="Id">Ours, never reused; also MAILBOXID (RFC 8474 §4).</param>
/// <param name="AccountId">Its owner.</param>
/// <param name="Name">Levels joined by "/", in Unicode NFC; <c>INBOX</c> in capitals.</param>
/// <param name="UidValidity">RFC 9051 §2.3.1.1; a mailbox created anew under an old name gets a larger one.</param>
/// <param name="UidNext">The next UID.</param>
/// <param name="HighestModSeq">Largest MODSEQ of any change in it (RFC 7162 §3.1.2.1), at least 1.</param>
/// <param name="Messages">Messages in it.</param>
/// <param name="Unseen">Messages without \Seen.</param>
/// <param name="Deleted">Messages with \Deleted.</param>
/// <param name="Size">Bytes of all messages.</param>
/// <param name="Use">Its special use.</param>
/// <param name="IsSubscribed">Whether LSUB shows it.</param>
public sealed record Mailbox(
    long Id,
    long AccountId,
    string Name,
    uint UidValidity,
    uint UidNext,
    long HighestModSeq,
    int Messages,
    int Unseen,
    int Deleted,
    long Size,
    SpecialUse Use,
    bool IsSubscribed
)
{
    /// <summary>Separates the levels of a name.</summary>
    public const char Separator = '/';

    /// <summary>The mailbox that every account has.</summary>
    public const string Inbox = "INBOX";
}

/// <summary>Outcomes of creating, renaming and deleting mailboxes; none of them is a fault.</summary>
public enum MailboxChange
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>The name is taken: NO [ALREADYEXISTS].</summary>
    AlreadyExists,

    /// <summary>No such mailbox: NO [NONEXISTENT].</summary>
    NotFound,

    /// <summary>It has children, so it cannot go (RFC 9051 §6.3.5): NO [HASCHILDREN].</summary>
    HasChildren,

    /// <summary>INBOX cannot be deleted, a mailbox not renamed below itself: NO [CANNOT].</summary>
    NotAllowed,

    /// <summary>L25: 10,000 mailboxes an account: NO [LIMIT].</summary>
    TooMany,
}
