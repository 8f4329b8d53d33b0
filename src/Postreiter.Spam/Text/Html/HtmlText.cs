using System.Text;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text.Html;

/// <summary>Text put together from pieces, of which one that is characters makes the whole characters.</summary>
internal sealed class HtmlText
{
    private StringBuilder? _text;
    private bool _isCharacters;

    public void Append(ReadOnlySpan<char> text, bool isCharacters)
    {
        (_text ??= new StringBuilder(text.Length)).Append(text);
        _isCharacters |= isCharacters;
    }

    public string ToOctets()
    {
        var text = _text?.ToString() ?? "";
        return _isCharacters ? Octets.ToUtf8(text) : text;
    }
}
