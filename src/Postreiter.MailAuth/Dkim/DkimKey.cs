using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Postreiter.MailAuth.Dkim;

/// <summary>A private key to sign with: RSA, or Ed25519 (RFC 8463). May be used by several threads at once.</summary>
public sealed class DkimKey : IDisposable
{
    private const string Ed25519Oid = "1.3.101.112";
    private const int ShortestRsa = 1024;

    private readonly RSA? _rsa;
    private readonly byte[]? _seed;

    private DkimKey(RSA? rsa, byte[]? seed)
    {
        (_rsa, _seed) = (rsa, seed);
        var record = new StringBuilder("v=DKIM1; ");
        if (rsa is not null)
        {
            record.Append("k=rsa; p=").Append(Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo()));
        }
        else
        {
            var point = new byte[Ed25519.PublicKeySize];
            Ed25519.GeneratePublicKey(seed!, 0, point, 0);
            record.Append("k=ed25519; p=").Append(Convert.ToBase64String(point));
        }

        TxtRecord = record.ToString();
    }

    /// <summary>What it signs with, as in <c>a=</c>: rsa-sha256 or ed25519-sha256.</summary>
    public string Algorithm => SignatureAlgorithm.Name;

    /// <summary>
    /// The text of the TXT record to publish at <c>SELECTOR._domainkey.DOMAIN</c> (RFC 6376 §3.6.2). One of RSA is longer
    /// than the 255 octets of one string: a zone file needs it cut in strings, see <see cref="TxtStrings"/>.
    /// </summary>
    public string TxtRecord { get; }

    /// <summary>The record as quoted strings of 255 octets at most, for a zone file.</summary>
    public string TxtStrings => string.Join(' ', TxtRecord.Chunk(255).Select(static part => $"\"{new string(part)}\""));

    internal SignatureAlgorithm SignatureAlgorithm =>
        _rsa is null ? SignatureAlgorithm.Ed25519Sha256 : SignatureAlgorithm.RsaSha256;

    /// <summary>Makes an RSA key.</summary>
    /// <param name="bits">2048 by default: more is slow to check, and not every verifier takes it.</param>
    /// <exception cref="ArgumentOutOfRangeException">Below 1024 or above 4096 (RFC 8301 §3.2).</exception>
    public static DkimKey GenerateRsa(int bits = 2048)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, ShortestRsa);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 4096);
        return new DkimKey(RSA.Create(bits), null);
    }

    /// <summary>Makes an Ed25519 key.</summary>
    public static DkimKey GenerateEd25519() => new(null, RandomNumberGenerator.GetBytes(Ed25519.SecretKeySize));

    /// <summary>Reads a private key in PEM: PKCS#8 (PRIVATE KEY) of either kind, or PKCS#1 (RSA PRIVATE KEY).</summary>
    /// <param name="pem">The text; what stands around the key does not count.</param>
    /// <param name="reason">What is wrong with it.</param>
    /// <returns>Null when it holds no such key, or an RSA key below 1024 bits (RFC 8301 §3.2: signers must not use one).</returns>
    public static DkimKey? TryImportPem(string pem, out string reason)
    {
        reason = "";
        try
        {
            if (!PemEncoding.TryFind(pem, out var fields))
            {
                reason = "there is no PEM in it";
                return null;
            }

            if (pem.AsSpan(fields.Label).SequenceEqual("PRIVATE KEY"))
            {
                var data = Convert.FromBase64String(pem[fields.Base64Data]);
                if (ReadSeed(data) is { } seed)
                    return new DkimKey(null, seed);
            }

            var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            if (rsa.KeySize >= ShortestRsa)
                return new DkimKey(rsa, null);
            reason = $"the key has {rsa.KeySize} bits; at least {ShortestRsa} are needed";
            rsa.Dispose();
            return null;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException or AsnContentException)
        {
            reason = $"it is no private key of RSA or Ed25519: {e.Message}";
            return null;
        }
    }

    /// <summary>The private key in PEM, PKCS#8. It is a secret.</summary>
    public string ExportPem()
    {
        if (_rsa is not null)
            return _rsa.ExportPkcs8PrivateKeyPem();
        // RFC 8410 §7.
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            using (writer.PushSequence())
                writer.WriteObjectIdentifier(Ed25519Oid);
            using (writer.PushOctetString())
                writer.WriteOctetString(_seed);
        }

        return PemEncoding.WriteString("PRIVATE KEY", writer.Encode());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rsa?.Dispose();
        if (_seed is not null)
            CryptographicOperations.ZeroMemory(_seed);
    }

    /// <summary>Signs a SHA-256 hash.</summary>
    internal byte[] Sign(byte[] hash)
    {
        if (_rsa is not null)
            return _rsa.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_seed, 0, hash, 0, hash.Length, signature, 0);
        return signature;
    }

    // The seed of an Ed25519 key (RFC 8410 §7); null for a key of another kind.
    private static byte[]? ReadSeed(byte[] data)
    {
        var key = new AsnReader(data, AsnEncodingRules.DER).ReadSequence();
        key.ReadInteger();
        if (key.ReadSequence().ReadObjectIdentifier() != Ed25519Oid)
            return null;
        var seed = new AsnReader(key.ReadOctetString(), AsnEncodingRules.DER).ReadOctetString();
        return seed.Length == Ed25519.SecretKeySize
            ? seed
            : throw new CryptographicException($"an Ed25519 key of {seed.Length} octets");
    }
}
