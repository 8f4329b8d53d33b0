using Postreiter.Core;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Queue;

/// <summary>One attempt to hand a queue item to the servers of its destination. The queue calls it; <c>Routing</c> fulfils it.</summary>
public interface IRemoteDelivery
{
    /// <summary>Tries all recipients of the item once.</summary>
    /// <param name="item">The leased item.</param>
    /// <param name="open">Opens the item's bytes; may be called again for another host.</param>
    /// <param name="ct">Gives the attempt up; the item is then tried again later.</param>
    /// <returns>One outcome for each recipient of the item. What a peer or the DNS did is an outcome, never an exception.</returns>
    ValueTask<IReadOnlyList<RecipientOutcome>> DeliverAsync(
        QueueItem item,
        Func<CancellationToken, ValueTask<MessageContent>> open,
        CancellationToken ct
    );
}

/// <summary>What became of one recipient in one attempt.</summary>
/// <param name="Recipient">Who.</param>
/// <param name="Action">What.</param>
/// <param name="Reply">The remote server's reply, or ours when none came.</param>
/// <param name="RemoteHost">Name of the host that replied; null when none did.</param>
public sealed record RecipientOutcome(
    QueueRecipient Recipient,
    DeliveryAction Action,
    SmtpReply Reply,
    string? RemoteHost
)
{
    /// <summary>
    /// No server of the destination could be spoken to at all (DNS, connection, greeting): other mail for it need not try at once.
    /// </summary>
    public bool IsDestinationDown { get; init; }
}

/// <summary>Actions, in the words of RFC 3464 §2.3.3.</summary>
public enum DeliveryAction
{
    /// <summary>The next hop took it, and the duty to report with it.</summary>
    Delivered,

    /// <summary>It is in a mailbox here: success is reported as delivered (RFC 3461 §5.2.3).</summary>
    Filed,

    /// <summary>The next hop took it but knows no DSN: success is reported as relayed (RFC 3461 §5.2.2).</summary>
    Relayed,

    /// <summary>Not this time; try again.</summary>
    Deferred,

    /// <summary>Never; tell the sender.</summary>
    Failed,
}
