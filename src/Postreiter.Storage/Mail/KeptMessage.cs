namespace Postreiter.Storage.Mail;

/// <summary>A message that was expunged and can still be brought back (<see cref="StoreOptions.Undelete"/>).</summary>
/// <param name="Id">Ours, ascending in the order of removal.</param>
/// <param name="Mailbox">The name of the mailbox it was in, at that time.</param>
/// <param name="Removed">When it was expunged.</param>
/// <param name="Flags">Its flags then.</param>
/// <param name="InternalDate">INTERNALDATE.</param>
/// <param name="Size">Bytes of prefix and content.</param>
public sealed record KeptMessage(
    long Id,
    string Mailbox,
    DateTimeOffset Removed,
    MessageFlags Flags,
    DateTimeOffset InternalDate,
    long Size
);

/// <summary>Which kept messages of an account.</summary>
/// <param name="Mailbox">Those of one mailbox; null is any.</param>
/// <param name="Since">Those expunged then or later; null is any.</param>
public sealed record KeptSelection(string? Mailbox = null, DateTimeOffset? Since = null);

/// <summary>What <see cref="IMailStore.UndeleteAsync"/> did.</summary>
/// <param name="Status">When not <see cref="UndeleteStatus.Done"/>, nothing was changed.</param>
/// <param name="Restored">Messages brought back by this call; 0 when none is left.</param>
public sealed record UndeleteResult(UndeleteStatus Status, int Restored);

/// <summary>Outcomes of bringing mail back that are not faults.</summary>
public enum UndeleteStatus
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>They would pass the account's quota.</summary>
    OverQuota,

    /// <summary>L25: their mailboxes are gone and the account can have no more.</summary>
    TooManyMailboxes,
}
