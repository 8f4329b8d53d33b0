using System.Text;

namespace Postreiter.MailAuth.Dkim;

/// <summary>
/// Writes a field of tags, folded at 76 columns. Between two tags stands one fold or one space, whether the signature is in
/// it yet or not, so that its relaxed form is the same but for <c>b=</c>.
/// </summary>
internal sealed class SignatureWriter
{
    private const int MaxColumn = 76;
    private const int SignatureLine = 72;
    private readonly StringBuilder _text = new();
    private int _column;
    private bool _isFirst = true;

    public SignatureWriter(string field)
    {
        _text.Append(field).Append(':');
        _column = _text.Length;
    }

    /// <summary>A tag whose value stays in one piece.</summary>
    public SignatureWriter Tag(string name, string value)
    {
        Begin(name.Length + 1 + value.Length);
        return Append(name).Append("=").Append(value);
    }

    /// <summary>
    /// A tag whose value may be folded behind each colon. Begins a line, so that its folds are the same whatever is in front.
    /// </summary>
    public SignatureWriter Names(string name, IReadOnlyList<string> names)
    {
        Begin(MaxColumn);
        Append(name).Append("=");
        for (var i = 0; i < names.Count; i++)
        {
            var part = i + 1 < names.Count ? names[i] + ":" : names[i];
            if (_column + part.Length > MaxColumn)
                Fold();
            Append(part);
        }

        return this;
    }

    /// <summary>The signature, in lines of 72 characters. Begins a line.</summary>
    /// <param name="name">The tag.</param>
    /// <param name="octets">The signature; empty while it is being made.</param>
    /// <param name="isFolded">False to leave it in one line.</param>
    public SignatureWriter Signature(string name, ReadOnlySpan<byte> octets, bool isFolded = true)
    {
        Begin(MaxColumn);
        Append(name).Append("=");
        var text = Convert.ToBase64String(octets);
        while (isFolded && text.Length > SignatureLine)
        {
            Append(text[..SignatureLine]);
            Fold();
            text = text[SignatureLine..];
        }

        Append(text);

        return this;
    }

    /// <summary>The field with its CRLF.</summary>
    public override string ToString() => _text + "\r\n";

    private void Begin(int length)
    {
        if (!_isFirst)
            Append(";");
        _isFirst = false;
        if (_column + 1 + length + 1 > MaxColumn)
            Fold();
        else
            Append(" ");
    }

    private SignatureWriter Append(string text)
    {
        _text.Append(text);
        _column += text.Length;
        return this;
    }

    private void Fold()
    {
        // A space: there are validators that look for " i=1;" in the raw field.
        _text.Append("\r\n ");
        _column = 1;
    }
}
