using System.Security.Cryptography;

namespace Postreiter.MailAuth.Dkim;

/// <summary>What <c>a=</c> names (RFC 6376 §3.3, RFC 8463 §3).</summary>
/// <param name="Name">As in <c>a=</c>.</param>
/// <param name="KeyType">As in <c>k=</c> of the key record.</param>
/// <param name="HashName">As in <c>h=</c> of the key record.</param>
/// <param name="Hash">How header and body are hashed.</param>
internal sealed record SignatureAlgorithm(string Name, string KeyType, string HashName, HashAlgorithmName Hash)
{
    public static readonly SignatureAlgorithm RsaSha256 = new("rsa-sha256", "rsa", "sha256", HashAlgorithmName.SHA256);
    public static readonly SignatureAlgorithm Ed25519Sha256 = new(
        "ed25519-sha256",
        "ed25519",
        "sha256",
        HashAlgorithmName.SHA256
    );

    /// <summary>No longer verified (RFC 8301 §3.1); known, so that the result can say why.</summary>
    public static readonly SignatureAlgorithm RsaSha1 = new("rsa-sha1", "rsa", "sha1", HashAlgorithmName.SHA1);

    private static readonly SignatureAlgorithm[] All = [RsaSha256, Ed25519Sha256, RsaSha1];

    /// <summary>The algorithm of a name; null for one that is not known.</summary>
    public static SignatureAlgorithm? Find(string name) =>
        Array.Find(All, a => string.Equals(a.Name, name, StringComparison.OrdinalIgnoreCase));
}
