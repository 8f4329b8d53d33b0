using System.Net;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Net;
using Postreiter.Net.Sasl;
using Postreiter.Storage;
using Postreiter.Storage.Accounts;

namespace Postreiter.Authentication;

/// <summary>
/// Says whether a peer is one of our accounts. The name is the account's whole address, in any case; aliases do not log in.
/// A name that does not exist costs the same work as one that does.
/// </summary>
/// <param name="store">The accounts.</param>
/// <param name="hasher">Checks passwords.</param>
/// <param name="verified">Passwords that were right lately.</param>
/// <param name="key">Makes up SCRAM keys.</param>
/// <param name="throttle">Slows down and locks out (L13).</param>
/// <param name="logger">Told of refusals and faults; never of passwords.</param>
internal sealed class PasswordAuthenticator(
    IStore store,
    PasswordHasher hasher,
    VerifiedPasswords verified,
    LoginKey key,
    LoginThrottle throttle,
    ILogger logger
) : IAuthenticator
{
    // RFC 4616 §2 bounds nothing; a longer password than any we take is wrong without work, for known and unknown alike.
    private const int MaxPasswordLength = 1024;

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(
        string user,
        string password,
        IPAddress remote,
        CancellationToken ct
    )
    {
        if (throttle.IsLocked(remote))
            return RefuseLocked(user, remote);
        if (password.Length > MaxPasswordLength)
            return Refuse(user, remote);
        try
        {
            var account = await FindAsync(user, ct);
            var hash = account?.Credentials.PasswordHash ?? PasswordHasher.NobodysHash;
            if (account is not null && verified.Contains(account.Id, password, hash))
                return Accept(account);
            await throttle.WaitAsync(user, ct);
            if (!await hasher.VerifyAsync(password, hash, ct) || account is null)
                return Refuse(user, remote);
            verified.Add(account.Id, password, hash);
            return Accept(account);
        }
        catch (StoreException e)
        {
            return Unavailable(e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct)
    {
        if (throttle.IsLocked(remote))
        {
            LoginMetrics.Limit("L13");
            return null;
        }

        await throttle.WaitAsync(user, ct);
        // F12: a fault goes through as the exception; the exchange must not be told made-up keys in place of real ones.
        return await FindAsync(user, ct) is { Credentials.Scram: var keys }
            ? new ScramSecret(keys.Salt, keys.Iterations, keys.StoredKey, keys.ServerKey)
            : key.Fake(user);
    }

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> ReportScramAsync(
        string user,
        bool succeeded,
        IPAddress remote,
        CancellationToken ct
    )
    {
        if (!succeeded)
            return Refuse(user, remote);
        try
        {
            return await FindAsync(user, ct) is { } account ? Accept(account) : Refuse(user, remote);
        }
        catch (StoreException e)
        {
            return Unavailable(e);
        }
    }

    private async ValueTask<Account?> FindAsync(string user, CancellationToken ct)
    {
        // An address that nobody has stands in for what is no address, so that both cost one look-up.
        if (!EmailAddress.TryParse(user, out var address))
            address = EmailAddress.Parse("nobody@invalid");
        return await store.Directory.FindAccountAsync(address, ct);
    }

    private AuthenticationResult Accept(Account account)
    {
        throttle.ReportSuccess(account.Address.Key);
        return new(AuthenticationStatus.Succeeded, new AuthenticatedUser(account.Id, account.Address));
    }

    private AuthenticationResult Refuse(string user, IPAddress remote)
    {
        LoginMetrics.Failed.Add(1);
        logger.LogWarning("Log-in as {User} from {Remote} failed", Printable(user), remote);
        if (throttle.ReportFailure(user, remote))
        {
            LoginMetrics.LockedOut.Add(1);
            logger.LogWarning(
                "{Remote} is locked out for {For} after {Failures} failed log-ins (L13)",
                remote,
                throttle.Lockout.For,
                throttle.Lockout.After
            );
        }

        return AuthenticationResult.Failed;
    }

    // The password was not looked at: a refusal says nothing about it.
    private AuthenticationResult RefuseLocked(string user, IPAddress remote)
    {
        LoginMetrics.Limit("L13");
        return Refuse(user, remote);
    }

    private AuthenticationResult Unavailable(StoreException e)
    {
        logger.LogError(e, "Nobody can log in: the directory does not answer");
        return AuthenticationResult.Unavailable;
    }

    // The name is the peer's: no control characters and no endless line in the log.
    private static string Printable(string user) =>
        new([.. user.Take(100).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
}
