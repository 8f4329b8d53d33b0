using System.Security.Cryptography;
using System.Text;

namespace Postreiter.Spam.Updates;

/// <summary>One update of a channel as it was published, not yet looked at.</summary>
/// <param name="Serial">Its number; a later one is higher.</param>
/// <param name="Archive">Octets of SERIAL.tar.gz.</param>
/// <param name="Sha512">Text of SERIAL.tar.gz.sha512: the hash in hexadecimal, then anything; null = not published.</param>
/// <param name="Sha256">Likewise.</param>
/// <param name="Signature">SERIAL.tar.gz.asc, a detached OpenPGP signature; null = not published.</param>
public sealed record ChannelUpdate(long Serial, byte[] Archive, string? Sha512, string? Sha256, byte[]? Signature)
{
    /// <summary>Longest archive: 16 MiB. SpamAssassin's has 0.5.</summary>
    public const int MaxArchive = 16 << 20;

    /// <summary>Longest of the files beside it: 64 KiB.</summary>
    public const int MaxCompanion = 64 << 10;

    /// <summary>Brings together the files of an update.</summary>
    /// <param name="serial">Its number.</param>
    /// <param name="get">Reads the file whose name ends so, at most so many octets; null = it is not there.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="InvalidDataException">There is no archive.</exception>
    public static async Task<ChannelUpdate> ReadAsync(
        long serial,
        Func<string, int, CancellationToken, Task<byte[]?>> get,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(get);
        var archive =
            await get(".tar.gz", MaxArchive, ct) ?? throw new InvalidDataException($"there is no {serial}.tar.gz");
        return new ChannelUpdate(
            serial,
            archive,
            Text(await get(".tar.gz.sha512", MaxCompanion, ct)),
            Text(await get(".tar.gz.sha256", MaxCompanion, ct)),
            await get(".tar.gz.asc", MaxCompanion, ct)
        );

        static string? Text(byte[]? octets) => octets is null ? null : Encoding.Latin1.GetString(octets);
    }

    /// <summary>Checks the hashes that are there, of which there must be one, and the signature.</summary>
    /// <param name="keys">Who may sign; null = the signature is not looked at.</param>
    /// <returns>The fingerprint of the key that signed; null without <paramref name="keys"/>.</returns>
    /// <exception cref="InvalidDataException">It is not what was published; the message says why.</exception>
    public string? Check(SigningKeys? keys)
    {
        if (Sha512 is null && Sha256 is null)
            throw new InvalidDataException($"neither {Serial}.tar.gz.sha512 nor {Serial}.tar.gz.sha256 is there");
        Compare("sha512", Sha512, SHA512.HashData(Archive));
        Compare("sha256", Sha256, SHA256.HashData(Archive));
        if (keys is null)
            return null;
        return keys.Verify(
            Archive,
            Signature ?? throw new InvalidDataException($"{Serial}.tar.gz.asc, the signature, is not there")
        );
    }

    private void Compare(string kind, string? published, byte[] actual)
    {
        if (published is null)
            return;
        var hash = published.TrimStart().Split([' ', '\t', '\r', '\n'], 2)[0];
        if (!hash.Equals(Convert.ToHexString(actual), StringComparison.OrdinalIgnoreCase))
            throw new InvalidDataException(
                $"{Serial}.tar.gz is damaged: its {kind} is not the one that {Serial}.tar.gz.{kind} says"
            );
    }
}
