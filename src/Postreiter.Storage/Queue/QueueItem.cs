using Postreiter.Core;
using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Queue;

/// <summary>The envelope of a message as it came in, kept for its way out.</summary>
public sealed record QueueEnvelope
{
    /// <summary>MAIL FROM; null is the empty reverse-path <c>&lt;&gt;</c>.</summary>
    public required EmailAddress? ReversePath { get; init; }

    /// <summary>DSN ENVID (RFC 3461 §4.4), xtext-decoded.</summary>
    public string? EnvelopeId { get; init; }

    /// <summary>DSN RET (RFC 3461 §4.3).</summary>
    public DsnReturn Return { get; init; }

    /// <summary>The next hop must know SMTPUTF8 (RFC 6531 §3.4).</summary>
    public bool SmtpUtf8 { get; init; }

    /// <summary>BODY of the message (RFC 6152, RFC 3030).</summary>
    public BodyType Body { get; init; }
}

/// <summary>DSN RET.</summary>
public enum DsnReturn
{
    /// <summary>Not given.</summary>
    Unspecified,

    /// <summary>FULL.</summary>
    Full,

    /// <summary>HDRS.</summary>
    Headers,
}

/// <summary>DSN NOTIFY (RFC 3461 §4.1).</summary>
[Flags]
public enum DsnNotify
{
    /// <summary>Not given: failures, and delays as we please.</summary>
    Unspecified = 0,

    /// <summary>NEVER.</summary>
    Never = 1,

    /// <summary>SUCCESS.</summary>
    Success = 2,

    /// <summary>FAILURE.</summary>
    Failure = 4,

    /// <summary>DELAY.</summary>
    Delay = 8,
}

/// <summary>BODY parameter of MAIL.</summary>
public enum BodyType
{
    /// <summary>7BIT, the default.</summary>
    SevenBit,

    /// <summary>8BITMIME (RFC 6152).</summary>
    EightBitMime,

    /// <summary>BINARYMIME (RFC 3030).</summary>
    BinaryMime,
}

/// <summary>One recipient of a queue item.</summary>
/// <param name="Address">RCPT TO.</param>
/// <param name="Notify">DSN NOTIFY.</param>
/// <param name="OriginalRecipient">DSN ORCPT as <c>type;address</c>, decoded; null when not given.</param>
public sealed record QueueRecipient(EmailAddress Address, DsnNotify Notify = default, string? OriginalRecipient = null)
{
    /// <summary>What the last attempt for this recipient met, for listings and delay notices; null before the first.</summary>
    public string? LastResult { get; init; }
}

/// <summary>A queue item as it is put in: one message for one destination domain.</summary>
public sealed record NewQueueItem
{
    /// <summary>Where it goes: all recipients' domain, or a pseudo-domain of the router's choice.</summary>
    public required DomainName Destination { get; init; }

    /// <summary>Sender and message-wide parameters.</summary>
    public required QueueEnvelope Envelope { get; init; }

    /// <summary>One or more.</summary>
    public required IReadOnlyList<QueueRecipient> Recipients { get; init; }

    /// <summary>Header fields put in front of the content: Received, …; whole lines with CRLF.</summary>
    public ReadOnlyMemory<byte> Prefix { get; init; }

    /// <summary>When it came in; retry times and expiry count from here.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it becomes due.</summary>
    public required DateTimeOffset NextAttempt { get; init; }
}

/// <summary>States an operator can explain.</summary>
public enum QueueState
{
    /// <summary>Waits for its time.</summary>
    Waiting,

    /// <summary>An attempt is under way; the lease says until when it may take.</summary>
    Leased,

    /// <summary>An administrator holds it back.</summary>
    Held,
}

/// <summary>A queue item as it stands.</summary>
public sealed record QueueItem
{
    /// <summary>Ours, never reused; ascending.</summary>
    public required long Id { get; init; }

    /// <summary>The message's <see cref="Mail.Filing.DeliveryId"/>; items of one message share it.</summary>
    public required TraceId DeliveryId { get; init; }

    /// <inheritdoc cref="NewQueueItem.Destination"/>
    public required DomainName Destination { get; init; }

    /// <inheritdoc cref="NewQueueItem.Envelope"/>
    public required QueueEnvelope Envelope { get; init; }

    /// <summary>Those still to be delivered.</summary>
    public required IReadOnlyList<QueueRecipient> Recipients { get; init; }

    /// <summary>The content's name.</summary>
    public required BlobId Blob { get; init; }

    /// <inheritdoc cref="NewQueueItem.Prefix"/>
    public required ReadOnlyMemory<byte> Prefix { get; init; }

    /// <summary>Bytes of prefix and content.</summary>
    public required long Size { get; init; }

    /// <inheritdoc cref="NewQueueItem.Created"/>
    public required DateTimeOffset Created { get; init; }

    /// <inheritdoc cref="NewQueueItem.NextAttempt"/>
    public required DateTimeOffset NextAttempt { get; init; }

    /// <summary>Attempts made.</summary>
    public required int Attempts { get; init; }

    /// <summary>Whether the sender was told of the delay.</summary>
    public required bool DelayNoticeSent { get; init; }

    /// <summary>Where it stands.</summary>
    public required QueueState State { get; init; }

    /// <summary>Names the lease; 0 when there is none. Only its holder may complete the attempt.</summary>
    public required long Lease { get; init; }
}
