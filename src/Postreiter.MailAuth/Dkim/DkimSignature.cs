using Postreiter.Core;

namespace Postreiter.MailAuth.Dkim;

/// <summary>Which field a signature stands in: they share their tags but for a few.</summary>
internal enum SignatureField
{
    /// <summary>DKIM-Signature (RFC 6376 §3.5).</summary>
    Dkim,

    /// <summary>ARC-Message-Signature (RFC 8617 §4.1.2).</summary>
    ArcMessage,

    /// <summary>ARC-Seal (RFC 8617 §4.1.3).</summary>
    ArcSeal,
}

/// <summary>The tags of a signature, read and found good or not.</summary>
internal sealed class DkimSignature
{
    /// <summary>Longest field that is read, in octets (L4).</summary>
    private const int MaxLength = 64 * 1024;

    /// <summary>No signature at all, for results that are of none.</summary>
    public static readonly DkimSignature None = new();

    private DomainName _domain;

    private DkimSignature() { }

    /// <summary>What is wrong with it; null when it can be checked.</summary>
    public string? Fault { get; private set; }

    /// <summary>The result of a signature with a <see cref="Fault"/>.</summary>
    public DkimResult FaultResult { get; private set; }

    /// <summary><c>a=</c>; null before it was read.</summary>
    public SignatureAlgorithm? Algorithm { get; private set; }

    /// <summary><c>d=</c> as ASCII; empty before it was read.</summary>
    public string Domain { get; private set; } = "";

    /// <summary><c>s=</c> as it stands there.</summary>
    public string Selector { get; private set; } = "";

    /// <summary><c>i=</c> decoded, of DKIM only.</summary>
    public string Identity { get; private set; } = "";

    /// <summary>Whether the domain of <c>i=</c> is <c>d=</c> itself, as a key with <c>t=s</c> wants.</summary>
    public bool IsIdentityInDomain { get; private set; } = true;

    /// <summary>Where the key is published.</summary>
    public DomainName KeyName { get; private set; }

    /// <summary>The first 8 characters of <c>b=</c>.</summary>
    public string Start { get; private set; } = "";

    /// <summary><c>b=</c>.</summary>
    public byte[] Signature { get; private set; } = [];

    /// <summary>Where the value of <c>b=</c> lies in the value of the field.</summary>
    public Range SignatureRange { get; private set; }

    /// <summary><c>bh=</c>; empty in a seal.</summary>
    public byte[] BodyHash { get; private set; } = [];

    /// <summary><c>c=</c>, first part.</summary>
    public Canonicalization Header { get; private set; }

    /// <summary><c>c=</c>, second part.</summary>
    public Canonicalization Body { get; private set; }

    /// <summary>Whether <c>c=</c> is there.</summary>
    public bool HasCanonicalization { get; private set; }

    /// <summary><c>h=</c>; empty in a seal.</summary>
    public string[] Names { get; private set; } = [];

    /// <summary><c>l=</c>; null for the whole body.</summary>
    public long? BodyLength { get; private set; }

    /// <summary><c>t=</c>; null when it says none.</summary>
    public long? Time { get; private set; }

    /// <summary><c>x=</c>; null when it says none.</summary>
    public long? Expiry { get; private set; }

    /// <summary>Reads the value of a field.</summary>
    /// <param name="value">What stands behind the colon.</param>
    /// <param name="field">Which field it is.</param>
    /// <param name="isHistoricAccepted">Whether signatures from before the version tag are read.</param>
    public static DkimSignature Read(ReadOnlySpan<byte> value, SignatureField field, bool isHistoricAccepted = false)
    {
        var signature = new DkimSignature();
        if (value.Length > MaxLength)
            signature.Fail(DkimResult.Neutral, $"the field has {value.Length} octets, more than {MaxLength}");
        else if (TagList.TryParse(value, out var reason) is { } tags)
            signature.Read(tags, field, isHistoricAccepted);
        else
            signature.Fail(DkimResult.Neutral, $"syntax: {reason}");
        return signature;
    }

