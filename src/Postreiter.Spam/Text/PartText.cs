using Postreiter.Spam.Mail;
using Postreiter.Spam.Text.Html;

namespace Postreiter.Spam.Text;

/// <summary>What a part says to somebody who reads it: all of its text, and what of it can be seen.</summary>
internal sealed class PartText
{
    private readonly HtmlRenderer? _html;
    private PartText? _visible;
    private PartText? _invisible;

    private PartText(string text, bool isCharacters, HtmlRenderer? html) =>
        (All, IsCharacters, _html) = (text, isCharacters, html);

    /// <summary>Seen and unseen text.</summary>
    public string All { get; }

    /// <summary>Whether the text is characters; else it is octets.</summary>
    public bool IsCharacters { get; }

    /// <summary>The text that can be seen; this one where nothing is hidden.</summary>
    public PartText Visible => _visible ??= Only(isInvisible: false);

    /// <summary>The text that cannot be seen.</summary>
    public PartText Invisible => _invisible ??= Only(isInvisible: true);

    /// <summary>Whether the part is HTML, be it empty.</summary>
    public bool IsHtml { get; private init; }

    /// <summary>What was found in HTML; null for plain text.</summary>
    public HtmlResult? Html => _html?.Result;

    /// <summary>Renders a part; null if it is no text that is shown.</summary>
    public static PartText? Render(MimePart part)
    {
        var type = part.EffectiveType;
        if (type is not ("text/plain" or "text/html") || part.Decoded is not { } octets)
            return null;
        var characters = Charset.Decode(octets, part.Charset ?? "us-ascii");
        var text = characters ?? octets;
        if (type == "text/plain" || octets.Length == 0)
            return new PartText(text, characters is not null, null) { IsHtml = type == "text/html" };
        var html = HtmlRenderer.Render(text, characters is not null, octets.Length);
        return new PartText(html.Text.All(), html.Text.IsCharacters, html) { IsHtml = true };
    }

    private PartText Only(bool isInvisible)
    {
        // Most parts hide nothing: what is seen is all of it then, and is the same object, so that nobody makes anything of it twice.
        if (_html is not { Text.HasInvisible: true })
            return isInvisible ? new PartText("", false, null) : this;
        var text = _html.Text.Only(isInvisible, out var isCharacters);
        return new PartText(text, isCharacters, null);
    }
}
