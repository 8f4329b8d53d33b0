using System.Formats.Asn1;
using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Postreiter.MailAuth.Dkim;

/// <summary>A public key out of a key record. Used by several threads at once: nothing in it changes.</summary>
internal sealed class DkimPublicKey
{
    private const string RsaEncryption = "1.2.840.113549.1.1.1";

    // Above what is ever checked, so that the size can be named; below what costs anything to read.
    private const int MaxModulusBytes = 2048;

    // As OpenSSL has it for long keys: a larger exponent makes a check as dear as a signature.
    private const int MaxExponentBytes = 8;

    private readonly RSA? _rsa;
    private readonly byte[]? _ed25519;

    private DkimPublicKey(RSA? rsa, byte[]? ed25519) => (_rsa, _ed25519) = (rsa, ed25519);

    /// <summary>Bits of the RSA modulus; 256 for Ed25519.</summary>
    public int Bits => _rsa?.KeySize ?? 256;

    /// <summary>Whether the sizes of <see cref="DkimLimits"/> count.</summary>
    public bool IsRsa => _rsa is not null;

    /// <summary>Reads the data of <c>p=</c>.</summary>
    /// <param name="type"><c>k=</c>: rsa or ed25519.</param>
    /// <param name="data">The octets of <c>p=</c>.</param>
    /// <param name="reason">What is wrong.</param>
    public static DkimPublicKey? TryRead(string type, byte[] data, out string reason)
    {
        reason = "";
        // RFC 8463 §4.2: the 32 octets themselves.
        if (type == "ed25519")
        {
            if (data.Length == Ed25519.PublicKeySize)
                return new DkimPublicKey(null, data);
            reason = $"an Ed25519 key has 32 octets, not {data.Length}";
            return null;
        }

        try
        {
            if (TryReadRsa(data, out reason) is not { } parameters)
                return null;
            return new DkimPublicKey(RSA.Create(parameters), null);
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException or OverflowException)
        {
            reason = "p= is no RSA key";
            return null;
        }
    }

    /// <summary>Whether a signature of a hash is this key's.</summary>
    public bool Verify(ReadOnlySpan<byte> hash, HashAlgorithmName algorithm, byte[] signature)
    {
        // RFC 8463 §3: what Ed25519 signs is the hash.
        if (_ed25519 is not null)
        {
            return signature.Length == Ed25519.SignatureSize
                && Ed25519.Verify(signature, 0, _ed25519, 0, hash.ToArray(), 0, hash.Length);
        }

        try
        {
            return _rsa!.VerifyHash(hash, signature, algorithm, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            // A modulus that is no modulus.
            return false;
        }
    }

    // A SubjectPublicKeyInfo, as everybody publishes, or the RSAPublicKey in it, as RFC 6376 §3.6.1 says.
    private static RSAParameters? TryReadRsa(byte[] data, out string reason)
    {
        reason = "";
        var key = new AsnReader(data, AsnEncodingRules.DER).ReadSequence();
        if (key.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            var oid = key.ReadSequence().ReadObjectIdentifier();
            if (oid != RsaEncryption)
            {
                reason = $"p= is a key of another kind ({oid})";
                return null;
            }

            key = new AsnReader(key.ReadBitString(out _), AsnEncodingRules.DER).ReadSequence();
        }

        var modulus = key.ReadIntegerBytes().Span.TrimStart((byte)0);
        var exponent = key.ReadIntegerBytes().Span.TrimStart((byte)0);
        if (modulus.Length is 0 or > MaxModulusBytes || exponent.Length is 0 or > MaxExponentBytes)
        {
            reason = $"an RSA key of {modulus.Length} octets with an exponent of {exponent.Length}";
            return null;
        }

        return new RSAParameters { Modulus = modulus.ToArray(), Exponent = exponent.ToArray() };
    }
}
