namespace Postreiter.Spam.Mail;

/// <summary>One part of a mail, the mail itself included. What it holds is in octets, one char each.</summary>
public sealed class MimePart
{
    private readonly List<MimePart> _children = [];
    private string? _decoded;

    internal MimePart(HeaderFields fields) => Fields = fields;

    /// <summary>type/subtype in lower case as far as it matters: any text but HTML, calendars and cards is text/plain.</summary>
    public string Type { get; internal set; } = "text/plain";

    /// <summary>The charset as written; null if none is.</summary>
    public string? Charset { get; internal set; }

    /// <summary>The file's name, undecoded beyond RFC 2047; null if none is given.</summary>
    public string? Name { get; internal set; }

    /// <summary>The boundary that divides it, or that of the multipart it is in.</summary>
    public string? Boundary { get; internal set; }

    /// <summary>Content-Transfer-Encoding in lower case; "" if none is given.</summary>
    public string Encoding => Octets.Lower(Fields.Last("content-transfer-encoding"));

    /// <summary>Its parts; an attached mail has that mail as its only part.</summary>
    public IReadOnlyList<MimePart> Children => _children;

    /// <summary>Whether nothing is in it that is a part of its own.</summary>
    public bool IsLeaf { get; private set; } = true;

    /// <summary>Whether this is a whole mail: the one that was read, or one attached to it.</summary>
    public bool IsMessage { get; internal init; }

    /// <summary>text/html for files named *.htm, *.html and *.shtml, else <see cref="Type"/>: so mail programs show it.</summary>
    public string EffectiveType =>
        Name is not null && HtmlNames.Any(end => Name.EndsWith(end, StringComparison.OrdinalIgnoreCase))
            ? "text/html"
            : Type;

    /// <summary>The content as it stands in the mail, line ends LF; null for what is divided into parts.</summary>
    public ReadOnlyMemory<char>? Raw { get; internal set; }

    /// <summary>The content with base64 or quoted-printable undone; null for what is divided into parts.</summary>
    public string? Decoded
    {
        get
        {
            if (_decoded is null && Raw is { } raw)
                _decoded = Decode(raw);
            return _decoded;
        }
    }

    internal HeaderFields Fields { get; }

    private static string[] HtmlNames { get; } = [".htm", ".html", ".shtm", ".shtml"];

    /// <summary>The last field of the name, decoded, unfolded, without a line end; null if there is none.</summary>
    public string? Header(string name) => Fields.Named(name) is [.., var last] ? last.Decoded : null;

    /// <summary>All fields of the name as a mimeheader rule sees them.</summary>
    /// <param name="name">In any case.</param>
    /// <param name="raw">Undecoded and folded, or decoded with a line feed at the end.</param>
    public IReadOnlyList<string> HeaderValues(string name, bool raw) =>
        [.. Fields.Named(name).Select(field => raw ? field.Raw : field.Decoded + "\n")];

    /// <summary>The names of its fields, in order.</summary>
    public IEnumerable<string> HeaderNames => Fields.All.Select(static one => one.Name);

    /// <summary>The part and all parts in it, depth first.</summary>
    public IEnumerable<MimePart> Tree()
    {
        var stack = new Stack<MimePart>([this]);
        while (stack.TryPop(out var part))
        {
            yield return part;
            for (var i = part._children.Count - 1; i >= 0; i--)
                stack.Push(part._children[i]);
        }
    }

    internal void Divide() => IsLeaf = false;

    internal void Add(MimePart child)
    {
        IsLeaf = false;
        _children.Add(child);
    }

    /// <summary>The content is read as parts; it is held once.</summary>
    internal void Release() => (Raw, _decoded) = (null, null);

    private string Decode(ReadOnlyMemory<char> raw)
    {
        switch (Encoding)
        {
            case "quoted-printable":
                return WithLineFeeds(TransferDecoding.QuotedPrintable(raw.Span));
            case "base64":
                var decoded = TransferDecoding.Base64(raw.Span);
                return IsTextual(Type) ? WithLineFeeds(decoded) : decoded;
            default:
                return raw.ToString();
        }
    }

    private static bool IsTextual(string type) =>
        type.StartsWith("text/", StringComparison.Ordinal) || type.StartsWith("message/", StringComparison.Ordinal);

    private static string WithLineFeeds(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal);
}
