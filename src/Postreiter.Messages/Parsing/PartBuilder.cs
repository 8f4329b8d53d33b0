using System.Text;

namespace Postreiter.Messages.Parsing;

/// <summary>A part while its end is not known yet.</summary>
internal sealed class PartBuilder(long headerOffset, bool isMessage, PartBuilder? parent)
{
    private ContentHeader _type = ContentHeader.PlainText;
    private ContentHeader? _disposition;
    private long _bodyLength;
    private long _bodyLines;
    private Envelope? _envelope;
    private string _encoding = "7bit";
    private string? _id;
    private string? _description;
    private string? _location;
    private string? _md5;
    private IReadOnlyList<string> _languages = [];

    public long HeaderOffset { get; private set; } = headerOffset;

    public long BodyOffset { get; private set; } = headerOffset;

    public long LinesBefore { get; private set; }

    public byte[]? Boundary { get; private set; }

    public bool IsMultipart { get; private set; }

    /// <summary>Whether the body is a message that can be read as it stands (RFC 2046 §5.2.1, RFC 6532 §3.7).</summary>
    public bool HoldsMessage { get; private set; }

    /// <summary>An open multipart before its closing boundary.</summary>
    public bool AwaitsBoundary { get; set; }

    /// <summary>Takes no more parts.</summary>
    public bool IsFull { get; set; }

    public List<PartBuilder> Parts { get; } = [];

    public PartBuilder? Message { get; set; }

    public IReadOnlyList<HeaderField> Fields { get; private set; } = [];

    public void Begin(long bodyOffset, long linesBefore)
    {
        BodyOffset = Math.Max(bodyOffset, HeaderOffset);
        LinesBefore = linesBefore;
    }

    public void End(long end, long lines)
    {
        AwaitsBoundary = false;
        // The line end before a boundary belongs to it (RFC 2046 §5.1.1), also when it is the empty line behind a header.
        HeaderOffset = Math.Min(HeaderOffset, end);
        BodyOffset = Math.Clamp(BodyOffset, HeaderOffset, end);
        _bodyLength = end - BodyOffset;
        _bodyLines = _bodyLength == 0 ? 0 : Math.Max(0, lines - LinesBefore);
    }

    /// <summary>L14: the rest is bytes.</summary>
    public void MakeOpaque(long bodyOffset, long linesBefore)
    {
        Begin(bodyOffset, linesBefore);
        _type = ContentHeader.OctetStream;
        (IsMultipart, HoldsMessage, AwaitsBoundary, Boundary) = (false, false, false, null);
    }

    /// <summary>Takes what the header says.</summary>
    public void Describe(List<HeaderField> fields, PartBudget budget)
    {
        if (isMessage)
            _envelope = EnvelopeReader.Read(fields, budget);
        if (parent is null)
            Fields = fields;
        ReadOnlyMemory<byte>? type = null;
        foreach (var field in fields)
        {
            if (!field.Name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
                continue;
            switch (field.Name.ToLowerInvariant())
            {
                case "content-type":
                    type ??= field.RawValue;
                    break;
                case "content-transfer-encoding":
                    _encoding = ContentHeader.FirstToken(field.RawValue.Span) ?? _encoding;
                    break;
                case "content-disposition":
                    _disposition ??= ContentHeader.ReadDisposition(field.RawValue.Span);
                    break;
                case "content-id":
                    _id ??= HeaderText.Unfold(field.RawValue.Span);
                    break;
                case "content-description":
                    _description ??= HeaderText.Unfold(field.RawValue.Span);
                    break;
                case "content-location":
                    _location ??= HeaderText.Unfold(field.RawValue.Span);
                    break;
                case "content-md5":
                    _md5 ??= HeaderText.Unfold(field.RawValue.Span);
                    break;
                case "content-language":
                    _languages = ContentHeader.Tokens(field.RawValue.Span);
                    break;
                default:
                    break;
            }
        }

        if (type is { } value)
            _type = ContentHeader.ReadType(value.Span) ?? ContentHeader.PlainText;
        else if (parent is { IsMultipart: true } && parent._type.Subtype == "digest")
            _type = ContentHeader.Message; // RFC 2046 §5.1.5
        IsMultipart = _type.Type == "multipart";
        if (IsMultipart && _type.Parameters.FirstOrDefault(p => p.Key == "boundary").Value is { } boundary)
            Boundary = Encoding.UTF8.GetBytes(boundary);
        HoldsMessage =
            _type is { Type: "message", Subtype: "rfc822" or "global" } && (_encoding is "7bit" or "8bit" or "binary");
    }

    /// <summary>Whether a line without its end is this part's boundary.</summary>
    public bool Matches(ReadOnlySpan<byte> line, out bool isLast)
    {
        isLast = false;
        if (Boundary is not { } boundary || !line[2..].StartsWith(boundary))
            return false;
        var rest = line[(2 + boundary.Length)..];
        if (rest.StartsWith("--"u8))
        {
            isLast = true;
            rest = rest[2..];
        }

        return rest.Trim(" \t"u8).IsEmpty;
    }

    public MimePart Build() =>
        new()
        {
            Type = _type.Type,
            Subtype = _type.Subtype,
            Parameters = _type.Parameters,
            ContentId = _id,
            Description = _description,
            Encoding = _encoding,
            Disposition = _disposition?.Type,
            DispositionParameters = _disposition?.Parameters ?? [],
            Languages = _languages,
            Location = _location,
            Md5 = _md5,
            HeaderOffset = HeaderOffset,
            BodyOffset = BodyOffset,
            BodyLength = _bodyLength,
            BodyLines = _bodyLines,
            Parts = Parts.ConvertAll(part => part.Build()),
            Message = Message?.Build(),
            Envelope = _envelope,
        };
}
