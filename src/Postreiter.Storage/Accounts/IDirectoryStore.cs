using Postreiter.Core;

namespace Postreiter.Storage.Accounts;

/// <summary>Domains, accounts and aliases of this site. Look-ups are by comparable form (<see cref="EmailAddress.Key"/>).</summary>
public interface IDirectoryStore
{
    /// <summary>All local domains, sorted.</summary>
    ValueTask<IReadOnlyList<DomainName>> ListDomainsAsync(CancellationToken ct);

    /// <summary>Whether mail for this domain is ours.</summary>
    ValueTask<bool> IsLocalDomainAsync(DomainName domain, CancellationToken ct);

    /// <summary>Adds a domain.</summary>
    /// <returns>False when it was there already.</returns>
    ValueTask<bool> AddDomainAsync(DomainName domain, CancellationToken ct);

    /// <summary>Removes a domain that no account and no alias uses any more, with its DKIM keys.</summary>
    ValueTask<RemoveDomainResult> RemoveDomainAsync(DomainName domain, CancellationToken ct);

    /// <summary>All accounts, sorted by address.</summary>
    ValueTask<IReadOnlyList<Account>> ListAccountsAsync(CancellationToken ct);

    /// <summary>The account with this address, or null. Aliases are not followed.</summary>
    ValueTask<Account?> FindAccountAsync(EmailAddress address, CancellationToken ct);

    /// <summary>
    /// Adds an account together with the mailboxes INBOX, Sent, Drafts, Junk, Trash and Archive (RFC 6154 uses set, all
    /// subscribed), in one unit of work.
    /// </summary>
    /// <returns>The account, or null when an account or alias has the address already.</returns>
    ValueTask<Account?> AddAccountAsync(NewAccount account, CancellationToken ct);

    /// <summary>Puts other credentials in place.</summary>
    /// <returns>False when there is no such account.</returns>
    ValueTask<bool> SetCredentialsAsync(EmailAddress address, Credentials credentials, CancellationToken ct);

    /// <summary>Changes the quota: most bytes and most messages; 0 is no limit, null leaves it as it is.</summary>
    /// <returns>False when there is no such account.</returns>
    ValueTask<bool> SetQuotaAsync(EmailAddress address, long? bytes, long? messages, CancellationToken ct);

    /// <summary>Removes an account with all its mail, expunged mail too: nothing of it can be brought back.</summary>
    /// <returns>False when there is no such account.</returns>
    ValueTask<bool> RemoveAccountAsync(EmailAddress address, CancellationToken ct);

    /// <summary>All aliases, sorted.</summary>
    ValueTask<IReadOnlyList<Alias>> ListAliasesAsync(CancellationToken ct);

    /// <summary>The alias with exactly this key (see <see cref="Alias.Key"/>), or null.</summary>
    ValueTask<Alias?> FindAliasAsync(string key, CancellationToken ct);

    /// <summary>Adds an alias or replaces its targets.</summary>
    ValueTask SetAliasAsync(Alias alias, CancellationToken ct);

    /// <summary>Removes an alias.</summary>
    /// <returns>False when it was not there.</returns>
    ValueTask<bool> RemoveAliasAsync(string key, CancellationToken ct);
}

/// <summary>What became of <see cref="IDirectoryStore.RemoveDomainAsync"/>.</summary>
public enum RemoveDomainResult
{
    /// <summary>It is gone.</summary>
    Removed,

    /// <summary>It was not there.</summary>
    NotFound,

    /// <summary>Accounts or aliases still use it; nothing was changed.</summary>
    InUse,
}

/// <summary>One person's mail.</summary>
/// <param name="Id">Ours, never reused.</param>
/// <param name="Address">The one address that is the account's name.</param>
/// <param name="Credentials">How its owner proves to be the owner.</param>
/// <param name="QuotaBytes">Most bytes of mail; 0 is no limit.</param>
/// <param name="UsedBytes">Bytes of mail now, each mailbox entry counted with its full size; expunged mail does not count.</param>
/// <param name="QuotaMessages">Most messages; 0 is no limit.</param>
/// <param name="UsedMessages">Mailbox entries now.</param>
/// <param name="Created">When it was added.</param>
public sealed record Account(
    long Id,
    EmailAddress Address,
    Credentials Credentials,
    long QuotaBytes,
    long UsedBytes,
    long QuotaMessages,
    long UsedMessages,
    DateTimeOffset Created
)
{
    /// <summary>Whether it has a quota.</summary>
    public bool HasQuota => QuotaBytes > 0 || QuotaMessages > 0;

    /// <summary>Whether this much more mail stays within the quota.</summary>
    public bool Fits(long bytes, long messages = 1) =>
        (QuotaBytes == 0 || UsedBytes + bytes <= QuotaBytes)
        && (QuotaMessages == 0 || UsedMessages + messages <= QuotaMessages);
}

/// <summary>What an account starts with.</summary>
/// <param name="Address">Its name; its domain must be local.</param>
/// <param name="Credentials">Derived from the first password.</param>
/// <param name="QuotaBytes">0 is no limit.</param>
/// <param name="QuotaMessages">0 is no limit.</param>
public sealed record NewAccount(
    EmailAddress Address,
    Credentials Credentials,
    long QuotaBytes = 0,
    long QuotaMessages = 0
);

/// <summary>A password in the two forms that log-ins need; neither gives the password back.</summary>
/// <param name="PasswordHash">Argon2id in PHC string form, for PLAIN, LOGIN and USER/PASS.</param>
/// <param name="Scram">Keys for SCRAM-SHA-256 (RFC 5802 §3).</param>
public sealed record Credentials(string PasswordHash, ScramKeys Scram)
{
    /// <summary>Says nothing, so that no log line ever prints a hash.</summary>
    public override string ToString() => "Credentials { }";
}

/// <summary>What a SCRAM-SHA-256 server stores (RFC 5802 §3, RFC 7677).</summary>
/// <param name="Salt">16 random bytes.</param>
/// <param name="Iterations">At least 4,096 (RFC 7677 §4).</param>
/// <param name="StoredKey">32 bytes.</param>
/// <param name="ServerKey">32 bytes.</param>
public sealed record ScramKeys(byte[] Salt, int Iterations, byte[] StoredKey, byte[] ServerKey)
{
    /// <summary>Says nothing, so that no log line ever prints a key.</summary>
    public override string ToString() => "ScramKeys { }";
}

/// <summary>An address that stands for others.</summary>
/// <param name="Key"><see cref="EmailAddress.Key"/> of the alias, or <c>@domain</c> for a catch-all.</param>
/// <param name="Targets">Local or remote addresses; at least one.</param>
public sealed record Alias(string Key, IReadOnlyList<EmailAddress> Targets);
