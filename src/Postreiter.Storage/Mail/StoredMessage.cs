using Postreiter.Storage.Blobs;

namespace Postreiter.Storage.Mail;

/// <summary>A range of UIDs, both ends included, 1 or more.</summary>
/// <param name="First">Lowest.</param>
/// <param name="Last">Highest; <see cref="uint.MaxValue"/> for all above.</param>
public readonly record struct UidRange(uint First, uint Last)
{
    /// <summary>Every message.</summary>
    public static readonly UidRange All = new(1, uint.MaxValue);

    /// <summary>Just one.</summary>
    public UidRange(uint uid)
        : this(uid, uid) { }

    /// <summary>Ranges from ascending UIDs, neighbours joined.</summary>
    public static IReadOnlyList<UidRange> From(IEnumerable<uint> ascending)
    {
        var ranges = new List<UidRange>();
        foreach (var uid in ascending)
        {
            if (ranges.Count > 0 && ranges[^1].Last + 1 == uid)
                ranges[^1] = ranges[^1] with { Last = uid };
            else
                ranges.Add(new UidRange(uid));
        }

        return ranges;
    }
}

/// <summary>What a session keeps of each message of a selected mailbox: 24 bytes.</summary>
/// <param name="Uid">Its UID.</param>
/// <param name="ModSeq">MODSEQ of its last change.</param>
/// <param name="Flags">Its flags; equal ones are one object.</param>
public readonly record struct MessageEntry(uint Uid, long ModSeq, MessageFlags Flags);

/// <summary>A snapshot of what changed.</summary>
/// <param name="Mailbox">The mailbox with its counters at the same moment.</param>
/// <param name="Entries">Entries that are new or whose flags changed, ascending by UID.</param>
/// <param name="Expunged">UIDs that were expunged after the given MODSEQ, ascending; may name some the caller never saw.</param>
public sealed record MailboxChanges(Mailbox Mailbox, IReadOnlyList<MessageEntry> Entries, IReadOnlyList<uint> Expunged);

/// <summary>The whole row of one message.</summary>
/// <param name="Uid">Its UID.</param>
/// <param name="ModSeq">MODSEQ of its last change.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="InternalDate">INTERNALDATE.</param>
/// <param name="Size">Bytes of prefix and content: RFC822.SIZE.</param>
/// <param name="Blob">The content's name.</param>
/// <param name="Prefix">Header fields in front of the content.</param>
/// <param name="Structure">Compact ENVELOPE and BODYSTRUCTURE (<c>Postreiter.Messages</c>); empty when it was not computed.</param>
public sealed record StoredMessage(
    uint Uid,
    long ModSeq,
    MessageFlags Flags,
    DateTimeOffset InternalDate,
    long Size,
    BlobId Blob,
    ReadOnlyMemory<byte> Prefix,
    ReadOnlyMemory<byte> Structure
);

/// <summary>The bytes of a message.</summary>
public abstract class MessageContent : IAsyncDisposable
{
    /// <summary>Bytes of prefix and content.</summary>
    public abstract long Length { get; }

    /// <summary>Reads at an offset.</summary>
    /// <returns>Bytes read: as many as asked for, less only at the end, 0 past it.</returns>
    /// <exception cref="StoreException"><see cref="StoreFault.DamagedContent"/>.</exception>
    public abstract ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken ct);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

/// <summary>What <see cref="IMailStore.ChangeFlagsAsync"/> did.</summary>
/// <param name="Entries">Named entries as they are now, ascending by UID.</param>
/// <param name="Modified">UIDs left alone because they had changed since (RFC 7162 §3.1.3), ascending.</param>
public sealed record FlagChangeResult(IReadOnlyList<MessageEntry> Entries, IReadOnlyList<uint> Modified);

/// <summary>What <see cref="IMailStore.TransferAsync"/> did.</summary>
/// <param name="Status">When not <see cref="TransferStatus.Done"/>, nothing was changed.</param>
/// <param name="UidValidity">UIDVALIDITY of the target.</param>
/// <param name="Uids">Source and target UID of each message, ascending by source.</param>
public sealed record TransferResult(TransferStatus Status, uint UidValidity, IReadOnlyList<(uint From, uint To)> Uids);

/// <summary>Outcomes of a transfer that are not faults.</summary>
public enum TransferStatus
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>The target is gone: NO [TRYCREATE].</summary>
    NoTarget,

    /// <summary>The copies would pass the quota: NO [OVERQUOTA].</summary>
    OverQuota,
}
