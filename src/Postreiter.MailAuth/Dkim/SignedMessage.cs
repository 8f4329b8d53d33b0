using System.Security.Cryptography;

namespace Postreiter.MailAuth.Dkim;

/// <summary>
/// A message as DKIM and ARC see it: its header fields found once, its body hashed once while it arrives, whoever wants to
/// check or to sign it. One for the message; give it to each of them before the body begins.
/// </summary>
/// <remarks>Not safe for several threads at once. To be disposed only when it is left before its end.</remarks>
public sealed class SignedMessage : IDisposable
{
    private readonly List<BodyCanonicalizer> _bodies = [];
    private bool _isBodyBegun;
    private bool _isComplete;

    /// <summary>Takes the header, and copies it.</summary>
    /// <param name="header">All its lines with their CRLF, without the empty line, as on the wire.</param>
    public SignedMessage(ReadOnlySpan<byte> header) => Fields = new HeaderFields(header);

    internal HeaderFields Fields { get; }

    /// <summary>Takes the next piece of the body.</summary>
    /// <param name="chunk">As on the wire after the dots are unstuffed; cut anywhere.</param>
    /// <exception cref="InvalidOperationException">The body is over.</exception>
    public void AppendBody(ReadOnlySpan<byte> chunk)
    {
        if (_isComplete)
            throw new InvalidOperationException("The body is over");
        _isBodyBegun = true;
        foreach (var body in _bodies)
            body.Append(chunk);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var hash in _bodies.SelectMany(static body => body.Hashes))
            hash.Dispose();
    }

    /// <summary>Says which hash of the body will be needed, and gives where it will be.</summary>
    /// <exception cref="InvalidOperationException">The body has begun.</exception>
    internal BodyHash Want(Canonicalization kind, HashAlgorithmName algorithm, long? length)
    {
        if (_isBodyBegun || _isComplete)
            throw new InvalidOperationException("The body has begun");
        var body = _bodies.Find(b => b.Kind == kind);
        if (body is null)
            _bodies.Add(body = new BodyCanonicalizer(kind));
        var hash = body.Hashes.Find(h => h.Algorithm == algorithm);
        if (hash is null)
            body.Hashes.Add(hash = new BodyHash(kind, algorithm));
        hash.Want(length);
        return hash;
    }

    /// <summary>The body is over; may be said again.</summary>
    internal void CompleteBody()
    {
        if (_isComplete)
            return;
        _isComplete = true;
        foreach (var body in _bodies)
            body.Complete();
    }
}
