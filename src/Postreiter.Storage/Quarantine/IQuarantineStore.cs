using Postreiter.Storage.Mail;

namespace Postreiter.Storage.Quarantine;

/// <summary>Messages that were taken and are kept from their readers, until somebody releases or deletes them or their time is over.</summary>
/// <remarks>They come in with <see cref="Filing.Quarantine"/>, in the unit of work of their <c>250</c>.</remarks>
public interface IQuarantineStore
{
    /// <summary>Messages after one, in the order they came.</summary>
    /// <param name="accountId">Only one account's; null for all.</param>
    /// <param name="afterId">0 to begin.</param>
    /// <param name="most">Most messages, 1 or more.</param>
    /// <param name="ct">Stops waiting.</param>
    ValueTask<IReadOnlyList<QuarantinedMessage>> ListAsync(
        long? accountId,
        long afterId,
        int most,
        CancellationToken ct
    );

    /// <summary>One message, or null.</summary>
    ValueTask<QuarantinedMessage?> FindAsync(long id, CancellationToken ct);

    /// <summary>Opens a message's bytes: prefix, then content.</summary>
    /// <exception cref="StoreException"><see cref="StoreFault.DamagedContent"/>.</exception>
    ValueTask<MessageContent> OpenAsync(QuarantinedMessage message, CancellationToken ct);

    /// <summary>How many bytes are kept here in all.</summary>
    ValueTask<long> CountBytesAsync(CancellationToken ct);

    /// <summary>
    /// Delivers a message: into the INBOX of its account, or into the queue. In one unit of work it is there and no longer here, so
    /// that it is delivered once.
    /// </summary>
    /// <param name="id">Which.</param>
    /// <param name="now">When a queued one is due.</param>
    /// <param name="ct">Stops waiting, not a commit under way.</param>
    ValueTask<ReleaseResult> ReleaseAsync(long id, DateTimeOffset now, CancellationToken ct);

    /// <summary>Deletes a message for good.</summary>
    /// <returns>False when it is not here.</returns>
    ValueTask<bool> RemoveAsync(long id, CancellationToken ct);

    /// <summary>Deletes messages that came before a moment, a few hundred at a time.</summary>
    /// <returns>How many; 0 when none is left.</returns>
    ValueTask<int> PruneAsync(DateTimeOffset before, CancellationToken ct);

    /// <summary>Messages of accounts of which no digest has told yet, in the order of their accounts.</summary>
    ValueTask<IReadOnlyList<QuarantinedMessage>> ListUntoldAsync(int most, CancellationToken ct);

    /// <summary>A digest has told of these messages.</summary>
    ValueTask NoteToldAsync(IReadOnlyList<long> ids, CancellationToken ct);
}
