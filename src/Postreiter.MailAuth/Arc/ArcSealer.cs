using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Postreiter.MailAuth.Dkim;

namespace Postreiter.MailAuth.Arc;

/// <summary>Seals messages that go on (RFC 8617 §5.1), relaxed/relaxed.</summary>
/// <param name="key">The key and its place. RSA is what every validator knows.</param>
/// <param name="time">For <c>t=</c>.</param>
/// <param name="options">
/// What the message signature covers; null for what DKIM signs by default and the DKIM-Signatures (RFC 8617 §4.1.2).
/// </param>
public sealed class ArcSealer(DkimSigningKey key, TimeProvider time, DkimSigningOptions? options = null)
{
    /// <summary>Begins with a message of its own.</summary>
    /// <param name="header">All header lines with their CRLF, without the empty line, as it goes on; copied.</param>
    public ArcSealing Start(ReadOnlySpan<byte> header)
    {
        var message = new SignedMessage(header);
        return Start(message);
    }

    /// <summary>Begins with a message that others read too; feed it once, by any of them or by itself.</summary>
    public ArcSealing Start(SignedMessage message) => new(message, key, time, options);
}

/// <summary>The sealing of one message, fed with its body.</summary>
public sealed class ArcSealing
{
    private const string ResultsField = "ARC-Authentication-Results";
    private readonly SignedMessage _message;
    private readonly DkimSigningKey _key;
    private readonly TimeProvider _time;
    private readonly DkimSigningOptions? _options;
    private readonly BodyHash _body;

    internal ArcSealing(SignedMessage message, DkimSigningKey key, TimeProvider time, DkimSigningOptions? options)
    {
        (_message, _key, _time, _options) = (message, key, time, options);
        _body = message.Want(Canonicalization.Relaxed, HashAlgorithmName.SHA256, null);
    }

    /// <inheritdoc cref="SignedMessage.AppendBody"/>
    public void AppendBody(ReadOnlySpan<byte> chunk) => _message.AppendBody(chunk);

    /// <summary>The message is over: its ARC Set.</summary>
    /// <param name="received">What the chain was worth as the message came.</param>
    /// <param name="results">
    /// The value of our Authentication-Results: <c>authserv-id; method=result …</c>. May be folded.
    /// </param>
    /// <returns>
    /// The three fields with their CRLF, to be put above the header, UTF-8 where the results have it; null when there is to be no further set: the last one
    /// says cv=fail (RFC 8617 §5.1 step 2), or it is the fiftieth.
    /// </returns>
    /// <exception cref="ArgumentException">A line end in <paramref name="results"/> that is no fold.</exception>
    public string? Complete(ArcOutcome received, string results)
    {
        _message.CompleteBody();
        if (received.IsSealedAsFailed || received.Sets >= ArcChain.MaxSets)
            return null;
        var instance = (received.Sets + 1).ToString();
        var status = received.Result switch
        {
            ArcResult.None => "none",
            ArcResult.Pass => "pass",
            _ => "fail",
        };
        var now = _time.GetUtcNow().ToUnixTimeSeconds().ToString();
        var authentication = Results(instance, results);
        var message = SignMessage(instance, now);
        var seal = Seal(received.Result, instance, status, now, authentication, message);
        return seal + message + authentication;
    }

    /// <inheritdoc cref="Complete(ArcOutcome, string)"/>
    /// <param name="received">What the chain was worth as the message came.</param>
    /// <param name="results">Our results.</param>
    /// <param name="allowUtf8">Whether the message may have UTF-8 in its header (RFC 8616 §5); else it is replaced.</param>
    public string? Complete(ArcOutcome received, AuthenticationResults results, bool allowUtf8 = false)
    {
        var field = results.ToField(allowUtf8: allowUtf8);
        return Complete(received, field[(field.IndexOf(':') + 1)..]);
    }

    private static string Results(string instance, string results)
    {
        var field = $"{ResultsField}: i={instance}; {results.Trim()}\r\n";
        var unfolded = field[..^2].Replace("\r\n ", " ").Replace("\r\n\t", "\t");
        if (unfolded.AsSpan().ContainsAny('\r', '\n', '\0'))
            throw new ArgumentException("A line end that is no fold", nameof(results));
        return field;
    }

    private string SignMessage(string instance, string now)
    {
        var names = (_options ?? new DkimSigningOptions()).Names(_message.Fields);
        if (_options is null)
            names.AddRange(_message.Fields.Named("DKIM-Signature").Select(static _ => "dkim-signature"));
        string Write(byte[] signature) =>
            Field(
                "ARC-Message-Signature",
                ("i", w => w.Tag("i", instance)),
                ("a", w => w.Tag("a", _key.Key.Algorithm)),
                ("c", w => w.Tag("c", "relaxed/relaxed")),
                ("d", w => w.Tag("d", _key.Domain.Ascii)),
                ("s", w => w.Tag("s", _key.Selector)),
                ("t", w => w.Tag("t", now)),
                ("h", w => w.Names("h", names)),
                ("bh", w => w.Tag("bh", Convert.ToBase64String(_body.Of(null)!))),
                ("b", w => Sign(w, signature))
            );

        var input = new ArrayBufferWriter<byte>(4096);
        foreach (var index in _message.Fields.Select(names))
            _message.Fields.Write(input, Canonicalization.Relaxed, index);
        return Sign(input, Write);
    }

    private string Seal(
        ArcResult received,
        string instance,
        string status,
        string now,
        string authentication,
        string message
    )
    {
        string Write(byte[] signature) =>
            Field(
                "ARC-Seal",
                ("i", w => w.Tag("i", instance)),
                ("a", w => w.Tag("a", _key.Key.Algorithm)),
                ("cv", w => w.Tag("cv", status)),
                ("d", w => w.Tag("d", _key.Domain.Ascii)),
                ("s", w => w.Tag("s", _key.Selector)),
                ("t", w => w.Tag("t", now)),
                ("b", w => Sign(w, signature))
            );

        var input = new ArrayBufferWriter<byte>(4096);
        // RFC 8617 §5.1.2: of a chain that failed nothing is signed but the new set.
        if (received == ArcResult.Pass)
            input.Write(new SealInput(_message.Fields, ArcChain.Read(_message.Fields).Sets).Text);
        foreach (var field in new[] { authentication, message })
        {
            HeaderCanonicalizer.WriteOpen(input, Encoding.UTF8.GetBytes(field), field.IndexOf(':'));
            input.Write("\r\n"u8);
        }

        return Sign(input, Write);
    }

    // RFC 8617 §4.1.2: i= comes first. The public suite compares fields with their tags by the alphabet and no folds in the
    // signature, which a seal covers.
    private string Field(string name, params (string Name, Func<SignatureWriter, SignatureWriter> Write)[] tags)
    {
        if (IsExact)
            Array.Sort(tags, static (one, other) => string.CompareOrdinal(one.Name, other.Name));
        return tags.Aggregate(new SignatureWriter(name), static (writer, tag) => tag.Write(writer)).ToString();
    }

    private bool IsExact => _options?.ExactFields is not null;

    private SignatureWriter Sign(SignatureWriter writer, byte[] signature) =>
        writer.Signature("b", signature, isFolded: !IsExact);

    private string Sign(ArrayBufferWriter<byte> input, Func<byte[], string> write)
    {
        var open = write([]);
        HeaderCanonicalizer.WriteOpen(input, Encoding.ASCII.GetBytes(open), open.IndexOf(':'));
        return write(_key.Key.Sign(SHA256.HashData(input.WrittenSpan)));
    }
}
