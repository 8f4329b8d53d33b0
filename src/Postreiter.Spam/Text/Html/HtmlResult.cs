namespace Postreiter.Spam.Text.Html;

/// <summary>What one HTML part was found to be, for the rule functions that look at HTML. Texts are octets.</summary>
public sealed class HtmlResult
{
    private readonly Dictionary<HtmlValue, HtmlLink> _links = [];
    private readonly List<HtmlLink> _linkOrder = [];

    /// <summary>How often each element is open at the end, by name in lower case; a name that is a key was seen.</summary>
    public IReadOnlyDictionary<string, int> Inside => OpenElements;

    /// <summary>Links by address, in order of appearance: resolved against the base, or as an anchor has them.</summary>
    public IReadOnlyList<HtmlLink> Links => _linkOrder;

    /// <summary>The texts of anchors, in order.</summary>
    public IReadOnlyList<string> Anchors { get; internal set; } = [];

    /// <summary>The texts of title elements, in order.</summary>
    public IReadOnlyList<string> Titles { get; internal set; } = [];

    /// <summary>Comments with their delimiters, in order.</summary>
    public IReadOnlyList<string> Comments { get; internal set; } = [];

    /// <summary>Texts inside script elements, in order.</summary>
    public IReadOnlyList<string> Scripts { get; internal set; } = [];

    /// <summary>Charsets that meta elements name, divided by blanks; null if none does. SpamAssassin collects them and never looks.</summary>
    public string? MetaCharsets { get; internal set; }

    /// <summary>Start and end tags, and doctypes.</summary>
    public int Tags { get; internal set; }

    /// <summary>Those of <see cref="Tags"/> that HTML knows.</summary>
    public int Elements { get; internal set; }

    /// <summary>Tags of which none of the name had been seen before.</summary>
    public int TagsSeen { get; internal set; }

    /// <summary>Those of <see cref="TagsSeen"/> that HTML knows.</summary>
    public int ElementsSeen { get; internal set; }

    /// <summary>End tags of what was not open (<c>closed_extra</c>).</summary>
    public int ClosedExtra { get; internal set; }

    /// <summary>Square pixels of all images with both sizes; a screen of 800 × 600 where they are percentages.</summary>
    public double ImageArea { get; internal set; }

    /// <summary>Characters of the part (<c>length</c>).</summary>
    public int Length { get; internal set; }

    /// <summary>Smallest font size, 3 is normal.</summary>
    public double MinSize { get; internal set; } = 3;

    /// <summary>Largest font size, 3 is normal.</summary>
    public double MaxSize { get; internal set; } = 3;

    /// <summary>How many different splits of words by tags there are (<c>backhair_count</c>); null if none was.</summary>
    public int? BackhairCount { get; internal set; }

    /// <summary>Words with a tag inside.</summary>
    public int Obfuscation { get; internal set; }

    /// <summary>Characters of the rendered text (<c>html_length</c>).</summary>
    public int RenderedLength { get; internal set; }

    /// <summary>Those of them that are no blanks (<c>non_space_len</c>).</summary>
    public int NonSpaceLength { get; internal set; }

    /// <summary>The share of the part's octets that is not text (<c>ratio</c>).</summary>
    public double Ratio { get; internal set; }

    /// <summary>Text in nearly the colour of its background (<c>font_low_contrast</c>).</summary>
    public bool HasLowContrast { get; internal set; }

    /// <summary>Text in a colour that is none (<c>font_invalid_color</c>).</summary>
    public bool HasInvalidColor { get; internal set; }

    /// <summary>A font named by odd characters (<c>font_face_bad</c>).</summary>
    public bool HasBadFontFace { get; internal set; }

    /// <summary>A form that sends mail (<c>form_action_mailto</c>).</summary>
    public bool HasMailtoForm { get; internal set; }

    /// <summary>An object or embed element (<c>embeds</c>).</summary>
    public bool HasEmbeds { get; internal set; }

    /// <summary>An address too long to be kept whole (<c>uri_truncated</c>).</summary>
    public bool IsUriTruncated { get; internal set; }

    /// <summary><c>closed_extra_ratio</c>; null without tags.</summary>
    public double? ClosedExtraRatio => Tags == 0 ? null : (double)ClosedExtra / Tags;

    /// <summary><c>bad_tag_ratio</c>; null without tags or elements.</summary>
    public double? BadTagRatio => Tags == 0 || Elements == 0 ? null : (double)(Tags - Elements) / Tags;

    /// <summary><c>non_element_ratio</c>; null without tags or elements.</summary>
    public double? NonElementRatio =>
        TagsSeen == 0 || ElementsSeen == 0 ? null : (double)(TagsSeen - ElementsSeen) / TagsSeen;

    /// <summary><c>obfuscation_ratio</c>; null without any.</summary>
    public double? ObfuscationRatio => Tags == 0 || Obfuscation == 0 ? null : (double)Obfuscation / Tags;

    internal Dictionary<string, int> OpenElements { get; } = new(StringComparer.Ordinal);

    /// <summary>How often an element is open at the end; 0 if it was never seen.</summary>
    public int InsideOf(string element) => OpenElements.GetValueOrDefault(element);

    internal HtmlLink Link(HtmlValue uri)
    {
        if (_links.TryGetValue(uri, out var link))
            return link;
        link = new HtmlLink(uri);
        _links[uri] = link;
        _linkOrder.Add(link);
        return link;
    }
}

/// <summary>One address in HTML.</summary>
public sealed class HtmlLink
{
    private readonly List<string> _types = [];

    internal HtmlLink(HtmlValue value) => Value = value;

    /// <summary>The address as it was read: octets, or characters.</summary>
    internal HtmlValue Value { get; }

    /// <summary>The address, octets, resolved against the base.</summary>
    public string Uri => Value.ToOctets();

    /// <summary>The elements it stands in: a, area, link, img, frame, iframe, embed, script, bgsound, form, base, body, table, tr, td, meta; none where it is an anchor's own spelling.</summary>
    public IReadOnlyList<string> Types => _types;

    /// <summary>The texts of the anchors that have exactly this address, in order.</summary>
    public IReadOnlyList<string> AnchorTexts => [.. Texts.Select(static text => text.ToOctets())];

    internal List<HtmlText> Texts { get; } = [];

    internal void AddType(string type)
    {
        if (!_types.Contains(type))
            _types.Add(type);
    }
}
