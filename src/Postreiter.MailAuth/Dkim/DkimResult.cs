namespace Postreiter.MailAuth.Dkim;

/// <summary>The results of one signature (RFC 8601 §2.7.1).</summary>
public enum DkimResult
{
    /// <summary>The message has no signature.</summary>
    None,

    /// <summary>The signature holds, and the key and the algorithm are good enough.</summary>
    Pass,

    /// <summary>It does not hold: the header, the body or the signature itself was changed, or a part of the body is not signed (L17).</summary>
    Fail,

    /// <summary>Its algorithm or its key is not accepted (RFC 8301 §3), whether it holds or not.</summary>
    Policy,

    /// <summary>It cannot be processed: its syntax, version, algorithm, canonicalization or query method.</summary>
    Neutral,

    /// <summary>The key could not be had at the moment; later it may.</summary>
    TempError,

    /// <summary>It can never be verified: no usable key, From not signed, expired, or one signature too many.</summary>
    PermError,
}

/// <summary>What one signature is worth, and why.</summary>
/// <param name="Result">The result.</param>
/// <param name="Domain"><c>d=</c> as ASCII in lower case; empty when it could not be read.</param>
/// <param name="Selector"><c>s=</c>; empty when it could not be read.</param>
/// <param name="Identity"><c>i=</c>, decoded, without control characters; <c>@</c> and the domain when the signature has none.</param>
/// <param name="Algorithm"><c>a=</c>; empty when it could not be read.</param>
/// <param name="SignatureStart">The first 8 characters of <c>b=</c>, for <c>header.b</c> (RFC 6008 §4); fewer when it has fewer.</param>
/// <param name="IsTesting">
/// The key says <c>t=y</c>: a failure means no more than no signature at all (RFC 6376 §3.6.1).
/// </param>
/// <param name="Reason">For people: what decided. Holds a stranger's text, bounded and without control characters.</param>
public sealed record DkimOutcome(
    DkimResult Result,
    string Domain,
    string Selector,
    string Identity,
    string Algorithm,
    string SignatureStart,
    bool IsTesting,
    string Reason
)
{
    /// <summary>Bits of the key that decided: of the RSA modulus, 256 for Ed25519; 0 where none was usable.</summary>
    public int KeyBits { get; init; }
}

/// <summary>L17: what the verification of one message may cost, and what is accepted.</summary>
public sealed record DkimLimits
{
    /// <summary>Signatures that are checked, from the top. Default 5; what is beyond gives one <see cref="DkimResult.PermError"/> for all.</summary>
    public int MaxSignatures { get; init; } = 5;

    /// <summary>Shortest RSA key in bits. Default 1024 (RFC 8301 §3.2).</summary>
    public int MinRsaBits { get; init; } = 1024;

    /// <summary>Longest RSA key in bits. Default 4096 (RFC 8301 §3.2): the work of a check grows with the square.</summary>
    public int MaxRsaBits { get; init; } = 4096;

    /// <summary>Key records that are tried where a selector has several (RFC 6376 §6.1.2 step 4). Default 5.</summary>
    public int MaxKeyRecords { get; init; } = 5;

    /// <summary>All key look-ups together. Default 20 s.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How far the clocks of signer and verifier may differ, for <c>t=</c> and <c>x=</c>. Default 5 min.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Whether a signature with <c>l=</c> passes when the body goes on behind what is signed. Default false (RFC 6376 §8.2):
    /// anybody can append to such a message.
    /// </summary>
    public bool AcceptsPartialBody { get; init; }

    /// <summary>
    /// For the old public vectors, to test the arithmetic: rsa-sha1, and signatures from before the version tag. Never on in
    /// the program.
    /// </summary>
    internal bool AcceptsHistoric { get; init; }
}
