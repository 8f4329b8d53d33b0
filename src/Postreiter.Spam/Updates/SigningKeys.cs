using System.Globalization;
using Org.BouncyCastle.Bcpg;
using Org.BouncyCastle.Bcpg.OpenPgp;

namespace Postreiter.Spam.Updates;

/// <summary>The OpenPGP keys whose holders may publish rules (RFC 4880).</summary>
public sealed class SigningKeys
{
    // Data signed with these may have been made to fit the signature.
    private static readonly HashSet<HashAlgorithmTag> BrokenHashes =
    [
        HashAlgorithmTag.MD5,
        HashAlgorithmTag.Sha1,
        HashAlgorithmTag.MD2,
        HashAlgorithmTag.RipeMD160,
    ];

    private readonly List<PgpPublicKeyRing> _rings = [];

    private SigningKeys() { }

    /// <summary>Reads keys.</summary>
    /// <param name="files">Files of public keys, armoured or not; each may hold several.</param>
    /// <exception cref="InvalidDataException">A file holds none.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static SigningKeys Read(IEnumerable<string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        var keys = new SigningKeys();
        foreach (var file in files)
        {
            using var stream = File.OpenRead(file);
            var before = keys._rings.Count;
            try
            {
                using var decoded = PgpUtilities.GetDecoderStream(stream);
                keys._rings.AddRange(new PgpPublicKeyRingBundle(decoded).GetKeyRings());
            }
            catch (Exception e) when (e is PgpException or IOException or ArgumentException)
            {
                throw new InvalidDataException($"{file} is not a file of OpenPGP public keys: {e.Message}", e);
            }

            if (keys._rings.Count == before)
                throw new InvalidDataException($"{file} holds no OpenPGP public key");
        }

        return keys;
    }

    /// <summary>Checks a detached signature.</summary>
    /// <param name="data">What is signed.</param>
    /// <param name="signature">The signature, armoured or not.</param>
    /// <returns>The fingerprint of the key that signed, in upper-case hexadecimal.</returns>
    /// <exception cref="InvalidDataException">No key of these has signed this; the message says why.</exception>
    public string Verify(ReadOnlyMemory<byte> data, byte[] signature)
    {
        var faults = new List<string>();
        foreach (var one in Signatures(signature))
        {
            if (Fault(data, one, out var key) is not { } fault)
                return Fingerprint(key!);
            faults.Add(fault);
        }

        throw new InvalidDataException(
            faults.Count == 0 ? "the signature file holds no signature" : string.Join("; ", faults)
        );
    }

    private static IEnumerable<PgpSignature> Signatures(byte[] signature)
    {
        try
        {
            using var decoded = PgpUtilities.GetDecoderStream(new MemoryStream(signature));
            var list = new PgpObjectFactory(decoded).NextPgpObject() as PgpSignatureList;
            return list is null ? [] : [.. Enumerable.Range(0, list.Count).Select(i => list[i])];
        }
        catch (Exception e) when (e is PgpException or IOException or ArgumentException)
        {
            throw new InvalidDataException($"the signature cannot be read: {e.Message}", e);
        }
    }

    private string? Fault(ReadOnlyMemory<byte> data, PgpSignature signature, out PgpPublicKey? key)
    {
        var id = signature.KeyId;
        var ring = _rings.Find(r => r.GetPublicKey(id) is not null);
        key = ring?.GetPublicKey(id);
        if (ring is null || key is null)
            return $"it is signed by the key {id.ToString("X16", CultureInfo.InvariantCulture)}, which is not among those we know";
        var named = $"the key {Fingerprint(key)}";
        if (signature.SignatureType != PgpSignature.BinaryDocument)
            return $"the signature by {named} is not one of a file";
        if (BrokenHashes.Contains(signature.HashAlgorithm))
            return $"the signature by {named} uses {signature.HashAlgorithm}, which is broken";
        if (key.HasRevocation() || ring.GetPublicKey().HasRevocation())
            return $"{named} is revoked";
        if (!key.IsMasterKey && !IsBound(ring.GetPublicKey(), key))
            return $"{named} does not belong to the key it stands with";
        if (Expired(key, signature) || Expired(ring.GetPublicKey(), signature))
            return $"{named} had expired when it signed";
        try
        {
            signature.InitVerify(key);
            signature.Update(data.ToArray());
            return signature.Verify() ? null : $"the signature by {named} does not fit the archive";
        }
        catch (PgpException e)
        {
            return $"the signature by {named} cannot be checked: {e.Message}";
        }
    }

    // RFC 4880 §5.2.1: a subkey is its primary key's only by a binding signature (0x18) of that.
    private static bool IsBound(PgpPublicKey primary, PgpPublicKey key)
    {
        foreach (var binding in key.GetSignaturesOfType(PgpSignature.SubkeyBinding))
        {
            if (binding.KeyId != primary.KeyId)
                continue;
            binding.InitVerify(primary);
            var flags = binding.GetHashedSubPackets()?.GetKeyFlags() ?? 0;
            if ((flags == 0 || (flags & PgpKeyFlags.CanSign) != 0) && binding.VerifyCertification(primary, key))
                return true;
        }

        return false;
    }

    private static bool Expired(PgpPublicKey key, PgpSignature signature) =>
        key.GetValidSeconds() is > 0 and var seconds && signature.CreationTime > key.CreationTime.AddSeconds(seconds);

    private static string Fingerprint(PgpPublicKey key) => Convert.ToHexString(key.GetFingerprint());
}
