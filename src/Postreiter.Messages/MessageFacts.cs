namespace Postreiter.Messages;

/// <summary>
/// What is known of a message after one pass over its bytes: header fields with their places, the tree of its parts with
/// byte offsets, and the compact form that IMAP answers ENVELOPE and BODYSTRUCTURE from.
/// </summary>
public sealed class MessageFacts
{
    /// <summary>Bytes in all.</summary>
    public required long Length { get; init; }

    /// <summary>Bytes of the header block, the empty line that ends it included.</summary>
    public required int HeaderLength { get; init; }

    /// <summary>Fields of the message's own header, in order; at most 1,000 (L4).</summary>
    public required IReadOnlyList<HeaderField> Fields { get; init; }

    /// <summary>The message as a part: the root of the tree.</summary>
    public required MimePart Root { get; init; }

    /// <summary>ENVELOPE and the part tree in the compact form (<see cref="Structure"/> reads it).</summary>
    public required ReadOnlyMemory<byte> Structure { get; init; }

    /// <summary>The first field of a name, or null.</summary>
    public HeaderField? Find(string name)
    {
        foreach (var field in Fields)
        {
            if (field.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return field;
        }

        return null;
    }

    /// <summary>How many fields have a name.</summary>
    public int Count(string name) => Fields.Count(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>One header field.</summary>
/// <param name="Name">As written.</param>
/// <param name="Offset">Of its first byte, from the start of the message.</param>
/// <param name="Length">Bytes with all folded lines and the last line end.</param>
/// <param name="RawValue">What stands behind the colon, unfolded bytes as they are, without the last line end.</param>
public sealed record HeaderField(string Name, int Offset, int Length, ReadOnlyMemory<byte> RawValue);

/// <summary>One part of a message (RFC 2045, RFC 2046), the message itself included.</summary>
public sealed class MimePart
{
    /// <summary>Lower-case type, e.g. <c>text</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Lower-case subtype, e.g. <c>plain</c>.</summary>
    public required string Subtype { get; init; }

    /// <summary>Parameters of Content-Type, names in lower case, values decoded (RFC 2231).</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Parameters { get; init; }

    /// <summary>Content-ID as written, or null.</summary>
    public string? ContentId { get; init; }

    /// <summary>Content-Description as written, or null.</summary>
    public string? Description { get; init; }

    /// <summary>Content-Transfer-Encoding in lower case; <c>7bit</c> when absent.</summary>
    public required string Encoding { get; init; }

    /// <summary>Content-Disposition's type in lower case, or null.</summary>
    public string? Disposition { get; init; }

    /// <summary>Parameters of Content-Disposition, decoded.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> DispositionParameters { get; init; } = [];

    /// <summary>Content-Language tags.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Content-Location, or null.</summary>
    public string? Location { get; init; }

    /// <summary>Content-MD5, or null.</summary>
    public string? Md5 { get; init; }

    /// <summary>Offset of the part's header (MIME header of a body part, or the whole header of a message).</summary>
    public required long HeaderOffset { get; init; }

    /// <summary>Offset of the part's body; the header ends here.</summary>
    public required long BodyOffset { get; init; }

    /// <summary>Bytes of the body, without the line end that belongs to the boundary.</summary>
    public required long BodyLength { get; init; }

    /// <summary>Line ends in the body.</summary>
    public required long BodyLines { get; init; }

    /// <summary>Parts of a multipart, in order; else empty.</summary>
    public IReadOnlyList<MimePart> Parts { get; init; } = [];

    /// <summary>For message/rfc822 and message/global: the message inside; else null.</summary>
    public MimePart? Message { get; init; }

    /// <summary>For a message (the root or one inside): its ENVELOPE; else null.</summary>
    public Envelope? Envelope { get; init; }
}

/// <summary>ENVELOPE (RFC 9051 §7.5.2): values as they are on the wire, unfolded; null is NIL.</summary>
public sealed record Envelope
{
    /// <summary>Date.</summary>
    public string? Date { get; init; }

    /// <summary>Subject.</summary>
    public string? Subject { get; init; }

    /// <summary>From.</summary>
    public IReadOnlyList<EnvelopeAddress> From { get; init; } = [];

    /// <summary>Sender; From where absent.</summary>
    public IReadOnlyList<EnvelopeAddress> Sender { get; init; } = [];

    /// <summary>Reply-To; From where absent.</summary>
    public IReadOnlyList<EnvelopeAddress> ReplyTo { get; init; } = [];

    /// <summary>To.</summary>
    public IReadOnlyList<EnvelopeAddress> To { get; init; } = [];

    /// <summary>Cc.</summary>
    public IReadOnlyList<EnvelopeAddress> Cc { get; init; } = [];

    /// <summary>Bcc.</summary>
    public IReadOnlyList<EnvelopeAddress> Bcc { get; init; } = [];

    /// <summary>In-Reply-To.</summary>
    public string? InReplyTo { get; init; }

    /// <summary>Message-ID.</summary>
    public string? MessageId { get; init; }
}

/// <summary>One address of an ENVELOPE, groups as RFC 9051 §7.5.2 marks them.</summary>
/// <param name="Name">Display name as on the wire (encoded words stay), or null.</param>
/// <param name="Mailbox">Local part, or the group's name, or null at a group's end.</param>
/// <param name="Host">Domain; null marks a group.</param>
public sealed record EnvelopeAddress(string? Name, string? Mailbox, string? Host);