    // Each step gives false when it has set the fault. RFC 6376 §6.1.1.
    private void Read(TagList tags, SignatureField field, bool isHistoricAccepted)
    {
        _ =
            ReadPlace(tags)
            && ReadSignature(tags)
            && (field != SignatureField.Dkim || ReadVersion(tags, isHistoricAccepted))
            && ReadAlgorithm(tags, isHistoricAccepted)
            && (field == SignatureField.ArcSeal || ReadContent(tags, field, isHistoricAccepted))
            && (field != SignatureField.Dkim || ReadIdentity(tags))
            && ReadTimes(tags, field);
    }

    private bool Fail(DkimResult result, string reason)
    {
        (FaultResult, Fault) = (result, reason);
        return false;
    }

    // d= and s=, first, so that every other fault can name them.
    private bool ReadPlace(TagList tags)
    {
        if (tags.Text("d") is not { } domain || tags.Text("s") is not { } selector)
            return Fail(DkimResult.Neutral, $"syntax: {(tags.Has("d") ? "s" : "d")}= is missing");
        if (!DomainName.TryParse(domain, out var name) || name.IsAddressLiteral)
            return Fail(DkimResult.Neutral, $"syntax: d= is no domain: '{Shown.Text(domain)}'");
        (Domain, _domain) = (name.Ascii, name);
        // Labels in UTF-8 are asked for as A-labels (RFC 8616 §5).
        if (selector.StartsWith('[') || !DomainName.TryParse($"{selector}._domainkey.{Domain}", out var keyName))
            return Fail(DkimResult.Neutral, $"syntax: s= is no selector: '{Shown.Text(selector)}'");
        (Selector, KeyName, Identity) = (selector, keyName, "@" + Domain);
        return true;
    }

    private bool ReadVersion(TagList tags, bool isHistoricAccepted)
    {
        var version = tags.Text("v");
        if (version == "1" || (isHistoricAccepted && version is null or "0.5"))
            return true;
        return Fail(
            DkimResult.Neutral,
            version is null ? "syntax: v= is missing" : $"version {Shown.Text(version)} is not known"
        );
    }

    private bool ReadAlgorithm(TagList tags, bool isHistoricAccepted)
    {
        if (tags.Text("a") is not { } name)
            return Fail(DkimResult.Neutral, "syntax: a= is missing");
        Algorithm = SignatureAlgorithm.Find(name);
        if (Algorithm is null)
            return Fail(DkimResult.Neutral, $"algorithm {Shown.Text(name)} is not known");
        // RFC 8301 §3.1.
        return Algorithm != SignatureAlgorithm.RsaSha1
            || isHistoricAccepted
            || Fail(DkimResult.Policy, "rsa-sha1 must not be used (RFC 8301)");
    }

    private bool ReadSignature(TagList tags)
    {
        if (tags.Base64("b") is not { Length: > 0 } signature)
            return Fail(DkimResult.Neutral, tags.Has("b") ? "syntax: b= is no base64" : "syntax: b= is missing");
        // Six octets are eight characters.
        var start = Convert.ToBase64String(signature.AsSpan(0, Math.Min(6, signature.Length)));
        (Signature, SignatureRange, Start) = (signature, tags.Raw("b"), start);
        return true;
    }

