namespace Postreiter.Imap.Syntax;

/// <summary>What a FETCH item asks for.</summary>
internal enum FetchKind
{
    Flags,
    Uid,
    InternalDate,
    Size,
    Envelope,
    Body,
    BodyStructure,

    /// <summary>BODY[…], BODY.PEEK[…] and the RFC822 forms.</summary>
    Section,

    /// <summary>BINARY[…] and BINARY.PEEK[…].</summary>
    Binary,

    /// <summary>BINARY.SIZE[…].</summary>
    BinarySize,
}

/// <summary>What a section names of the part that its numbers lead to.</summary>
internal enum SectionText
{
    /// <summary>All of the message, or the body of a part.</summary>
    Whole,
    Header,
    HeaderFields,
    HeaderFieldsNot,
    Text,
    Mime,
}

/// <summary><c>section</c> (RFC 9051 §9).</summary>
/// <param name="Path">Part numbers, each 1 or more; empty for the message itself.</param>
/// <param name="Text">Which piece.</param>
/// <param name="Fields">Names for HEADER.FIELDS and HEADER.FIELDS.NOT.</param>
internal sealed record Section(IReadOnlyList<uint> Path, SectionText Text, IReadOnlySet<string> Fields)
{
    public static readonly IReadOnlySet<string> NoFields = new HashSet<string>();

    public bool HasFields => Text is SectionText.HeaderFields or SectionText.HeaderFieldsNot;
}

/// <summary><c>partial</c>: where to begin, and how many octets at most.</summary>
internal readonly record struct Partial(long Origin, long Length);

/// <summary>One item of FETCH.</summary>
/// <param name="Kind">What it asks for.</param>
/// <param name="Label">Its name in the response.</param>
/// <param name="Section">Of BODY[…] and BINARY[…].</param>
/// <param name="Partial">When a part only is asked for.</param>
/// <param name="SetsSeen">Whether fetching it sets \Seen.</param>
internal sealed record FetchItem(
    FetchKind Kind,
    string Label,
    Section? Section = null,
    Partial? Partial = null,
    bool SetsSeen = false
)
{
    /// <summary>Whether the content must be opened for it.</summary>
    public bool NeedsContent => Section is not null;

    /// <summary>Whether the part tree is needed for it.</summary>
    public bool NeedsStructure =>
        Kind is FetchKind.Envelope or FetchKind.Body or FetchKind.BodyStructure
        || Section is { Text: not SectionText.Whole } or { Path.Count: > 0 };
}
