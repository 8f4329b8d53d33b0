using Postreiter.Core;

namespace Postreiter.Storage.MailAuth;

/// <summary>A key that signs, or will or did, for one domain.</summary>
public sealed record DkimKeyRecord
{
    /// <summary>d=.</summary>
    public required DomainName Domain { get; init; }

    /// <summary>s=, in lower case; unique in its domain.</summary>
    public required string Selector { get; init; }

    /// <summary>Of the private key.</summary>
    public required DkimKeyAlgorithm Algorithm { get; init; }

    /// <summary>PKCS#8, DER.</summary>
    public required ReadOnlyMemory<byte> PrivateKey { get; init; }

    /// <summary>Where it stands.</summary>
    public DkimKeyState State { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it began to sign; null before.</summary>
    public DateTimeOffset? Activated { get; init; }

    /// <summary>When another took its place; null before.</summary>
    public DateTimeOffset? Retired { get; init; }

    /// <summary>Without the private key, so that no log line ever prints it.</summary>
    public override string ToString() => $"{Selector}._domainkey.{Domain} {Algorithm} {State}";
}

/// <summary>Algorithms of DKIM keys.</summary>
public enum DkimKeyAlgorithm
{
    /// <summary>For rsa-sha256.</summary>
    Rsa,

    /// <summary>For ed25519-sha256.</summary>
    Ed25519,
}

/// <summary>The life of a DKIM key.</summary>
public enum DkimKeyState
{
    /// <summary>Shown, to be put into the DNS; it does not sign before it is seen there.</summary>
    Published,

    /// <summary>It signs.</summary>
    Active,

    /// <summary>It signed; its record stays in the DNS while mail that it signed may still be checked.</summary>
    Retired,
}

/// <summary>What the HMAC of SRS addresses is made with.</summary>
/// <param name="Secret">32 random bytes.</param>
/// <param name="Created">When it was made; the newest one signs, all of them verify.</param>
public sealed record SrsSecret(ReadOnlyMemory<byte> Secret, DateTimeOffset Created)
{
    /// <summary>Says nothing, so that no log line ever prints it.</summary>
    public override string ToString() => "SrsSecret { }";
}
