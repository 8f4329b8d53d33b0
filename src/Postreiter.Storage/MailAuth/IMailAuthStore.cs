using Postreiter.Core;

namespace Postreiter.Storage.MailAuth;

/// <summary>What mail authentication keeps: keys of DKIM, secrets of SRS, sums of DMARC reports.</summary>
public interface IMailAuthStore
{
    /// <summary>All keys of all domains, by domain, then in the order they were made.</summary>
    ValueTask<IReadOnlyList<DkimKeyRecord>> ListDkimKeysAsync(CancellationToken ct);

    /// <summary>Adds a key. It goes with its domain (<see cref="Accounts.IDirectoryStore.RemoveDomainAsync"/>).</summary>
    /// <returns>False when the domain is not ours, or has the selector already.</returns>
    ValueTask<bool> AddDkimKeyAsync(DkimKeyRecord key, CancellationToken ct);

    /// <summary>A key signs from now on; the one of its algorithm that did so before is retired, in the same unit of work.</summary>
    /// <returns>False when it is not there, or signs already.</returns>
    ValueTask<bool> ActivateDkimKeyAsync(DomainName domain, string selector, DateTimeOffset at, CancellationToken ct);

    /// <summary>Removes a key, its private part too.</summary>
    /// <returns>False when it was not there.</returns>
    ValueTask<bool> RemoveDkimKeyAsync(DomainName domain, string selector, CancellationToken ct);

    /// <summary>Secrets of SRS, the newest first.</summary>
    ValueTask<IReadOnlyList<SrsSecret>> ListSrsSecretsAsync(CancellationToken ct);

    /// <summary>Adds a secret and forgets those made before <paramref name="forget"/>.</summary>
    ValueTask AddSrsSecretAsync(SrsSecret secret, DateTimeOffset forget, CancellationToken ct);

    /// <summary>Adds the rows of a report that came in to the sums.</summary>
    /// <returns>False when this report was counted before; nothing was changed.</returns>
    ValueTask<bool> AddDmarcReportAsync(DmarcReportRecord report, CancellationToken ct);

    /// <summary>Sums of the reports about a domain, by day, then by source.</summary>
    /// <param name="domain">The domain they are about.</param>
    /// <param name="from">The first day.</param>
    /// <param name="ct">Stops before the work begins.</param>
    ValueTask<IReadOnlyList<DmarcSum>> ListDmarcSumsAsync(DomainName domain, DateOnly from, CancellationToken ct);

    /// <summary>Counts what came in from other domains, for the reports that they ask for.</summary>
    ValueTask CountDmarcResultsAsync(IReadOnlyList<DmarcTally> tallies, CancellationToken ct);

    /// <summary>What was counted on the days before <paramref name="day"/>, by domain and day.</summary>
    ValueTask<IReadOnlyList<DmarcTally>> ListDmarcResultsAsync(DateOnly day, CancellationToken ct);

    /// <summary>Forgets what was counted for a domain on a day: its report is on its way.</summary>
    ValueTask RemoveDmarcResultsAsync(DomainName domain, DateOnly day, CancellationToken ct);
}
