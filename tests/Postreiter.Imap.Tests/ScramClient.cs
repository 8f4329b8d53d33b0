using System.Security.Cryptography;
using System.Text;
using Postreiter.Net;

namespace Postreiter.Imap.Tests;

/// <summary>The client's side of SCRAM-SHA-256 (RFC 5802 §3) for the password "secret".</summary>
internal sealed class ScramClient(string user, ReadOnlyMemory<byte>? binding)
{
    private const string Nonce = "fyko+d2lbbFgONRv9qkxdawL";
    private static readonly byte[] Salt = [1, 2, 3, 4];

    private static readonly byte[] Salted = Rfc2898DeriveBytes.Pbkdf2(
        "secret"u8,
        Salt,
        4096,
        HashAlgorithmName.SHA256,
        SHA256.HashSizeInBytes
    );

    private readonly string _header = binding is null ? "n,," : "p=tls-server-end-point,,";

    /// <summary>What the server keeps.</summary>
    public static ScramSecret Secret { get; } =
        new(
            Salt,
            4096,
            SHA256.HashData(HMACSHA256.HashData(Salted, "Client Key"u8)),
            HMACSHA256.HashData(Salted, "Server Key"u8)
        );

    private string Bare => $"n={user},r={Nonce}";

    /// <summary>client-first-message in base64.</summary>
    public string First => Base64(Encoding.UTF8.GetBytes(_header + Bare));

    /// <summary>client-final-message in base64, for a server-first-message in base64.</summary>
    public string Final(string challenge)
    {
        var serverFirst = Encoding.UTF8.GetString(Convert.FromBase64String(challenge));
        byte[] bound = [.. Encoding.UTF8.GetBytes(_header), .. binding.GetValueOrDefault().Span];
        var withoutProof = $"c={Base64(bound)},{serverFirst.Split(',')[0]}";
        var message = Encoding.UTF8.GetBytes($"{Bare},{serverFirst},{withoutProof}");
        var key = HMACSHA256.HashData(Salted, "Client Key"u8);
        var signature = HMACSHA256.HashData(SHA256.HashData(key), message);
        var proof = key.Zip(signature, static (a, b) => (byte)(a ^ b)).ToArray();
        return Base64(Encoding.UTF8.GetBytes($"{withoutProof},p={Base64(proof)}"));
    }

    private static string Base64(byte[] bytes) => Convert.ToBase64String(bytes);
}
