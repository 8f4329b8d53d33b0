using Postreiter.Core;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Queue;

namespace Postreiter.Storage.Quarantine;

/// <summary>What a filing puts into the quarantine in place of a mailbox or the queue.</summary>
public sealed record NewQuarantined
{
    /// <summary>Whose it is: the account that would have it, or that handed it in; 0 for nobody's.</summary>
    public required long AccountId { get; init; }

    /// <summary>The envelope's sender; null for the null sender.</summary>
    public EmailAddress? Sender { get; init; }

    /// <summary>The recipients it is kept from, one or more.</summary>
    public required IReadOnlyList<EmailAddress> Recipients { get; init; }

    /// <summary>Why, in one line.</summary>
    public required string Reason { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset Received { get; init; }

    /// <summary>Header fields in front of the content, should it be delivered; whole lines with CRLF.</summary>
    public ReadOnlyMemory<byte> Prefix { get; init; }

    /// <summary>How it goes on to another server when it is released; null where it goes into the account's INBOX.</summary>
    public NewQueueItem? Queue { get; init; }
}

/// <summary>One message, or one copy of it, that is kept apart.</summary>
public sealed record QuarantinedMessage
{
    /// <summary>Its number, never used again.</summary>
    public required long Id { get; init; }

    /// <summary>The delivery, which is the name of its trace.</summary>
    public required TraceId DeliveryId { get; init; }

    /// <inheritdoc cref="NewQuarantined.AccountId"/>
    public required long AccountId { get; init; }

    /// <inheritdoc cref="NewQuarantined.Sender"/>
    public EmailAddress? Sender { get; init; }

    /// <inheritdoc cref="NewQuarantined.Recipients"/>
    public required IReadOnlyList<EmailAddress> Recipients { get; init; }

    /// <inheritdoc cref="NewQuarantined.Reason"/>
    public required string Reason { get; init; }

    /// <inheritdoc cref="NewQuarantined.Received"/>
    public required DateTimeOffset Received { get; init; }

    /// <summary>Bytes, prefix and content.</summary>
    public required long Size { get; init; }

    /// <summary>Its content.</summary>
    public required BlobId Blob { get; init; }

    /// <inheritdoc cref="NewQuarantined.Prefix"/>
    public required ReadOnlyMemory<byte> Prefix { get; init; }

    /// <summary>ENVELOPE and BODYSTRUCTURE in their compact form.</summary>
    public required ReadOnlyMemory<byte> Structure { get; init; }

    /// <summary>Whether it goes to other servers when it is released.</summary>
    public required bool IsOutgoing { get; init; }
}

/// <summary>What became of a release.</summary>
public enum ReleaseStatus
{
    /// <summary>It is in the INBOX, or in the queue, and no longer here.</summary>
    Released,

    /// <summary>It is not here (any more).</summary>
    NotFound,

    /// <summary>The account has no room for it; it stays here.</summary>
    OverQuota,
}

/// <summary>What became of a release, and where the message is.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="MailboxId">The mailbox; 0 where it went to the queue.</param>
/// <param name="Uid">Its UID there; 0 where it went to the queue.</param>
public sealed record ReleaseResult(ReleaseStatus Status, long MailboxId = 0, uint Uid = 0);
