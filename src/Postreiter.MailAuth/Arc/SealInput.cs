using System.Buffers;
using System.Security.Cryptography;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.MailAuth.Arc;

/// <summary>
/// What the seals of a chain sign (RFC 8617 §5.1.1): the fields of all sets in order, relaxed, the last seal without its
/// signature. Canonicalized once for all of them.
/// </summary>
internal sealed class SealInput
{
    private readonly HeaderFields _fields;
    private readonly IReadOnlyList<ArcSet> _sets;
    private readonly ArrayBufferWriter<byte> _text = new(4096);

    // Where the seal of each set begins in the text.
    private readonly int[] _seals;

    /// <summary>Takes a whole chain.</summary>
    public SealInput(HeaderFields fields, IReadOnlyList<ArcSet> sets)
    {
        (_fields, _sets, _seals) = (fields, sets, new int[sets.Count]);
        for (var i = 0; i < sets.Count; i++)
        {
            fields.Write(_text, Canonicalization.Relaxed, sets[i].Results);
            fields.Write(_text, Canonicalization.Relaxed, sets[i].Message);
            _seals[i] = _text.WrittenCount;
            fields.Write(_text, Canonicalization.Relaxed, sets[i].Seal);
        }
    }

    /// <summary>All of it, for a seal that is to follow.</summary>
    public ReadOnlySpan<byte> Text => _text.WrittenSpan;

    /// <summary>What the seal of a set signs, hashed.</summary>
    /// <param name="instance">From 1.</param>
    public byte[] Hash(int instance)
    {
        var set = _sets[instance - 1];
        var own = new ArrayBufferWriter<byte>(512);
        _fields.WriteUnsigned(own, Canonicalization.Relaxed, set.Seal, set.SealSignature.SignatureRange);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_text.WrittenSpan[.._seals[instance - 1]]);
        hash.AppendData(own.WrittenSpan);
        return hash.GetHashAndReset();
    }
}
