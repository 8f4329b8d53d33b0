using System.Runtime.InteropServices;
using System.Text;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text.Html;

/// <summary>Renders HTML to text and notes what rules ask of it. Work and memory grow with the length of the part and with nothing else.</summary>
internal sealed class HtmlRenderer : IHtmlReader
{
    private readonly HtmlTokenizer _tokenizer;
    private readonly bool _isCharacters;
    private readonly HtmlStyles _styles = new();
    private readonly HtmlLinks _links;
    private readonly List<HtmlText> _anchors = [];
    private readonly List<HtmlText> _titles = [];
    private readonly List<string> _scripts = [];
    private readonly List<string> _comments = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _inside;
    private readonly Dictionary<string, HtmlElement>.AlternateLookup<ReadOnlySpan<char>> _names = new Dictionary<
        string,
        HtmlElement
    >(Octets.NameComparer.Instance).GetAlternateLookup<ReadOnlySpan<char>>();

    // How often these are open; asked for each text.
    private int _inAnchor;
    private int _inScript;
    private int _inStyle;
    private int _inTitle;
    private ulong _backhair;

    private HtmlRenderer(bool isCharacters, int length)
    {
        // Of most HTML less than half is text.
        Text = new RenderedText(length / 2);
        _isCharacters = isCharacters;
        _tokenizer = new HtmlTokenizer(this);
        _links = new HtmlLinks(Result);
        _inside = Result.OpenElements.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public HtmlResult Result { get; } = new();

    public RenderedText Text { get; }

    /// <summary>Renders one part.</summary>
    /// <param name="text">Its text.</param>
    /// <param name="isCharacters">Whether it is characters, or ASCII octets.</param>
    /// <param name="octets">How many octets the part has.</param>
    public static HtmlRenderer Render(string text, bool isCharacters, int octets)
    {
        var renderer = new HtmlRenderer(isCharacters, text.Length);
        renderer.Result.Length = CharacterText.Count(text);
        renderer.Read(HtmlRepair.Apply(text, isCharacters));
        renderer.Complete(octets);
        return renderer;
    }

    void IHtmlReader.Start(ReadOnlySpan<char> name, HtmlAttributes attributes)
    {
        var element = Count(name, 1);
        if (!element.IsRead)
            return;
        var tag = element.Name;
        attributes.IsCharacters = _isCharacters;
        if (element.ChangesStyle)
            _styles.Open(tag, attributes, Result);
        if (element.Blank is { } blank)
            Text.AddBlank(blank);
        _links.Read(tag, attributes);
        Note(tag, attributes);
    }

    void IHtmlReader.End(ReadOnlySpan<char> name)
    {
        var element = Count(name, -1);
        if (!element.IsRead)
            return;
        if (element.ChangesStyle)
            _styles.Close(element.Name);
        if (element.Blank is { } blank)
            Text.AddBlank(blank);
    }

    void IHtmlReader.Text(ReadOnlySpan<char> text, bool isCData)
    {
        var isCharacters = _isCharacters;
        if (!isCData && text.Contains('&'))
            text = HtmlEntities.Decode(text, inText: true, ref isCharacters);
        if (_inScript > 0)
        {
            _scripts.Add(new HtmlValue(text.ToString(), isCharacters).ToOctets());
            return;
        }

        if (_inStyle > 0)
            return;
        if (_inAnchor > 0)
            _links.AppendToAnchor(text, isCharacters);
        if (_inTitle > 0)
            _titles[^1].Append(text, isCharacters);
        var isInvisible = HasText(text) && _styles.Current.IsInvisible(Result);
        if (!Text.IsEmpty)
            NoteSplitWord(text, isCharacters);
        Text.AddText(text, isInvisible, isCharacters);
    }

    void IHtmlReader.Comment(ReadOnlySpan<char> source) =>
        _comments.Add(new HtmlValue(source.ToString(), _isCharacters).ToOctets());

    void IHtmlReader.Declaration(ReadOnlySpan<char> source)
    {
        if (!source.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase))
            return;
        Result.Elements++;
        Result.Tags++;
        Result.OpenElements["!doctype"] = 0;
    }

    private static bool HasText(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (Octets.IsBlank(text[i]))
                continue;
            if (text[i] != '\u00C2' || i + 1 == text.Length || text[i + 1] != '\u00A0')
                return true;
            i++;
        }

