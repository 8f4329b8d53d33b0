using System.Text;
using Postreiter.Spam.Text;
using Postreiter.Spam.Text.Html;

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
    private readonly MimePart _root;
    private ReceivedTrail? _received;
    private List<MimePart>? _parts;
    private SpamMailFlags _flags;
    private MimePart[]? _leaves;
    private PartText?[]? _texts;
    private Dictionary<MimePart, int>? _places;
    private ReadOnlyMemory<char>[]? _body;
    private ReadOnlyMemory<char>[]? _visible;
    private ReadOnlyMemory<char>[]? _invisible;
    private ReadOnlyMemory<char>[]? _rawBody;
    private HtmlResult[]? _html;

    private SpamMail(string text, SpamMailOptions options)
    {
        (_options, _query) = (options, new HeaderQuery(this, options));
        var start = MboxLine.Length(text);
        MboxSeparator = start == 0 ? null : text[..start];
        if (text.Length == 0)
            text = "\n";
        var rest = text.AsMemory(start);
        IsCrLf = BodyLines.IsCrLf(rest.Span);
        var header = HeaderSection.Read(rest, IsCrLf);
        Fields = header.Fields;
        Fields.RemoveStarting("X-Spam-");
        _root = new MimePart(Fields) { IsMessage = true };
        PristineHeader = header.Pristine;
        PristineBody = header.Body;
        Full =
            start == 0 && IsSlice(header.Pristine, text) && IsSlice(header.Body, text)
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

    /// <summary>What is odd about its form.</summary>
    public SpamMailFlags Flags
    {
        get
        {
            ReadParts();
            return _flags;
        }
    }

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

    /// <summary>The mail as its outermost part.</summary>
    public MimePart Root
    {
        get
        {
            ReadParts();
            return _root;
        }
    }

    /// <summary>All parts, depth first, from the mail itself to those that hold no others.</summary>
    public IReadOnlyList<MimePart> Parts => _parts ?? ReadParts();

    /// <summary>The parts that hold no others, in order; those whose type is no type at all are left out.</summary>
    public IReadOnlyList<MimePart> Leaves =>
        _leaves ??= [.. Parts.Where(static part => part.IsLeaf && part.Type.Length > 0)];

    /// <summary>
    /// What <c>body</c> rules match on: the subject, then a paragraph of the rendered text in each element, white space squeezed, with a
    /// line feed at the end (the last may lack it), at most 2,049 octets.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<char>> Body => _body ??= Lines(Subject, static text => text);

    /// <summary>As <see cref="Body"/>, without text that cannot be seen.</summary>
    public IReadOnlyList<ReadOnlyMemory<char>> VisibleBody =>
        _visible ??= Array.TrueForAll(Texts, static text => text is null || ReferenceEquals(text.Visible, text))
            ? _body ??= Lines(Subject, static text => text)
            : Lines(Subject, static text => text.Visible);

    /// <summary>As <see cref="Body"/>, without subject and with nothing but text that cannot be seen.</summary>
    public IReadOnlyList<ReadOnlyMemory<char>> InvisibleBody => _invisible ??= Lines("", static text => text.Invisible);

    /// <summary>What <c>rawbody</c> rules match on: text parts with their transfer encoding undone, in pieces of at most 4,096 octets.</summary>
    public IReadOnlyList<ReadOnlyMemory<char>> RawBody =>
        _rawBody ??= RawBodyText.Pieces(Leaves, _options.RawBodyPartScanSize);

    /// <summary>What was found in each HTML part, in order.</summary>
    public IReadOnlyList<HtmlResult> Html =>
        _html ??= [.. Texts.Select(static text => text?.Html).OfType<HtmlResult>()];

    internal HeaderFields Fields { get; }

    /// <summary>What was found in the last HTML part, which is the one that most rule functions look at; null if there is none or it is empty.</summary>
    public HtmlResult? LastHtml => Array.FindLast(Texts, static text => text is { IsHtml: true })?.Html;

    /// <summary>What a part says to somebody who reads it; null if it is no text that is shown.</summary>
    internal PartText? TextOf(MimePart part)
    {
        _places ??= Leaves.Select(static (leaf, place) => (leaf, place)).ToDictionary();
        return _places.TryGetValue(part, out var at) ? Texts[at] : null;
    }

    private PartText?[] Texts => _texts ??= [.. Leaves.Select(PartText.Render)];

    // A mail without a subject has an empty one.
    private string Subject => Fields.Named("Subject") is [.., var last] ? last.Decoded + "\n" : "\n";

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

    /// <summary>The fields of the header that <c>ALL</c> shows, in order.</summary>
    internal IReadOnlyList<HeaderField> ShownFields => _query.Shown;

    private ReadOnlyMemory<char>[] Lines(string subject, Func<PartText, PartText> choose) =>
        Leaves.Count == 0 ? [] : BodyText.Lines(subject, Texts, choose, _options.BodyPartScanSize);

    private static bool IsSlice(ReadOnlyMemory<char> memory, string text) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetString(memory, out var of, out _, out _)
        && ReferenceEquals(of, text);

    private List<MimePart> ReadParts()
    {
        if (_parts is not null)
            return _parts;
        Note(MimeTree.Read(_root, PristineBody, IsCrLf, _options.MaxDepth));
        return _parts = [.. _root.Tree()];
    }

    internal void Note(SpamMailFlags flags) => _flags |= flags;

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
}
