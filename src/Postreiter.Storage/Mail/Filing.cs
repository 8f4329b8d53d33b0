using Postreiter.Core;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Gate;
using Postreiter.Storage.Quarantine;
using Postreiter.Storage.Queue;

namespace Postreiter.Storage.Mail;

/// <summary>
/// One message and everywhere it goes: into mailboxes, into the queue, or both, in one unit of work. This is what stands
/// behind every <c>250</c> after DATA and every OK to APPEND.
/// </summary>
public sealed record Filing
{
    /// <summary>
    /// Names this delivery. Filing the same id into the same mailbox twice is a no-op that gives the first UID again (P3).
    /// </summary>
    public required TraceId DeliveryId { get; init; }

    /// <summary>
    /// Which part of the delivery this is: 0 for all of it, or another number for each recipient that is filed singly. What goes on
    /// to others is kept once for each part, for nothing but the caller's number tells two such parts apart.
    /// </summary>
    public int Part { get; init; }

    /// <summary>The bytes as received, less forged fields; shared by all copies.</summary>
    public required PendingBlob Content { get; init; }

    /// <summary>ENVELOPE and BODYSTRUCTURE in the compact form of <c>Postreiter.Messages</c>; offsets are those of the content.</summary>
    public required ReadOnlyMemory<byte> Structure { get; init; }

    /// <summary>The mailboxes it is filed into.</summary>
    public IReadOnlyList<MailboxCopy> Copies { get; init; } = [];

    /// <summary>What is to be sent on, one item for each destination domain.</summary>
    public IReadOnlyList<NewQueueItem> Queue { get; init; } = [];

    /// <summary>What is kept apart, in place of mailboxes and the queue.</summary>
    public IReadOnlyList<NewQuarantined> Quarantine { get; init; } = [];

    /// <summary>Under which number, beside the delivery id, the queue's items are noted as filed; mailboxes have the positive ones.</summary>
    public long QueueKey => -((long)Part << 40);

    /// <summary>As <see cref="QueueKey"/>, for what is kept apart.</summary>
    public long KeyOf(NewQuarantined kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        // As with a mailbox: an account's own copy is one, whichever part brings it.
        return -1 - kept.AccountId + (kept.Queue is null ? 0 : QueueKey);
    }

    /// <summary>Why it was taken; null where nobody asks. Kept only if the message is.</summary>
    public TraceRecord? Trace { get; init; }
}

/// <summary>One copy of a filing in one mailbox.</summary>
public sealed record MailboxCopy
{
    /// <summary>Whose mailbox.</summary>
    public required long AccountId { get; init; }

    /// <summary>The mailbox; when it is gone by the time of filing, the account's INBOX takes the copy.</summary>
    public required long MailboxId { get; init; }

    /// <summary>Header fields put in front of the content for this copy: Return-Path, Received, …; whole lines with CRLF.</summary>
    public ReadOnlyMemory<byte> Prefix { get; init; }

    /// <summary>Flags it starts with.</summary>
    public MessageFlags Flags { get; init; } = MessageFlags.None;

    /// <summary>INTERNALDATE (RFC 9051 §2.3.3).</summary>
    public required DateTimeOffset InternalDate { get; init; }
}

/// <summary>What became of a <see cref="Filing"/>.</summary>
/// <param name="Status">When not <see cref="FilingStatus.Filed"/>, nothing at all was changed.</param>
/// <param name="Copies">In the order of <see cref="Filing.Copies"/>: where each copy is now.</param>
public sealed record FilingResult(FilingStatus Status, IReadOnlyList<FiledCopy> Copies);

/// <summary>Where one copy ended up.</summary>
/// <param name="MailboxId">The mailbox.</param>
/// <param name="UidValidity">Its UIDVALIDITY.</param>
/// <param name="Uid">The copy's UID.</param>
/// <param name="WasThere">The same delivery id had been filed there before.</param>
public sealed record FiledCopy(long MailboxId, uint UidValidity, uint Uid, bool WasThere);

/// <summary>Outcomes of a filing that are not faults.</summary>
public enum FilingStatus
{
    /// <summary>All copies and queue items are durable.</summary>
    Filed,

    /// <summary>An account is gone.</summary>
    NoSuchAccount,

    /// <summary>A copy would pass its account's quota of bytes or messages (F2).</summary>
    OverQuota,
}
