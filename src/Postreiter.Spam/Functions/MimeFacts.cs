using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>What the parts of a mail and their transfer encodings show, for the functions of <see cref="MimeEval"/>.</summary>
internal sealed class MimeFacts
{
    private const int LongestLine = 79;

    private static readonly FunctionPattern IsoCharset = new(@"iso-\S+-\S+\b", "i");
    private static readonly FunctionPattern KnownIsoCharset = new(@"iso-(?:8859-\d{1,2}|2022-(?:jp|kr))\b");

    // Names of ASCII; a charset that has one of them in it passes for it.
    private static readonly string[] AsciiNames =
    [
        "us",
        "ascii",
        "ansi_x3.4-1968",
        "ansi_x3.4-1986",
        "iso-ir-6",
        "iso_646.irv:1991",
        "ibm367",
        "cp367",
    ];

    private readonly Locales _locales;
    private readonly List<(string Type, long? Octets)> _leaves = [];
    private readonly List<string> _charsets = [];
    private bool _isAlternative;
    private long _encodedOctets;
    private long _encodedCount;
    private long _plainOctets;
    private long _entities;

    private MimeFacts(MailFacts facts)
    {
        _locales = Locales.Of(facts);
        foreach (var part in facts.Mail.Parts)
        {
            if (part.Type.Length > 0)
                Read(part);
        }

        if (_encodedOctets > 0)
            Encoded = _encodedCount;
        Ratio = _isAlternative ? Compare() : 1;
    }

    /// <summary>Parts in base64.</summary>
    public int Base64 { get; private set; }

    /// <summary>Escapes in quoted-printable that stand for ordinary characters; without such content, the number of parts in that encoding.</summary>
    public long Encoded { get; private set; }

    /// <summary>The share of the octets of quoted-printable content that are such escapes.</summary>
    public double EncodedRatio => _encodedOctets == 0 ? 0 : (double)_encodedCount / _encodedOctets;

    /// <summary>Parts of HTML.</summary>
    public int Html { get; private set; }

    /// <summary>Parts of other text.</summary>
    public int Text { get; private set; }

    /// <summary>A part to be saved.</summary>
    public bool HasAttachment { get; private set; }

    /// <summary>ASCII text that is in base64 all the same.</summary>
    public bool HasNeedlessBase64 { get; private set; }

    /// <summary>A charset with a name like ISO's which is none.</summary>
    public bool HasUnknownIsoCharset { get; private set; }

    /// <summary>A charset of no language of `ok_locales`.</summary>
    public bool HasFarawayCharset { get; private set; }

    /// <summary>Quoted-printable with a line longer than RFC 5322 allows.</summary>
    public bool HasLongLine { get; private set; }

    /// <summary>Lines that are not ASCII in text that says it is.</summary>
    public int IllegalAscii { get; private set; }

    /// <summary>The share of entities such as &amp;#x1234; in plain text.</summary>
    public double EntityRatio => _plainOctets == 0 ? 0 : (double)_entities / _plainOctets;

    /// <summary>Octets of the last plain text by those of the last HTML, where one is offered for the other; else 1.</summary>
    public double Ratio { get; }

    /// <summary>One of the parts is `multipart/alternative`.</summary>
    public bool IsAlternative => _isAlternative;

    /// <summary>The charsets named, in lower case.</summary>
    public IReadOnlyList<string> Charsets => _charsets;

    /// <summary>The facts of a mail.</summary>
    public static MimeFacts Of(MailFacts facts) => facts.Shared(static f => new MimeFacts(f));

    private void Read(MimePart part)
    {
        var type = ContentType.Parse(part.Fields.Last("content-type"));
        _isAlternative |= type.Type == "multipart/alternative";
        var encoding = part.Encoding;
        var disposition = Octets.Lower(part.Fields.Last("content-disposition"));
        var charset = type.Charset is null ? null : Octets.Lower(type.Charset);
        ReadHeader(type.Type, encoding, disposition, charset ?? "");
        if (part.IsLeaf)
            ReadContent(part, type.Type, encoding, disposition, charset);
    }

