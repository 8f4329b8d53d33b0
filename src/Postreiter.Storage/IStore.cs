using Postreiter.Storage.Accounts;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Gate;
using Postreiter.Storage.Learning;
using Postreiter.Storage.Lists;
using Postreiter.Storage.Mail;
using Postreiter.Storage.MailAuth;
using Postreiter.Storage.Quarantine;
using Postreiter.Storage.Queue;

namespace Postreiter.Storage;

/// <summary>
/// The whole store of one site: metadata and contents. Every method of its parts that changes something is one unit of
/// work: all of it or nothing, and durable when the task completes (limits-and-promises P1).
/// </summary>
/// <remarks>
/// Engines: SQLite with segment files (<c>Postreiter.Storage.Sql</c>), in memory (tests). All pass the same contract
/// suite. A fault of the engine is a <see cref="StoreException"/>; the sessions turn it into 4yz, NO or -ERR.
/// </remarks>
public interface IStore : IAsyncDisposable
{
    /// <summary>Domains, accounts and aliases.</summary>
    IDirectoryStore Directory { get; }

    /// <summary>Mailboxes and the messages in them.</summary>
    IMailStore Mail { get; }

    /// <summary>What waits to be sent to other servers.</summary>
    IQueueStore Queue { get; }

    /// <summary>Keys, secrets and sums of mail authentication.</summary>
    IMailAuthStore MailAuth { get; }

    /// <summary>Greylisting, and the traces of messages.</summary>
    IGateStore Gate { get; }

    /// <summary>What was learned of spam and of good mail.</summary>
    ILearningStore Learning { get; }

    /// <summary>Whom the site, its domains and its accounts want mail from, and from whom not.</summary>
    IListStore Lists { get; }

    /// <summary>What was taken and is kept apart.</summary>
    IQuarantineStore Quarantine { get; }

    /// <summary>Contents on their way in.</summary>
    IBlobIntake Blobs { get; }

    /// <summary>Tells of changes after they are committed.</summary>
    IChangeFeed Changes { get; }

    /// <summary>
    /// Verifies every row and record: hashes, checksums, references, counts, UIDs, quotas, files without rows. Runs beside
    /// normal work.
    /// </summary>
    /// <param name="progress">Told (checked, total) messages now and then; may be null.</param>
    /// <param name="ct">Stops the check.</param>
    Task<StoreCheckReport> CheckAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct);

    /// <summary>
    /// As <see cref="CheckAsync"/>, and puts right what follows from something else: counters, bytes used, reference counts,
    /// files without rows. A message is never touched, damaged or not.
    /// </summary>
    /// <param name="progress">Told (checked, total) messages now and then; may be null.</param>
    /// <param name="ct">Stops it; what was put right stays so.</param>
    Task<StoreCheckReport> RepairAsync(IProgress<(long Done, long Total)>? progress, CancellationToken ct);
}

/// <summary>What <see cref="IStore.CheckAsync"/> found.</summary>
/// <param name="Accounts">Accounts seen.</param>
/// <param name="Mailboxes">Mailboxes seen.</param>
/// <param name="Messages">Mailbox entries seen.</param>
/// <param name="QueueItems">Queue items seen.</param>
/// <param name="Blobs">Contents whose bytes were hashed and compared.</param>
/// <param name="Problems">One sentence each: what, where; empty when all is well.</param>
/// <param name="Repaired">What was wrong and is right now.</param>
public sealed record StoreCheckReport(
    long Accounts,
    long Mailboxes,
    long Messages,
    long QueueItems,
    long Blobs,
    IReadOnlyList<string> Problems,
    IReadOnlyList<string> Repaired
);
