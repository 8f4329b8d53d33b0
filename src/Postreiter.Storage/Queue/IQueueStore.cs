using Postreiter.Core;
using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Queue;

/// <summary>What waits to be sent. Items come in by <see cref="IMailStore.FileAsync"/>.</summary>
public interface IQueueStore
{
    /// <summary>
    /// Leases due items, the longest due first: waiting ones whose time has come, and leased ones whose lease has run out.
    /// </summary>
    /// <param name="now">The time by which things are due.</param>
    /// <param name="until">When the lease runs out.</param>
    /// <param name="most">Most items, 1 or more.</param>
    /// <param name="except">Destinations that take no more at the moment.</param>
    /// <param name="ct">Stops waiting.</param>
    ValueTask<IReadOnlyList<QueueItem>> LeaseAsync(
        DateTimeOffset now,
        DateTimeOffset until,
        int most,
        IReadOnlyCollection<DomainName> except,
        CancellationToken ct
    );

    /// <summary>When the next item is due (or its lease runs out); null when none waits.</summary>
    /// <param name="except">Destinations that take no more at the moment.</param>
    /// <param name="ct">Stops waiting.</param>
    ValueTask<DateTimeOffset?> NextDueAsync(IReadOnlyCollection<DomainName> except, CancellationToken ct);

    /// <summary>
    /// Ends an attempt: finished recipients go, the rest waits, notices are filed, all in one unit of work (P3, P5). An item
    /// without recipients is gone, and its content with the last reference.
    /// </summary>
    /// <returns>False when the lease is not held any more; nothing was changed.</returns>
    ValueTask<bool> CompleteAsync(AttemptOutcome outcome, CancellationToken ct);

    /// <summary>Opens an item's bytes: prefix, then content.</summary>
    ValueTask<MessageContent> OpenAsync(QueueItem item, CancellationToken ct);

    /// <summary>Items in the order of their ids, after one id.</summary>
    /// <param name="afterId">0 to begin.</param>
    /// <param name="most">Most items, 1 or more.</param>
    /// <param name="ct">Stops waiting.</param>
    ValueTask<IReadOnlyList<QueueItem>> ListAsync(long afterId, int most, CancellationToken ct);

    /// <summary>One item, or null.</summary>
    ValueTask<QueueItem?> FindAsync(long id, CancellationToken ct);

    /// <summary>Counts by state, for metrics.</summary>
    ValueTask<QueueCounts> CountAsync(CancellationToken ct);

    /// <summary>An administrator's act on items: make due now, hold, release, remove. A leased item is passed over.</summary>
    /// <returns>How many items changed.</returns>
    ValueTask<int> ActAsync(QueueAction action, QueueSelection selection, DateTimeOffset now, CancellationToken ct);
}

/// <summary>How an attempt ended.</summary>
public sealed record AttemptOutcome
{
    /// <summary>The item.</summary>
    public required long ItemId { get; init; }

    /// <summary>Its lease.</summary>
    public required long Lease { get; init; }

    /// <summary>Recipients still to be tried, with their last results; the others are finished.</summary>
    public required IReadOnlyList<QueueRecipient> Remaining { get; init; }

    /// <summary>When to try again; used when recipients remain.</summary>
    public DateTimeOffset NextAttempt { get; init; }

    /// <summary>Attempts made, this one included (an attempt that found nothing to try may leave it as it was).</summary>
    public required int Attempts { get; init; }

    /// <summary>Whether the sender has now been told of the delay.</summary>
    public bool DelayNoticeSent { get; init; }

    /// <summary>Notices for the sender, filed in the same unit of work: into a local mailbox or into the queue.</summary>
    public IReadOnlyList<Filing> Notices { get; init; } = [];
}

/// <summary>What an administrator may do.</summary>
public enum QueueAction
{
    /// <summary>Make due now.</summary>
    Retry,

    /// <summary>Hold back.</summary>
    Hold,

    /// <summary>Let a held one go on, due now.</summary>
    Release,

    /// <summary>Throw away without a notice.</summary>
    Remove,
}

/// <summary>Which items: by id, by destination, or all when both are null.</summary>
/// <param name="Id">One item.</param>
/// <param name="Destination">Every item for a domain.</param>
public sealed record QueueSelection(long? Id = null, DomainName? Destination = null);

/// <summary>Items by state.</summary>
/// <param name="Waiting">Waiting.</param>
/// <param name="Leased">Under way.</param>
/// <param name="Held">Held.</param>
public sealed record QueueCounts(long Waiting, long Leased, long Held);
