using Postreiter.Core;
using Postreiter.MailAuth.Batv;
using Postreiter.Storage.Accounts;

namespace Postreiter.Delivery.Inbound;

/// <summary>How an address was resolved.</summary>
public enum ResolutionStatus
{
    /// <summary>It leads to at least one account or remote address.</summary>
    Found,

    /// <summary>Its domain is not ours.</summary>
    NotLocal,

    /// <summary>Its domain is ours, the user is not: 550 5.1.1.</summary>
    Unknown,

    /// <summary>Its aliases lead in a circle, too deep or to too many: our own mistake, 451 4.3.5.</summary>
    Loop,
}

/// <summary>Where mail for one address goes.</summary>
/// <param name="Status">How it ended; the lists are empty unless <see cref="ResolutionStatus.Found"/>.</param>
/// <param name="Accounts">Local accounts, each once.</param>
/// <param name="Remote">Addresses at other servers that an alias forwards to, each once.</param>
public sealed record Resolution(
    ResolutionStatus Status,
    IReadOnlyList<Account> Accounts,
    IReadOnlyList<EmailAddress> Remote
)
{
    /// <summary>The address was made by us for bounces to mail that we forwarded (SRS): it takes nothing else.</summary>
    public bool IsForBounces { get; init; }

    /// <summary>The address without the tag that we gave it for bounces (BATV): the one that is meant; null where it has none.</summary>
    public EmailAddress? Untagged { get; init; }

    /// <summary>Whether a notice to the address is about mail of ours; null where nobody can know.</summary>
    public BatvStatus? Tag { get; init; }

    internal static Resolution Without(ResolutionStatus status) => new(status, [], []);
}