        return false;
    }

    private void Read(string text)
    {
        _tokenizer.Append(text);
        // Script and style elements that do not end would hide the rest.
        if (Result.InsideOf("style") > 0)
            _tokenizer.Append("</style>");
        if (Result.InsideOf("script") > 0)
            _tokenizer.Append("</script>");
        _tokenizer.Complete();
    }

    private void Complete(int octets)
    {
        Result.Anchors = [.. _anchors.Select(static text => text.ToOctets())];
        Result.Titles = [.. _titles.Select(static text => text.ToOctets())];
        (Result.Scripts, Result.Comments) = (_scripts, _comments);
        Result.BackhairCount = _backhair == 0 ? null : System.Numerics.BitOperations.PopCount(_backhair);
        var rendered = Text.All();
        Result.RenderedLength = CharacterText.Count(rendered);
        Result.NonSpaceLength = Result.RenderedLength - CharacterText.CountSpaces(rendered, Text.IsCharacters);
        Result.Ratio = octets == 0 ? 0 : (double)(octets - Result.RenderedLength) / octets;
    }

    // Counts a tag; each name is looked up once.
    private HtmlElement Count(ReadOnlySpan<char> name, int step)
    {
        if (!_names.TryGetValue(name, out var element))
            _names[name] = element = HtmlElements.Of(
                new HtmlValue(Octets.Lower(name.ToString()), _isCharacters).ToOctets()
            );
        var (tag, isKnown) = (element.Name, element.IsKnown);
        ref var open = ref CollectionsMarshal.GetValueRefOrAddDefault(_inside, tag, out var isOld);
        Result.Tags++;
        Result.Elements += isKnown ? 1 : 0;
        Result.TagsSeen += isOld ? 0 : 1;
        Result.ElementsSeen += !isOld && isKnown ? 1 : 0;
        open += step;
        if (open < 0)
        {
            open = 0;
            Result.ClosedExtra++;
        }

        switch (tag)
        {
            case "a":
                _inAnchor = open;
                break;
            case "script":
                _inScript = open;
                break;
            case "style":
                _inStyle = open;
                break;
            case "title":
                _inTitle = open;
                break;
        }

        return element;
    }

    private void Note(string tag, HtmlAttributes attributes)
    {
        switch (tag)
        {
            case "font":
                Result.HasBadFontFace |= attributes.Get("face") is { } face && !FontFace.IsOrdinary(face.Text);
                break;
            case "img":
                if (Result.InsideOf("a") > 0)
                    _links.AppendToAnchor("<img>\n", isCharacters: false);
                if (attributes.Get("width") is { } width && attributes.Get("height") is { } height)
                    Result.ImageArea += Pixels(width.Text, 8) * Pixels(height.Text, 6);
                break;
            case "form":
                Result.HasMailtoForm |=
                    attributes.Get("action") is { } action
                    && action.Text.Contains("mailto:", StringComparison.OrdinalIgnoreCase);
                break;
            case "object" or "embed":
                Result.HasEmbeds = true;
                break;
            case "a":
                _anchors.Add(_links.OpenAnchor(attributes));
                break;
            case "title":
                _titles.Add(new HtmlText());
                break;
            case "meta":
                NoteCharset(attributes);
                break;
        }
    }

    // A size in pixels, or in hundredths of a screen; 200 where it is neither.
    private static double Pixels(string text, int hundredth)
    {
        var line = text.EndsWith('\n') ? text.AsSpan(0, text.Length - 1) : text;
        var isShare = line is [.., '%'];
        if (isShare)
            line = line[..^1];
        if (line.IsEmpty || line.ContainsAnyExceptInRange('0', '9') || HtmlStyle.ReadDigits(line) is not > 0.0)
            return 200;
        return HtmlStyle.ReadDigits(line)!.Value * (isShare ? hundredth : 1);
    }

    private void NoteCharset(HtmlAttributes attributes)
    {
        if (
            attributes.Get("http-equiv") is not { } about
            || attributes.Get("content") is not { } content
            || !about.Text.Contains("Content-Type", StringComparison.OrdinalIgnoreCase)
        )
        {
            return;
        }

        var text = content.Text.AsSpan();
        var at = text.IndexOf("charset", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
            return;
        var rest = Octets.TrimStart(text[(at + 7)..]);
        if (rest is not ['=', ..])
            return;
        rest = Octets.TrimStart(rest[1..]).TrimStart("\"'");
        var end = rest.IndexOfAny('"', '\'');
        var charset = (end < 0 ? rest : rest[..end]).ToString();
        if (charset.Length > 0)
            Result.MetaCharsets = Result.MetaCharsets is null ? charset : $"{Result.MetaCharsets} {charset}";
    }

    // Tags inside words hide them from filters.
    private void NoteSplitWord(ReadOnlySpan<char> text, bool isCharacters)
    {
        var before = Text.Last;
        if (before.IsEmpty || text.IsEmpty)
            return;
        Span<Rune> end = stackalloc Rune[8];
        Span<Rune> start = stackalloc Rune[8];
        var (ends, starts) = (CharacterText.Last(before, end), CharacterText.First(text, start));
        var wasCharacters = Text.IsLastCharacters;
        if (!CharacterClass.IsInWord(end[0], wasCharacters) || !CharacterClass.IsInWord(start[0], isCharacters))
            return;
        Result.Obfuscation++;
        var left = SplitWords.Length(end[..ends], wasCharacters);
        var right = left == 0 ? 0 : SplitWords.Length(start[..starts], isCharacters);
        if (right > 0)
            _backhair |= 1UL << ((left * 8) + right);
    }
}
