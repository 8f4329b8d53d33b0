using System.Net;

namespace Postreiter.Net;

/// <summary>Says whether a peer is who it claims to be. The program fulfils it; SASL exchanges and LOGIN, USER/PASS call it.</summary>
/// <remarks>
/// It also slows down and locks out (limits-and-promises L13): a call may take seconds, and takes the same time for users
/// that do not exist. The session counts its own failures and closes after three.
/// </remarks>
public interface IAuthenticator
{
    /// <summary>Checks a password.</summary>
    /// <param name="user">The name as given: an address.</param>
    /// <param name="password">The password, prepared as given (RFC 4616).</param>
    /// <param name="remote">The peer's address, for throttling.</param>
    /// <param name="ct">Stops waiting.</param>
    ValueTask<AuthenticationResult> VerifyPasswordAsync(
        string user,
        string password,
        IPAddress remote,
        CancellationToken ct
    );

    /// <summary>
    /// The SCRAM-SHA-256 keys of a user. For an unknown user it gives made-up ones that are always the same for that name, so
    /// that the exchange fails only at its end. Null while the peer's address is locked out, or the account is.
    /// </summary>
    ValueTask<ScramSecret?> FindScramAsync(string user, IPAddress remote, CancellationToken ct);

    /// <summary>Tells the outcome of a SCRAM exchange that the caller evaluated; gives the user when it succeeded.</summary>
    ValueTask<AuthenticationResult> ReportScramAsync(
        string user,
        bool succeeded,
        IPAddress remote,
        CancellationToken ct
    );
}

/// <summary>SCRAM keys of one user (RFC 5802 §3).</summary>
/// <param name="Salt">Salt.</param>
/// <param name="Iterations">Iteration count.</param>
/// <param name="StoredKey">32 bytes.</param>
/// <param name="ServerKey">32 bytes.</param>
public sealed record ScramSecret(
    ReadOnlyMemory<byte> Salt,
    int Iterations,
    ReadOnlyMemory<byte> StoredKey,
    ReadOnlyMemory<byte> ServerKey
);

/// <summary>How a log-in ended.</summary>
public enum AuthenticationStatus
{
    /// <summary>The peer is that user.</summary>
    Succeeded,

    /// <summary>Wrong name or password, or locked out; the peer is not told which: 535 5.7.8, NO [AUTHENTICATIONFAILED].</summary>
    Failed,

    /// <summary>The directory cannot answer (F12): 454 4.7.0, NO [UNAVAILABLE].</summary>
    Unavailable,
}

/// <summary>Result of a log-in.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="User">Who it is, when it succeeded.</param>
public sealed record AuthenticationResult(AuthenticationStatus Status, AuthenticatedUser? User = null)
{
    /// <summary>The refusal.</summary>
    public static readonly AuthenticationResult Failed = new(AuthenticationStatus.Failed);

    /// <summary>The directory is down.</summary>
    public static readonly AuthenticationResult Unavailable = new(AuthenticationStatus.Unavailable);
}

/// <summary>A user who has logged in.</summary>
/// <param name="AccountId">The store's id of the account.</param>
/// <param name="Address">The account's address.</param>
public sealed record AuthenticatedUser(long AccountId, Core.EmailAddress Address);
