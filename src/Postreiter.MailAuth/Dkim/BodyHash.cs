using System.Security.Cryptography;

namespace Postreiter.MailAuth.Dkim;

/// <summary>
/// One running hash over one canonical form of a body. Signatures that sign only its beginning (<c>l=</c>) take the hash as
/// it stands there, so that their number costs nothing.
/// </summary>
internal sealed class BodyHash : IDisposable
{
    private readonly IncrementalHash _hash;
    private readonly SortedList<long, byte[]?> _parts = [];
    private int _partsDone;
    private bool _isWholeWanted;
    private byte[]? _whole;

    public BodyHash(Canonicalization kind, HashAlgorithmName algorithm)
    {
        (Kind, Algorithm) = (kind, algorithm);
        _hash = IncrementalHash.CreateHash(algorithm);
    }

    /// <summary>How the body is canonicalized.</summary>
    public Canonicalization Kind { get; }

    /// <summary>How it is hashed.</summary>
    public HashAlgorithmName Algorithm { get; }

    /// <summary>Octets of the canonical body so far.</summary>
    public long Length { get; private set; }

    /// <summary>Says what will be asked for; before the first octet.</summary>
    /// <param name="length">The first octets of the canonical body; null for all of it.</param>
    public void Want(long? length)
    {
        if (length is { } part)
            _parts.TryAdd(part, null);
        else
            _isWholeWanted = true;
    }

    /// <summary>Takes the next octets of the canonical body.</summary>
    public void Append(ReadOnlySpan<byte> octets)
    {
        while (_partsDone < _parts.Count && _parts.GetKeyAtIndex(_partsDone) - Length <= octets.Length)
        {
            var rest = (int)(_parts.GetKeyAtIndex(_partsDone) - Length);
            _hash.AppendData(octets[..rest]);
            Length += rest;
            octets = octets[rest..];
            _parts.SetValueAtIndex(_partsDone++, _hash.GetCurrentHash());
        }

        // What nobody signed is only counted.
        if (_isWholeWanted || _partsDone < _parts.Count)
            _hash.AppendData(octets);
        Length += octets.Length;
    }

    /// <summary>The body is over.</summary>
    public void Complete()
    {
        // Lengths of zero in an empty body.
        Append([]);
        if (_isWholeWanted)
            _whole = _hash.GetHashAndReset();
        _hash.Dispose();
    }

    /// <summary>The hash of the first octets, or of all.</summary>
    /// <returns>Null when the body is shorter.</returns>
    public byte[]? Of(long? length) => length is { } part ? _parts[part] : _whole;

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
