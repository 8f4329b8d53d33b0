using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text.Html;

/// <summary>The addresses in HTML, by the elements they stand in.</summary>
internal sealed class HtmlLinks(HtmlResult result)
{
    /// <summary>Characters of an address that are kept.</summary>
    public const int MaxLength = 8192;

    private static readonly string[] Unresolved = ["data:", "mailto:", "file:", "cid:", "tel:"];

    private HtmlValue _base = new("", false);
    private HtmlText? _anchor;

    /// <summary>Notes the addresses of a start tag.</summary>
    public void Read(string tag, HtmlAttributes attributes)
    {
        switch (tag)
        {
            case "body" or "table" or "tr" or "td":
                Add(tag, attributes.Get("background"));
                break;
            case "a" or "area" or "link":
                Add(tag, Href(attributes));
                Add(tag, attributes.Get("data-saferedirecturl"));
                break;
            case "img" or "frame" or "iframe" or "embed" or "script" or "bgsound":
                Add(tag, attributes.GetBehindSlash("src") ?? attributes.Get("src"));
                break;
            case "form":
                Add(tag, attributes.Get("action"));
                break;
            case "base":
                ReadBase(attributes);
                break;
            case "meta":
                ReadRefresh(attributes);
                break;
        }
    }

    /// <summary>Begins an anchor: its texts belong to its address as it is written.</summary>
    public HtmlText OpenAnchor(HtmlAttributes attributes)
    {
        var uri = Href(attributes) is { } href ? Trim(href) : new HtmlValue("", false);
        _anchor = new HtmlText();
        result.Link(uri).Texts.Add(_anchor);
        return _anchor;
    }

    public void AppendToAnchor(ReadOnlySpan<char> text, bool isCharacters) => _anchor?.Append(text, isCharacters);

    // A byte order mark inside an address is nothing.
    private static HtmlValue? Href(HtmlAttributes attributes)
    {
        if ((attributes.GetBehindSlash("href") ?? attributes.Get("href")) is not { } href)
            return null;
        var mark = href.IsCharacters ? "\uFEFF" : "\u00EF\u00BB\u00BF";
        return href with { Text = href.Text.Replace(mark, "", StringComparison.Ordinal) };
    }

    private void Add(string tag, HtmlValue? value)
    {
        if (value is not { } given)
            return;
        var uri = Trim(given);
        if (uri.Text.Length == 0)
            return;
        if (!Array.Exists(Unresolved, scheme => uri.Text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)))
            uri = new HtmlValue(UriReference.Resolve(_base.Text, uri.Text), uri.IsCharacters || _base.IsCharacters);
        if (uri.Text.Length > 0)
            result.Link(uri).AddType(tag);
    }

    private HtmlValue Trim(HtmlValue value)
    {
        var text = value.Text.AsSpan();
        while (!text.IsEmpty && IsBlank(text[0], value.IsCharacters))
            text = text[1..];
        while (!text.IsEmpty && IsBlank(text[^1], value.IsCharacters))
            text = text[..^1];
        var end = CharacterText.IndexOf(text, MaxLength);
        if (end < text.Length)
        {
            result.IsUriTruncated = true;
            text = text[..end];
        }

        return text.Length == value.Text.Length ? value : value with { Text = text.ToString() };
    }

    private static bool IsBlank(char c, bool isCharacters) => c == '\u00A0' || CharacterClass.IsSpace(c, isCharacters);

    // An absolute base of the web's schemes makes relative addresses absolute from there on; a file's name at its end goes.
    private void ReadBase(HtmlAttributes attributes)
    {
        if (attributes.Get("href") is not { Text: not ("" or "0") } href)
            return;
        var uri = Trim(href);
        Add("base", uri);
        var text = uri.Text.AsSpan();
        var scheme = text.IndexOf(':');
        if (scheme < 0 || !(Is(text[..scheme], "http") || Is(text[..scheme], "https") || Is(text[..scheme], "ftp")))
            return;
        var path = WithoutFile(uri.Text, scheme);
        _base = uri with { Text = path.EndsWith('/') ? path : path + "/" };
    }

    private static bool Is(ReadOnlySpan<char> a, string b) => Octets.EqualsIgnoreCase(a, b);

    private static string WithoutFile(string uri, int colon)
    {
        var host = colon + 1;
        for (var slashes = 0; slashes < 2 && host < uri.Length && uri[host] == '/'; slashes++)
            host++;
        var slash = host < uri.Length ? uri.IndexOf('/', host) : -1;
        if (slash <= host)
            return uri;
        var path = slash + 1;
        var dot = uri.LastIndexOf('.');
        if (dot <= path || uri.Length - dot - 1 is < 2 or > 4 || uri.IndexOf('/', dot) >= 0)
            return uri;
        var start = Math.Max(path, uri.LastIndexOfAny(['.', '/'], dot - 1) + 1);
        return start < dot ? uri[..start] : uri;
    }

    // <meta http-equiv=refresh content="0; url=…">
    private void ReadRefresh(HtmlAttributes attributes)
    {
        if (
            attributes.Get("http-equiv") is not { } about
            || attributes.Get("content") is not { } content
            || !about.Text.Contains("refresh", StringComparison.OrdinalIgnoreCase)
        )
        {
            return;
        }

        var start = -1;
        for (var at = 0; at < content.Text.Length; at++)
        {
            if (BehindUrl(content.Text, at) is var behind and > 0)
                start = behind;
        }

        if (start < 0)
            return;
        var uri = content.Text[start..];
        var end = uri.IndexOf(';', StringComparison.Ordinal);
        if (end >= 0)
            uri = Octets.TrimEnd(uri.AsSpan(0, end)).ToString();
        Add("meta", content with { Text = uri });
    }

    // The place behind "url =" and blanks, 0 if it does not stand here.
    private static int BehindUrl(string text, int at)
    {
        if (
            at > 0 && Octets.IsWord(text[at - 1])
            || !text.AsSpan(at).StartsWith("url", StringComparison.OrdinalIgnoreCase)
        )
            return 0;
        at += 3;
        while (at < text.Length && Octets.IsBlank(text[at]))
            at++;
        if (at == text.Length || text[at] != '=')
            return 0;
        at++;
        while (at < text.Length && Octets.IsBlank(text[at]))
            at++;
        return at;
    }
}
