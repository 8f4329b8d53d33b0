using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Postreiter.Storage.Accounts;

namespace Postreiter.Authentication;

/// <summary>Derives and checks credentials: Argon2id as a PHC string, and the keys of SCRAM-SHA-256.</summary>
/// <remarks>
/// m = 19 MiB, t = 2, p = 1 (OWASP's smallest). One hash takes 19 MiB and about 70 ms of a core, so no more run at a time
/// than the machine has cores; the others wait in line.
/// </remarks>
internal sealed class PasswordHasher : IDisposable
{
    private const int MemoryKiB = 19 * 1024;
    private const int Passes = 2;
    private const int Lanes = 1;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    // RFC 7677 §4 wants at least 4,096; the client pays for them, so more is cheap for us.
    private const int ScramIterations = 15_000;

    // A stored hash states its own cost; what lies above these bounds is not ours and is not computed.
    private const int MaxMemoryKiB = 1024 * 1024;
    private const int MaxPasses = 64;

    private readonly SemaphoreSlim _gate;

    /// <summary>A hasher.</summary>
    /// <param name="atOnce">Most hashes at one time; default is the number of processors.</param>
    public PasswordHasher(int? atOnce = null) => _gate = new SemaphoreSlim(atOnce ?? Environment.ProcessorCount);

    /// <summary>What stands in for the hash of a user who does not exist: as dear to check, and matched by nothing.</summary>
    public static string NobodysHash { get; } =
        $"$argon2id$v=19$m={MemoryKiB},t={Passes},p={Lanes}${Encode(new byte[SaltBytes])}${Encode(new byte[HashBytes])}";

    /// <summary>Credentials of a new password, with fresh salts.</summary>
    public async ValueTask<Credentials> DeriveAsync(string password, CancellationToken ct)
    {
        var bytes = Prepare(password);
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var hash = await HashAsync(bytes, salt, MemoryKiB, Passes, Lanes, HashBytes, ct);
        var text = $"$argon2id$v=19$m={MemoryKiB},t={Passes},p={Lanes}${Encode(salt)}${Encode(hash)}";
        return new Credentials(text, DeriveScram(bytes, RandomNumberGenerator.GetBytes(SaltBytes)));
    }

    /// <summary>Whether a password is the one of a PHC string; false for a string that is no Argon2id hash of bearable cost.</summary>
    public async ValueTask<bool> VerifyAsync(string password, string phc, CancellationToken ct)
    {
        if (!TryReadPhc(phc, out var memory, out var passes, out var lanes, out var salt, out var expected))
            return false;
        var hash = await HashAsync(Prepare(password), salt, memory, passes, lanes, expected.Length, ct);
        return CryptographicOperations.FixedTimeEquals(hash, expected);
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    /// <summary>StoredKey and ServerKey of RFC 5802 §3, with SHA-256 (RFC 7677).</summary>
    internal static ScramKeys DeriveScram(byte[] password, byte[] salt)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, ScramIterations, HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        return new ScramKeys(
            salt,
            ScramIterations,
            SHA256.HashData(clientKey),
            HMACSHA256.HashData(salted, "Server Key"u8)
        );
    }

    /// <summary>The iteration count that made-up SCRAM keys show, the same as real ones.</summary>
    internal static int IterationsOfScram => ScramIterations;

    /// <summary>
    /// The bytes of a password. RFC 5802 §2.2 has clients prepare it by SASLprep (RFC 4013 §2): other spaces become SPACE,
    /// and the form is NFKC. Done here for every mechanism, so that all of them take the same password.
    /// </summary>
    internal static byte[] Prepare(string password)
    {
        var text = new StringBuilder(password.Length);
        foreach (var c in password)
        {
            // RFC 3454 table B.1: characters that mapping deletes.
            if (c is '\u00AD' or '\u200B' or '\u2060' or '\uFEFF')
                continue;
            text.Append(char.GetUnicodeCategory(c) == UnicodeCategory.SpaceSeparator ? ' ' : c);
        }

        var prepared = text.ToString();
        // A lone surrogate has no normal form; such a password is compared as it is.
        return Encoding.UTF8.GetBytes(IsWellFormed(prepared) ? prepared.Normalize(NormalizationForm.FormKC) : prepared);
    }

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]))
                return false;
        }

        return true;
    }

    private async ValueTask<byte[]> HashAsync(
        byte[] password,
        byte[] salt,
        int memory,
        int passes,
        int lanes,
        int length,
        CancellationToken ct
    )
    {
        await _gate.WaitAsync(ct);
        try
        {
            // On a thread of the pool, so that the session's own stays free for others.
            return await Task.Run(
                () =>
                {
                    var generator = new Argon2BytesGenerator();
                    generator.Init(
                        new Argon2Parameters.Builder(Argon2Parameters.Argon2id)
                            .WithVersion(Argon2Parameters.Version13)
                            .WithMemoryAsKB(memory)
                            .WithIterations(passes)
                            .WithParallelism(lanes)
                            .WithSalt(salt)
                            .Build()
                    );
                    var hash = new byte[length];
                    generator.GenerateBytes(password, hash);
                    return hash;
                },
                ct
            );
        }
        finally
        {
            _gate.Release();
        }
    }

    private static bool TryReadPhc(
        string phc,
        out int memory,
        out int passes,
        out int lanes,
        out byte[] salt,
        out byte[] hash
    )
    {
        (memory, passes, lanes, salt, hash) = (0, 0, 0, [], []);
        var parts = phc.Split('$');
        if (parts is not ["", "argon2id", "v=19", var cost, var saltText, var hashText])
            return false;
        return cost.Split(',') is [['m', '=', .. var m], ['t', '=', .. var t], ['p', '=', .. var p]]
            && TryReadNumber(m, 8, MaxMemoryKiB, out memory)
            && TryReadNumber(t, 1, MaxPasses, out passes)
            && TryReadNumber(p, 1, 16, out lanes)
            && TryDecode(saltText, out salt)
            && TryDecode(hashText, out hash)
            && salt.Length is >= 8 and <= 64
            && hash.Length is >= 16 and <= 64;
    }

    private static bool TryReadNumber(string text, int least, int most, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        && number >= least
        && number <= most;

    // PHC strings use base 64 without padding.
    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static bool TryDecode(string text, out byte[] bytes)
    {
        var padded = text + new string('=', (4 - (text.Length % 4)) % 4);
        var buffer = new byte[padded.Length];
        var good = Convert.TryFromBase64String(padded, buffer, out var length);
        bytes = good ? buffer[..length] : [];
        return good;
    }
}
