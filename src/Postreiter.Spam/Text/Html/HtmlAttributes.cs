using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text.Html;

/// <summary>The attributes of one start tag; values are decoded when they are asked for. The first of a name counts.</summary>
internal sealed class HtmlAttributes
{
    private readonly List<(Range Name, Range Value, bool IsGiven)> _all = [];
    private string _text = "";

    /// <summary>Whether the text is characters, so that references below U+0100 are characters too.</summary>
    public bool IsCharacters { get; set; }

    public void Clear(string text)
    {
        _text = text;
        _all.Clear();
    }

    public void Add(Range name, Range value, bool isValueGiven) => _all.Add((name, value, isValueGiven));

    /// <summary>The value, decoded; null without the attribute. Without a value it is the name as written.</summary>
    public HtmlValue? Get(string name)
    {
        foreach (var (key, value, isGiven) in _all)
        {
            if (Octets.EqualsIgnoreCase(_text.AsSpan()[key], name))
                return Decode(value, isGiven);
        }

        return null;
    }

    public bool Has(string name)
    {
        foreach (var (key, _, _) in _all)
        {
            if (Octets.EqualsIgnoreCase(_text.AsSpan()[key], name))
                return true;
        }

        return false;
    }

    /// <summary>
    /// The value of an attribute run together with what stands before it, <c>x/href</c>, as broken HTML has it; null without one.
    /// </summary>
    public HtmlValue? GetBehindSlash(string name)
    {
        HtmlValue? found = null;
        for (var i = 0; i < _all.Count; i++)
        {
            var (key, value, isGiven) = _all[i];
            var text = _text.AsSpan()[key];
            for (var slash = text.IndexOf('/'); slash >= 0; )
            {
                var rest = text[(slash + 1)..];
                if (
                    slash > 0
                    && Octets.IsWord(text[slash - 1])
                    && rest.Length >= name.Length
                    && Octets.EqualsIgnoreCase(rest[..name.Length], name)
                )
                {
                    found = Decode(value, isGiven);
                    break;
                }

                var next = rest.IndexOf('/');
                slash = next < 0 ? -1 : slash + 1 + next;
            }
        }

        return found;
    }

    public IEnumerable<string> Names => _all.Select(one => _text[one.Name]);

    private HtmlValue Decode(Range value, bool isGiven)
    {
        var isCharacters = IsCharacters;
        var text = isGiven ? HtmlEntities.Decode(_text.AsSpan()[value], inText: false, ref isCharacters) : _text[value];
        return new HtmlValue(text, isCharacters);
    }
}

/// <summary>Text out of HTML: characters, or octets where nothing said what charset they are of.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsCharacters">Whether its chars are characters.</param>
internal readonly record struct HtmlValue(string Text, bool IsCharacters)
{
    /// <summary>The text as octets: characters as UTF-8.</summary>
    public string ToOctets() => IsCharacters ? Octets.ToUtf8(Text) : Text;
}
