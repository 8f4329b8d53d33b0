using System.Security.Cryptography;
using System.Text;
using Postreiter.Net;

namespace Postreiter.Smtp.Tests.Server;

/// <summary>The client's side of SCRAM-SHA-256 (RFC 5802 §3).</summary>
/// <param name="password">The password.</param>
/// <param name="gs2">The header: <c>n,,</c>, <c>y,,</c> or <c>p=NAME,,</c>.</param>
/// <param name="binding">Channel binding data, empty without.</param>
internal sealed class ScramClient(string password, string gs2, byte[] binding)
{
    private const string Nonce = "fyko+d2lbbFgONRv9qkxdawL";
    private static readonly byte[] Salt = [1, 2, 3, 4];
    private readonly byte[] _salted = Salted(password);
    private string _bare = "";

    /// <summary>What a server keeps for a password.</summary>
    public static ScramSecret SecretOf(string password) =>
        new(
            Salt,
            4096,
            SHA256.HashData(HMACSHA256.HashData(Salted(password), "Client Key"u8)),
            HMACSHA256.HashData(Salted(password), "Server Key"u8)
        );

    /// <summary>What the server says at the end; known after <see cref="Final"/>.</summary>
    public string ServerFinal { get; private set; } = "";

    public string First(string user)
    {
        _bare = $"n={user},r={Nonce}";
        return gs2 + _bare;
    }

    public string Final(string serverFirst)
    {
        byte[] bound = [.. Encoding.UTF8.GetBytes(gs2), .. binding];
        var withoutProof = $"c={Convert.ToBase64String(bound)},{serverFirst.Split(',')[0]}";
        var message = Encoding.UTF8.GetBytes($"{_bare},{serverFirst},{withoutProof}");
        var key = HMACSHA256.HashData(_salted, "Client Key"u8);
        var signature = HMACSHA256.HashData(SHA256.HashData(key), message);
        var server = HMACSHA256.HashData(HMACSHA256.HashData(_salted, "Server Key"u8), message);
        ServerFinal = "v=" + Convert.ToBase64String(server);
        var proof = key.Zip(signature, static (a, b) => (byte)(a ^ b)).ToArray();
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    private static byte[] Salted(string password) =>
        Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(password),
            Salt,
            4096,
            HashAlgorithmName.SHA256,
            SHA256.HashSizeInBytes
        );
}