    private void ReadHeader(string type, string encoding, string disposition, string charset)
    {
        if (type == "text/html")
            Html++;
        else if (type.StartsWith("text", StringComparison.Ordinal))
            Text++;
        var isBase64 = encoding.Contains("base64", StringComparison.Ordinal);
        if (isBase64)
            Base64++;
        else if (encoding.Contains("quoted-printable", StringComparison.Ordinal))
            Encoded++;
        HasAttachment |= disposition.Contains("attachment", StringComparison.Ordinal);
        HasNeedlessBase64 |=
            isBase64
            && type.StartsWith("text", StringComparison.Ordinal)
            && (
                charset is "" or "0"
                || Array.Exists(AsciiNames, name => charset.Contains(name, StringComparison.Ordinal))
            )
            && !disposition.StartsWith("attachment", StringComparison.Ordinal)
            && !disposition.StartsWith("inline", StringComparison.Ordinal);
        HasUnknownIsoCharset |=
            charset.Contains("iso-", StringComparison.Ordinal)
            && IsoCharset.IsMatch(charset)
            && !KnownIsoCharset.IsMatch(charset);
        if (!charset.AsSpan().ContainsAnyInRange('a', 'z'))
            return;
        _charsets.AddRange(charset.Split([.. " \t\n\v\f\r"], StringSplitOptions.RemoveEmptyEntries));
        HasFarawayCharset |= !_locales.AreAll && !_locales.Allows(charset);
    }

    private void ReadContent(MimePart part, string type, string encoding, string disposition, string? charset)
    {
        var isAttachment = disposition.Contains("attachment", StringComparison.Ordinal);
        var content = (part.Raw ?? default).Span;
        var isShown = type is "text/plain" or "text/html";
        _leaves.Add(
            (
                type,
                isAttachment ? null
                : _isAlternative && isShown ? content.Length
                : 0
            )
        );
        var isQuoted = encoding == "quoted-printable";
        var isAscii = type == "text/plain" && (charset is null or "us-ascii");
        var isPlain = type == "text/plain" && (encoding is "" or "7bit" or "8bit");
        if (isPlain)
            CountEntities(content);
        if (!isQuoted && !isAscii)
            return;
        for (var at = 0; at < content.Length; )
        {
            var line = HeaderSection.LineAt(content, at);
            at += line.Length;
            if (isQuoted && !line.StartsWith("SPAM: "))
                ReadQuoted(line);
            if (isAscii && (line.ContainsAny('\0', '\r') || Octets.HasHigh(line)))
                IllegalAscii++;
        }
    }

    private void ReadQuoted(ReadOnlySpan<char> line)
    {
        HasLongLine |= line.Length > LongestLine;
        _encodedOctets += line.Length;
        var count = 0;
        for (var at = 0; line[at..].IndexOf('=') is var found && found >= 0; )
        {
            at += found + 1;
            if (!IsOrdinary(line[at..]))
                continue;
            count++;
            at += 2;
        }

        if (count == 0)
            return;
        // Blanks at the end of a line have to be escaped.
        var end = Octets.TrimEnd(line);
        while (end.EndsWith("=09") || end.EndsWith("=20"))
        {
            end = end[..^3];
            count--;
        }

        _encodedCount += count;
    }

    // What follows an equals sign: a tab, a digit, a letter, a sign, but not the escaped equals sign or controls.
    private static bool IsOrdinary(ReadOnlySpan<char> hex) =>
        hex is ['0', '9', ..]
        || (
            hex.Length >= 2
            && hex[1] is (>= '0' and <= '9') or (>= 'A' and <= 'F')
            && hex[0] switch
            {
                '3' => hex[1] != 'D',
                '2' or '4' or '5' or '6' => true,
                '7' => hex[1] != 'F',
                _ => false,
            }
        );

    // &#x and four hexadecimal digits in capitals; the rest is what they are compared with.
    private void CountEntities(ReadOnlySpan<char> content)
    {
        var count = 0;
        for (var at = 0; content[at..].IndexOf("&#x") is var found && found >= 0; )
        {
            at += found + 3;
            if (
                content.Length - at < 5
                || content[at + 4] != ';'
                || content.Slice(at, 4).IndexOfAnyExcept(Hexadecimal) >= 0
            )
                continue;
            count++;
            at += 5;
        }

        _entities += count;
        _plainOctets += content.Length - (8L * count);
    }

    private static System.Buffers.SearchValues<char> Hexadecimal { get; } =
        System.Buffers.SearchValues.Create("0123456789ABCDEF");

    private double Compare()
    {
        var html = _leaves.FindLast(static leaf => leaf is { Type: "text/html", Octets: not null }).Octets;
        var text = _leaves.FindLast(static leaf => leaf is { Type: "text/plain", Octets: not null }).Octets;
        return html > 0 && text is not null ? (double)text.Value / html.Value : 1;
    }
}
