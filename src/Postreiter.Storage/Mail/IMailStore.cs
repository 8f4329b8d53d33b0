namespace Postreiter.Storage.Mail;

/// <summary>Mailboxes and messages. Names are checked and normalised by the caller (NFC, levels joined by "/").</summary>
public interface IMailStore
{
    /// <summary>Files a message: contents first, then all rows, then the task completes.</summary>
    /// <exception cref="StoreException">Nothing was filed, or (the connection to the engine broke while it committed)
    /// it is not known: filing again with the same delivery id is safe.</exception>
    ValueTask<FilingResult> FileAsync(Filing filing, CancellationToken ct);

    /// <summary>All mailboxes of an account, sorted by name (ordinal), INBOX first.</summary>
    ValueTask<IReadOnlyList<Mailbox>> ListMailboxesAsync(long accountId, CancellationToken ct);

    /// <summary>One mailbox by name ("inbox" in any case is INBOX), or null.</summary>
    ValueTask<Mailbox?> FindMailboxAsync(long accountId, string name, CancellationToken ct);

    /// <summary>The mailbox with a special use, or null.</summary>
    ValueTask<Mailbox?> FindMailboxAsync(long accountId, SpecialUse use, CancellationToken ct);

    /// <summary>Creates a mailbox and the parents it lacks (RFC 9051 §6.3.4); not subscribed.</summary>
    ValueTask<MailboxChange> CreateMailboxAsync(long accountId, string name, SpecialUse use, CancellationToken ct);

    /// <summary>
    /// Renames a mailbox with all its children. Renaming INBOX moves its messages to a new mailbox of that name and
    /// leaves INBOX empty (RFC 9051 §6.3.6). Parents that the new name lacks are made.
    /// </summary>
    ValueTask<MailboxChange> RenameMailboxAsync(long accountId, string from, string to, CancellationToken ct);

    /// <summary>Deletes a mailbox; its messages are kept as expunged ones are.</summary>
    ValueTask<MailboxChange> DeleteMailboxAsync(long accountId, string name, CancellationToken ct);

    /// <summary>Subscribes or unsubscribes. A name without a mailbox is not kept.</summary>
    ValueTask<MailboxChange> SubscribeAsync(long accountId, string name, bool subscribed, CancellationToken ct);

    /// <summary>
    /// What has changed in a mailbox after a MODSEQ, as one snapshot. 0 gives every entry and no expunged UID: this is
    /// also how a mailbox is opened.
    /// </summary>
    /// <returns>Null when the mailbox is gone.</returns>
    ValueTask<MailboxChanges?> ReadChangesAsync(long mailboxId, long afterModSeq, CancellationToken ct);

    /// <summary>
    /// Reads the rows of messages, ascending by UID; UIDs that are not there are passed over. Rows come in pages, each a
    /// snapshot, so that a large mailbox is never held whole.
    /// </summary>
    IAsyncEnumerable<StoredMessage> ReadMessagesAsync(
        long mailboxId,
        IReadOnlyList<UidRange> uids,
        CancellationToken ct
    );

    /// <summary>Opens a message's bytes: prefix, then content.</summary>
    /// <exception cref="StoreException"><see cref="StoreFault.DamagedContent"/>.</exception>
    ValueTask<MessageContent> OpenAsync(StoredMessage message, CancellationToken ct);

    /// <summary>Changes flags; entries whose flags do not change keep their MODSEQ.</summary>
    /// <param name="mailboxId">The mailbox.</param>
    /// <param name="uids">The messages; those not there are passed over.</param>
    /// <param name="change">What to change.</param>
    /// <param name="unchangedSince">Entries with a larger MODSEQ are left alone (RFC 7162 §3.1.3); null is no condition.</param>
    /// <param name="ct">Stops waiting, not a commit under way.</param>
    /// <returns>Every named entry that exists and passes the condition, as it is now; and the UIDs that failed it.</returns>
    ValueTask<FlagChangeResult> ChangeFlagsAsync(
        long mailboxId,
        IReadOnlyList<UidRange> uids,
        FlagChange change,
        long? unchangedSince,
        CancellationToken ct
    );

    /// <summary>Expunges messages with \Deleted, which are kept for a while (<see cref="StoreOptions.Undelete"/>); with <paramref name="uids"/> only among those (RFC 4315 §2.1).</summary>
    /// <returns>UIDs expunged, ascending.</returns>
    ValueTask<IReadOnlyList<uint>> ExpungeAsync(long mailboxId, IReadOnlyList<UidRange>? uids, CancellationToken ct);

    /// <summary>Removes exactly these messages, whatever their flags (POP3's QUIT).</summary>
    /// <returns>UIDs removed, ascending.</returns>
    ValueTask<IReadOnlyList<uint>> RemoveAsync(long mailboxId, IReadOnlyList<UidRange> uids, CancellationToken ct);

    /// <summary>Copies or moves messages to another mailbox of the same account, all or none; flags and dates are kept.</summary>
    /// <returns>The pairs of UIDs, ascending by source; UIDs that are not there are passed over.</returns>
    ValueTask<TransferResult> TransferAsync(
        long fromMailboxId,
        IReadOnlyList<UidRange> uids,
        long toMailboxId,
        bool move,
        CancellationToken ct
    );

    /// <summary>Expunged messages that can be brought back, in the order of their ids, after one id.</summary>
    /// <param name="accountId">Whose.</param>
    /// <param name="selection">Which.</param>
    /// <param name="afterId">0 to begin.</param>
    /// <param name="most">Most messages, 1 or more.</param>
    /// <param name="ct">Stops waiting.</param>
    ValueTask<IReadOnlyList<KeptMessage>> ListKeptAsync(
        long accountId,
        KeptSelection selection,
        long afterId,
        int most,
        CancellationToken ct
    );

    /// <summary>
    /// Brings expunged messages back into the mailbox of the name they were in, made anew when it is gone: new UIDs, flags less
    /// \Deleted, the old INTERNALDATE. They count in the quota again. Those expunged first come first; ask again until
    /// nothing is restored.
    /// </summary>
    /// <param name="accountId">Whose.</param>
    /// <param name="selection">Which.</param>
    /// <param name="most">Most messages in this unit of work, 1 or more.</param>
    /// <param name="ct">Stops waiting, not a commit under way.</param>
    ValueTask<UndeleteResult> UndeleteAsync(long accountId, KeptSelection selection, int most, CancellationToken ct);
}
