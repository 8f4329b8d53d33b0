using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Postreiter.Net.Sasl;

/// <summary>
/// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding. The password does not cross the wire, and
/// the server proves that it knows it too.
/// </summary>
public sealed class ScramClient
{
    /// <summary>Most iterations that a server may ask of us: each costs us two hashes, and a stranger chooses the number.</summary>
    public const int MaxIterations = 1_000_000;

    private readonly string _password;
    private readonly string _nonce;
    private readonly string _firstBare;
    private byte[]? _serverSignature;

    /// <summary>Begins.</summary>
    /// <param name="user">The name.</param>
    /// <param name="password">The password.</param>
    /// <param name="nonce">Our part of the nonce; null draws 18 random bytes. Tests pass the RFC's.</param>
    public ScramClient(string user, string password, string? nonce = null)
    {
        _password = SaslPrep.Prepare(password) ?? password;
        _nonce = nonce ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
        // RFC 5802 §5.1: "," and "=" in a name are escaped.
        var name = (SaslPrep.Prepare(user) ?? user)
            .Replace("=", "=3D", StringComparison.Ordinal)
            .Replace(",", "=2C", StringComparison.Ordinal);
        _firstBare = $"n={name},r={_nonce}";
    }

    /// <summary>The client-first-message.</summary>
    public string First => "n,," + _firstBare;

    /// <summary>Answers the server-first-message, <c>r=nonce,s=salt,i=iterations</c>.</summary>
    /// <returns>The client-final-message; null when the server's message is not one that can be answered.</returns>
    public string? Answer(string serverFirst)
    {
        var parts = serverFirst.Split(',');
        // RFC 5802 §5.1: an "m=" in front is a mandatory extension that we do not know; ours is the first part of the nonce.
        if (
            parts is not [['r', '=', ..], ['s', '=', ..], ['i', '=', ..], ..]
            || !parts[0].AsSpan(2).StartsWith(_nonce, StringComparison.Ordinal)
            || parts[0].Length == _nonce.Length + 2
            || !int.TryParse(parts[2].AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations is < 1 or > MaxIterations
        )
            return null;
        var salt = new byte[parts[1].Length];
        if (!Convert.TryFromBase64String(parts[1][2..], salt, out var length) || length == 0)
            return null;

        var salted = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(_password),
            salt.AsSpan(0, length),
            iterations,
            HashAlgorithmName.SHA256,
            SHA256.HashSizeInBytes
        );
        // "biws" is the base64 of "n,,".
        var withoutProof = $"c=biws,{parts[0]}";
        var authMessage = Encoding.UTF8.GetBytes($"{_firstBare},{serverFirst},{withoutProof}");
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var proof = HMACSHA256.HashData(SHA256.HashData(clientKey), authMessage);
        for (var i = 0; i < proof.Length; i++)
            proof[i] ^= clientKey[i];
        _serverSignature = HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), authMessage);
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    /// <summary>Whether the server-final-message, <c>v=signature</c>, proves that the server knows the password.</summary>
    public bool IsServerGood(string serverFinal)
    {
        Span<byte> signature = stackalloc byte[SHA256.HashSizeInBytes];
        return _serverSignature is not null
            && serverFinal.StartsWith("v=", StringComparison.Ordinal)
            && Convert.TryFromBase64String(serverFinal[2..].Split(',')[0], signature, out var length)
            && length == signature.Length
            && CryptographicOperations.FixedTimeEquals(signature, _serverSignature);
    }
}
