namespace Postreiter.Spam.Text.Html;

/// <summary>The styles of the elements that are open. Elements that were never opened cost nothing to close.</summary>
internal sealed class HtmlStyles
{
    private static readonly HtmlStyle Default = new("default");

    private readonly Stack<HtmlStyle> _open = new();
    private readonly Dictionary<string, int> _count = new(StringComparer.Ordinal);
    private double _basefont = 3;

    public HtmlStyles() => _open.Push(Default);

    public HtmlStyle Current => _open.Peek();

    public void Open(string tag, HtmlAttributes attributes, HtmlResult result)
    {
        if (tag == "th")
            tag = "td";
        if (
            tag == "basefont"
            && attributes.Get("size") is { } size
            && HtmlStyle.ReadDigits(Mail.Octets.TrimStart(size.Text)) is { } base_
        )
        {
            _basefont = base_;
            return;
        }

        if (tag is "td" or "tr")
            CloseCells(tag);
        var parent = _open.Peek();
        var style = parent with { Tag = tag };
        if (tag is "big" or "small")
            style.Size += tag == "big" ? 1 : -1;
        else
            Read(tag, style, parent, attributes, result);
        _open.Push(style);
        _count[tag] = _count.GetValueOrDefault(tag) + 1;
    }

    public void Close(string tag)
    {
        if (tag == "th")
            tag = "td";
        // Text behind the end of the body is shown like text in it.
        if (tag == "body" || _count.GetValueOrDefault(tag) == 0)
            return;
        while (Pop() != tag) { }
    }

    private void Read(string tag, HtmlStyle style, HtmlStyle parent, HtmlAttributes attributes, HtmlResult result)
    {
        var isRead = false;
        switch (tag)
        {
            case "font" or "basefont":
                if (attributes.Get("color") is { } color)
                    style.SetForeground(color.Text);
                if (attributes.Get("size") is { } size)
                    style.SetSize(size.Text, _basefont);
                isRead = attributes.Has("color") || attributes.Has("size") || attributes.Has("face");
                break;
            case "body":
                if (attributes.Get("text") is { } text)
                    style.SetForeground(text.Text);
                isRead = attributes.Has("text") || Array.Exists(BodyAttributes, attributes.Has);
                break;
            case "marquee":
                isRead = attributes.Has("bgcolor") || attributes.Has("background");
                break;
            default:
                if (attributes.Get("style") is { } declarations)
                {
                    style.SetStyle(declarations.Text, parent);
                    isRead = true;
                }

                isRead |= tag is "table" or "td" or "tr" && attributes.Has("bgcolor");
                break;
        }

        // Sizes count where an element says anything of its looks.
        if (!isRead)
            return;
        if (style.Size > result.MaxSize)
            result.MaxSize = style.Size;
        else if (style.Size < result.MinSize)
            result.MinSize = style.Size;
    }

    private static readonly string[] BodyAttributes = ["bgcolor", "link", "alink", "vlink", "background"];

    // A cell or a row ends where the next one begins.
    private void CloseCells(string tag)
    {
        if (_count.GetValueOrDefault(tag) == 0)
            return;
        while (_open.Peek().Tag is var top && (top is "font" or "td" || (tag == "tr" && top == "tr")))
            Pop();
    }

    private string Pop()
    {
        var tag = _open.Pop().Tag;
        _count[tag]--;
        return tag;
    }
}
