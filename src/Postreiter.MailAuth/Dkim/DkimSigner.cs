using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Dkim;

/// <summary>A key with the place where it is published.</summary>
/// <param name="Domain">The signing domain, <c>d=</c>.</param>
/// <param name="Selector">The selector, <c>s=</c>.</param>
/// <param name="Key">The private key.</param>
public sealed record DkimSigningKey(DomainName Domain, string Selector, DkimKey Key);

/// <summary>What signatures cover.</summary>
public sealed record DkimSigningOptions
{
    /// <summary>
    /// Fields that are signed once more than they occur, so that nobody can add one unseen (RFC 6376 §8.15). Always with From.
    /// Default: those that a reader is shown, and those that decide how the body is read.
    /// </summary>
    public IReadOnlyList<string> OversignedFields { get; init; } =
    [
        "From",
        "Reply-To",
        "Subject",
        "Date",
        "To",
        "Cc",
        "Message-ID",
        "In-Reply-To",
        "References",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];

    /// <summary>
    /// Fields that are signed as often as they occur, and may be added behind us: by a list, or by who sends the message on
    /// (RFC 6376 §5.4.1).
    /// </summary>
    public IReadOnlyList<string> SignedFields { get; init; } =
    [
        "Sender",
        "Content-Disposition",
        "Content-ID",
        "Resent-From",
        "Resent-To",
        "Resent-Cc",
        "Resent-Date",
        "Resent-Message-ID",
        "List-Id",
        "List-Help",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Subscribe",
        "List-Post",
        "List-Owner",
        "List-Archive",
        "Autocrypt",
    ];

    /// <summary>How long a signature is good, <c>x=</c>; null, the default, for ever.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>For the public suite of ARC: exactly these names and no others.</summary>
    internal IReadOnlyList<string>? ExactFields { get; init; }

    /// <summary>The names for <c>h=</c>, in lower case.</summary>
    internal List<string> Names(HeaderFields fields)
    {
        if (ExactFields is not null)
            return [.. ExactFields];
        var names = new List<string>();
        foreach (var name in OversignedFields.Prepend("From").Distinct(StringComparer.OrdinalIgnoreCase))
            names.AddRange(Enumerable.Repeat(name.ToLowerInvariant(), fields.Named(name).Count + 1));
        foreach (var name in SignedFields.Except(OversignedFields, StringComparer.OrdinalIgnoreCase))
            names.AddRange(Enumerable.Repeat(name.ToLowerInvariant(), fields.Named(name).Count));
        return names;
    }
}

/// <summary>Signs messages with several keys, rsa-sha256 and ed25519-sha256 beside each other (RFC 8463 §3), relaxed/relaxed.</summary>
/// <param name="keys">At least one; each gives a signature.</param>
/// <param name="time">For <c>t=</c>.</param>
/// <param name="options">What is signed; null for the defaults.</param>
public sealed class DkimSigner(
    IReadOnlyList<DkimSigningKey> keys,
    TimeProvider time,
    DkimSigningOptions? options = null
)
{
    /// <summary>Begins with a message of its own.</summary>
    /// <param name="header">All header lines with their CRLF, without the empty line; copied.</param>
    public DkimSigning Start(ReadOnlySpan<byte> header)
    {
        var message = new SignedMessage(header);
        return Start(message);
    }

    /// <summary>Begins with a message that others read too; feed it once, by any of them or by itself.</summary>
    public DkimSigning Start(SignedMessage message) => new(message, keys, time, options ?? new DkimSigningOptions());
}

/// <summary>The signing of one message, fed with its body.</summary>
public sealed class DkimSigning
{
    private const string Field = "DKIM-Signature";
    private readonly SignedMessage _message;
    private readonly IReadOnlyList<DkimSigningKey> _keys;
    private readonly TimeProvider _time;
    private readonly DkimSigningOptions _options;
    private readonly BodyHash _body;

    internal DkimSigning(
        SignedMessage message,
        IReadOnlyList<DkimSigningKey> keys,
        TimeProvider time,
        DkimSigningOptions options
    )
    {
        (_message, _keys, _time, _options) = (message, keys, time, options);
        _body = message.Want(Canonicalization.Relaxed, HashAlgorithmName.SHA256, null);
    }

    /// <inheritdoc cref="SignedMessage.AppendBody"/>
    public void AppendBody(ReadOnlySpan<byte> chunk) => _message.AppendBody(chunk);

    /// <summary>The message is over: its signatures.</summary>
    /// <returns>The fields with their CRLF, to be put above the header; ASCII, one for each key in their order.</returns>
    public string Complete()
    {
        _message.CompleteBody();
        var names = _options.Names(_message.Fields);
        var now = _time.GetUtcNow();
        var fields = new StringBuilder();
        foreach (var key in _keys)
            fields.Append(Sign(key, names, now));
        return fields.ToString();
    }

    private string Sign(DkimSigningKey key, List<string> names, DateTimeOffset now)
    {
        string Write(byte[] signature)
        {
            var writer = new SignatureWriter(Field)
                .Tag("v", "1")
                .Tag("a", key.Key.Algorithm)
                .Tag("c", "relaxed/relaxed")
                // RFC 8616 §5: A-labels are understood by everybody.
                .Tag("d", key.Domain.Ascii)
                .Tag("s", key.Selector)
                .Tag("t", now.ToUnixTimeSeconds().ToString());
            if (_options.Lifetime is { } lifetime)
                writer.Tag("x", (now + lifetime).ToUnixTimeSeconds().ToString());
            return writer
                .Names("h", names)
                .Tag("bh", Convert.ToBase64String(_body.Of(null)!))
                .Signature("b", signature)
                .ToString();
        }

        var input = new ArrayBufferWriter<byte>(4096);
        foreach (var index in _message.Fields.Select(names))
            _message.Fields.Write(input, Canonicalization.Relaxed, index);
        // RFC 6376 §3.7: the field itself comes last, with nothing behind "b=" and without its CRLF.
        HeaderCanonicalizer.WriteOpen(input, Encoding.ASCII.GetBytes(Write([])), Field.Length);
        return Write(key.Key.Sign(SHA256.HashData(input.WrittenSpan)));
    }
}
