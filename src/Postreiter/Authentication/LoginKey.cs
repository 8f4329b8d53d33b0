using System.Security.Cryptography;
using System.Text;
using Postreiter.Net;
using Postreiter.Settings;

namespace Postreiter.Authentication;

/// <summary>
/// Makes up SCRAM keys for users who do not exist: always the same for one name, also after a restart, so that they look
/// like real ones (RFC 5802 §9).
/// </summary>
/// <param name="key">32 random bytes, kept in the data folder.</param>
internal sealed class LoginKey(byte[] key)
{
    private const int Bytes = 32;

    /// <summary>Reads the key of a data folder; makes one where there is none.</summary>
    public static LoginKey Open(DataFolder folder)
    {
        if (File.Exists(folder.LoginKeyFile) && File.ReadAllBytes(folder.LoginKeyFile) is { Length: Bytes } kept)
            return new LoginKey(kept);
        var key = RandomNumberGenerator.GetBytes(Bytes);
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using var file = new FileStream(folder.LoginKeyFile, options);
        file.Write(key);
        return new LoginKey(key);
    }

    /// <summary>Keys that no password matches.</summary>
    public ScramSecret Fake(string user)
    {
        var name = user.ToLowerInvariant();
        return new ScramSecret(
            Derive("salt", name).AsMemory(0, 16),
            PasswordHasher.IterationsOfScram,
            Derive("stored", name),
            Derive("server", name)
        );
    }

    private byte[] Derive(string purpose, string name) =>
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{purpose}\0{name}"));
}