    private bool ReadContent(TagList tags, SignatureField field, bool isHistoricAccepted)
    {
        if (tags.Base64("bh") is not { Length: > 0 } hash)
            return Fail(DkimResult.Neutral, tags.Has("bh") ? "syntax: bh= is no base64" : "syntax: bh= is missing");
        if (tags.Parts("h") is not { } names)
            return Fail(DkimResult.Neutral, "syntax: h= is missing");
        (BodyHash, Names) = (hash, names);
        if (!ReadCanonicalization(tags.Text("c")))
            return Fail(DkimResult.Neutral, $"canonicalization {Shown.Text(tags.Text("c")!)} is not known");
        BodyLength = tags.Number("l");
        if (BodyLength is null && tags.Has("l"))
            return Fail(DkimResult.Neutral, "syntax: l= is no number");
        // RFC 6376 §3.5: a signature names its methods, and one of them must be known.
        if (
            tags.Parts("q") is { } methods
            && !methods.Contains("dns/txt", StringComparer.OrdinalIgnoreCase)
            && !(isHistoricAccepted && methods.Contains("dns"))
        )
            return Fail(DkimResult.Neutral, $"query method {Shown.Text(tags.Text("q")!)} is not known");
        return NamesAreGood(field);
    }

    private bool NamesAreGood(SignatureField field)
    {
        foreach (var name in Names)
        {
            // ftext (RFC 5322 §2.2), but an empty name is read as one of a field that is missing.
            if (name.AsSpan().ContainsAnyExceptInRange('!', '~'))
                return Fail(DkimResult.Neutral, $"syntax: h= names no field: '{Shown.Text(name)}'");
            // RFC 8617 §4.1.2. Its other two fields are forbidden to sealers too, but seen in the suites of the time.
            if (field == SignatureField.ArcMessage && name.Equals("ARC-Seal", StringComparison.OrdinalIgnoreCase))
                return Fail(DkimResult.Neutral, "h= must not name ARC-Seal");
        }

        // RFC 6376 §5.4: From must be signed.
        return Names.Contains("From", StringComparer.OrdinalIgnoreCase)
            || Fail(DkimResult.PermError, "h= does not name From");
    }

    // RFC 6376 §3.5: simple/simple; a single word is for the header.
    private bool ReadCanonicalization(string? text)
    {
        if (text is null)
            return true;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var (header, body) = (Kind(slash < 0 ? text : text[..slash]), Kind(slash < 0 ? "simple" : text[(slash + 1)..]));
        (Header, Body, HasCanonicalization) = (header ?? default, body ?? default, true);
        return header is not null && body is not null;

        static Canonicalization? Kind(string word) =>
            word.Equals("simple", StringComparison.OrdinalIgnoreCase) ? Canonicalization.Simple
            : word.Equals("relaxed", StringComparison.OrdinalIgnoreCase) ? Canonicalization.Relaxed
            : null;
    }

    private bool ReadIdentity(TagList tags)
    {
        if (tags.Text("i") is not { } text)
            return true;
        if (
            QuotedPrintable.Decode(text) is not { } identity
            || !identity.Contains('@', StringComparison.Ordinal)
            || !DomainName.TryParse(identity.AsSpan(identity.LastIndexOf('@') + 1), out var domain)
        )
            return Fail(DkimResult.Neutral, $"syntax: i= is no identity: '{Shown.Text(text)}'");
        // RFC 6376 §3.5: the same domain or one below it.
        if (!domain.IsAtOrBelow(_domain))
            return Fail(DkimResult.PermError, $"i= is not in the domain of d=: '{Shown.Text(identity)}'");
        IsIdentityInDomain = domain.Ascii == Domain;
        Identity = identity[..(identity.LastIndexOf('@') + 1)] + domain.Ascii;
        return true;
    }

    private bool ReadTimes(TagList tags, SignatureField field)
    {
        (Time, Expiry) = (tags.Number("t"), field == SignatureField.ArcSeal ? null : tags.Number("x"));
        if (Time is null && tags.Has("t"))
            return Fail(DkimResult.Neutral, "syntax: t= is no number");
        if (Expiry is null && tags.Has("x") && field != SignatureField.ArcSeal)
            return Fail(DkimResult.Neutral, "syntax: x= is no number");
        // RFC 6376 §3.5.
        return Expiry is null
            || Time is null
            || Expiry > Time
            || Fail(DkimResult.Neutral, "syntax: x= is not after t=");
    }
}
