using System.Text;

namespace Postreiter.MailAuth.Dkim;

/// <summary>A key record (RFC 6376 §3.6.1).</summary>
internal sealed class DkimKeyRecord
{
    /// <summary>Longest record that is read, in octets; the longest key that is checked takes 800.</summary>
    public const int MaxLength = 16 * 1024;

    private readonly string _keyType = "rsa";
    private readonly string[]? _hashes;

    private DkimKeyRecord(TagList tags)
    {
        // RFC 6376 §3.6.1: v= comes first where it is, and is DKIM1.
        if (tags.Has("v") && (tags.First != "v" || tags.Text("v") != "DKIM1"))
        {
            Fault = "key record: v= is not DKIM1, or not first";
            return;
        }

        _keyType = tags.Text("k") ?? "rsa";
        _hashes = tags.Parts("h");
        var flags = tags.Parts("t") ?? [];
        (IsTesting, IsIdentityStrict) = (flags.Contains("y"), flags.Contains("s"));
        // RFC 6376 §3.6.1: other services' keys are not for mail.
        if (tags.Parts("s") is { } services && !services.Contains("*") && !services.Contains("email"))
            Fault = "key record: s= does not name email";
        else if (_keyType is not ("rsa" or "ed25519"))
            Fault = $"key record: key type {Shown.Text(_keyType)} is not known";
        else if (tags.Text("p") is not { } data)
            Fault = "key record: p= is missing";
        else if (data.Length == 0)
            Fault = "the key is revoked";
        else if (tags.Base64("p") is not { } octets)
            Fault = "key record: p= is no base64";
        else
            Key = DkimPublicKey.TryRead(_keyType, octets, out var reason) ?? Failed(reason);
    }

    private DkimKeyRecord(string fault) => Fault = fault;

    /// <summary>Why the key cannot be used; null when it can.</summary>
    public string? Fault { get; private set; }

    /// <summary>The key; null with a <see cref="Fault"/>.</summary>
    public DkimPublicKey? Key { get; }

    /// <summary><c>t=y</c>.</summary>
    public bool IsTesting { get; }

    /// <summary><c>t=s</c>: the domain of <c>i=</c> must be <c>d=</c> itself.</summary>
    public bool IsIdentityStrict { get; }

    /// <summary>Reads a record.</summary>
    /// <param name="text">Its strings joined, a character for each octet.</param>
    public static DkimKeyRecord Read(string text)
    {
        if (text.Length > MaxLength)
            return new DkimKeyRecord($"key record: {text.Length} octets, more than {MaxLength}");
        return TagList.TryParse(Encoding.Latin1.GetBytes(text), out var reason) is { } tags
            ? new DkimKeyRecord(tags)
            : new DkimKeyRecord($"key record: {reason}");
    }

    /// <summary>Why the key is not for an algorithm; null when it is.</summary>
    public string? FaultFor(SignatureAlgorithm algorithm)
    {
        if (Fault is not null)
            return Fault;
        if (_keyType != algorithm.KeyType)
            return $"key record: a key of type {_keyType} for {algorithm.Name}";
        return _hashes is null || _hashes.Contains(algorithm.HashName)
            ? null
            : $"key record: h= does not name {algorithm.HashName}";
    }

    private DkimPublicKey? Failed(string reason)
    {
        Fault = $"key record: {reason}";
        return null;
    }
}
