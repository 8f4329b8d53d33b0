namespace Postreiter.Spam.Spamd.Syntax;

/// <summary>What a client of the spamd protocol asks for.</summary>
public enum SpamdMethod
{
    /// <summary>Whether the server lives.</summary>
    Ping,

    /// <summary>Nothing: the client changed its mind.</summary>
    Skip,

    /// <summary>Verdict and points.</summary>
    Check,

    /// <summary>Names of the rules that hit.</summary>
    Symbols,

    /// <summary>The report.</summary>
    Report,

    /// <summary>The report of spam, nothing of other mail.</summary>
    ReportIfSpam,

    /// <summary>The mail with its marks.</summary>
    Process,

    /// <summary>The header of that.</summary>
    Headers,

    /// <summary>Learning.</summary>
    Tell,
}

/// <summary>The head of a request: its first line and its header.</summary>
public sealed record SpamdRequest
{
    /// <summary>What is asked for.</summary>
    public required SpamdMethod Method { get; init; }

    /// <summary>The client's version of the protocol, e.g. 1.5 as 105: major times 100 and minor.</summary>
    public required int Version { get; init; }

    /// <summary><c>Content-length</c>: octets of the mail as sent, compressed where it is; null where the end of the stream ends it.</summary>
    public long? ContentLength { get; init; }

    /// <summary><c>User</c>: whose preferences count; null for nobody's.</summary>
    public string? User { get; init; }

    /// <summary><c>Compress: zlib</c>: whether the mail is compressed (RFC 1950).</summary>
    public bool IsCompressed { get; init; }

    /// <summary><c>Message-class</c>, for TELL: true for <c>spam</c>, false for <c>ham</c>.</summary>
    public bool? IsSpam { get; init; }

    /// <summary><c>Set: local</c>: learn it.</summary>
    public bool SetsLocal { get; init; }

    /// <summary><c>Set: remote</c>: report it to others.</summary>
    public bool SetsRemote { get; init; }

    /// <summary><c>Remove: local</c>: forget it.</summary>
    public bool RemovesLocal { get; init; }

    /// <summary><c>Remove: remote</c>: take a report back.</summary>
    public bool RemovesRemote { get; init; }
}
