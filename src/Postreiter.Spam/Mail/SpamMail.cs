using System.Text;

namespace Postreiter.Spam.Mail;

/// <summary>
/// One mail as rules see it. Everything in it is octets: a char is U+0000 to U+00FF, the mail's own bytes or UTF-8 made of them. What
/// is made of the mail is made once and when it is asked for; an instance belongs to one thread.
/// </summary>
public sealed class SpamMail
{
    private readonly HeaderQuery _query;
    private readonly SpamMailOptions _options;
    private readonly Dictionary<string, string> _metadata = new(StringComparer.OrdinalIgnoreCase);
    private string? _envelopeFrom;
    private bool _isEnvelopeFromKnown;
    private ReceivedTrail? _received;

    private SpamMail(string text, SpamMailOptions options)
    {
        (_options, _query) = (options, new HeaderQuery(this, options));
        var start = MboxLine.Length(text);
        MboxSeparator = start == 0 ? null : text[..start];
        if (text.Length == 0)
            text = "\n";
        var rest = text.AsMemory(start);
        IsCrLf = HasCrLf(rest.Span);
        var header = HeaderSection.Read(rest, IsCrLf);
        Fields = header.Fields;
        Fields.RemoveStarting("X-Spam-");
        PristineHeader = header.Pristine;
        PristineBody = rest[header.BodyStart..];
        Full =
            start == 0 && header.Pristine.Length == header.BodyStart && rest.Span.StartsWith(header.Pristine.Span)
                ? text
                : string.Concat(PristineHeader.Span, PristineBody.Span);
        if (header.IsSeparatorMissing)
            Note(SpamMailFlags.MissingHeadBodySeparator);
        if (header.IsTruncated)
            Note(SpamMailFlags.TruncatedHeader);
    }

    /// <summary>The whole mail as it came, without an mbox line in front; in a CRLF mail bare line feeds of the header are CRLF.</summary>
    public string Full { get; }

    /// <summary>The header as in <see cref="Full"/>, with the empty line at its end.</summary>
    public ReadOnlyMemory<char> PristineHeader { get; }

    /// <summary>The body as in <see cref="Full"/>.</summary>
    public ReadOnlyMemory<char> PristineBody { get; }

    /// <summary>The <c>From </c> line of an mbox that stood in front, with its line end; null if none did.</summary>
    public string? MboxSeparator { get; }

    /// <summary>Whether lines of this mail end in CRLF.</summary>
    public bool IsCrLf { get; }

    /// <summary>What is odd about its form; complete once the parts were read.</summary>
    public SpamMailFlags Flags { get; private set; }

    /// <summary>The relays that its Received fields name, and where trust ends.</summary>
    public ReceivedTrail Received => _received ??= ReceivedTrail.Read(TraceFields(), _options);

    /// <summary>The envelope's sender: from the session or from the headers; "" for the null sender, null if it is not known.</summary>
    public string? EnvelopeFrom
    {
        get
        {
            if (!_isEnvelopeFromKnown)
                (_envelopeFrom, _isEnvelopeFromKnown) = (EnvelopeSender.Find(this, _options), true);
            return _envelopeFrom;
        }
    }

    internal HeaderFields Fields { get; }

    internal IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Reads a mail; anything is one.</summary>
    /// <param name="message">The octets, with LF or CRLF line ends, with or without an mbox line.</param>
    /// <param name="options">What the site says.</param>
    public static SpamMail Parse(ReadOnlyMemory<byte> message, SpamMailOptions options)
    {
        var isLong = message.Length > options.MaxScanSize;
        var text = Encoding.Latin1.GetString(isLong ? message.Span[..options.MaxScanSize] : message.Span);
        var mail = new SpamMail(text, options);
        if (isLong)
            mail.Note(SpamMailFlags.TruncatedMail);
        return mail;
    }

    /// <summary>
    /// What a rule matches on: all values of the header joined, with a line feed between those that do not end in one. Null if the mail
    /// has none. Names are fields in any case, or <c>ALL</c>, <c>ALL-TRUSTED</c>, <c>ALL-UNTRUSTED</c>, <c>ALL-INTERNAL</c>,
    /// <c>ALL-EXTERNAL</c>, <c>MESSAGEID</c>, <c>ToCc</c>, <c>EnvelopeFrom</c>, <c>X-Spam-Relays-…</c> and metadata.
    /// </summary>
    public string? Header(string name, HeaderForm form = HeaderForm.Decoded) =>
        HeaderValues(name, form) switch
        {
            [] => null,
            [var one] => one,
            [['\n'], ..] or [[.., '\n'], ..] => string.Concat(HeaderValues(name, form)),
            var many => string.Join('\n', many),
        };

    /// <summary>The values of the header one by one, in order; none if the mail has none.</summary>
    public IReadOnlyList<string> HeaderValues(string name, HeaderForm form = HeaderForm.Decoded) =>
        _query.Get(name, form);

    /// <summary>The values decoded or raw.</summary>
    public IReadOnlyList<string> HeaderValues(string name, bool raw) =>
        HeaderValues(name, raw ? HeaderForm.Raw : HeaderForm.Decoded);

    /// <summary>The addresses of all headers of the name, undecoded, in order.</summary>
    public IReadOnlyList<HeaderAddress> Addresses(string name) =>
        [.. HeaderValues(name, raw: true).SelectMany(AddressListParser.Parse)];

    /// <summary>Sets a header that stands in no mail, such as <c>X-Languages</c>; a field of the name goes before it.</summary>
    public void SetMetadata(string name, string value)
    {
        _metadata[name] = value;
        _query.Forget();
    }

    internal void Note(SpamMailFlags flags) => Flags |= flags;

    // Received fields, and what the headers of webmail services say in place of one.
    private IEnumerable<string> TraceFields()
    {
        foreach (var field in Fields.Named("Received"))
            yield return field.Decoded;
        foreach (var name in _options.OriginatingIpHeaders)
        {
            var value = Fields.Last(name);
            var (start, length) = AddressText.Find(value);
            if (length > 0)
                yield return $"from X-Originating-IP: {value.AsSpan(start, length)}";
        }
    }

    private static bool HasCrLf(ReadOnlySpan<char> text)
    {
        if (HeaderSection.LineAt(text, 0).EndsWith("\r\n"))
            return true;
        var last = (text.IsEmpty ? text : text[..^1]).LastIndexOf('\n') + 1;
        return text[last..].EndsWith("\r\n");
    }
}
