using System.Globalization;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Text.Html;

/// <summary>How text looks inside an element, as far as it tells whether it can be seen.</summary>
internal sealed record HtmlStyle(string Tag)
{
    /// <summary>Text colour.</summary>
    public string Foreground { get; private set; } = "#000000";

    /// <summary>Colour behind the text.</summary>
    public string Background { get; private set; } = "#ffffff";

    /// <summary>Font size, 3 is normal.</summary>
    public double Size { get; set; } = 3;

    public string? Display { get; private set; }

    public string? Visibility { get; private set; }

    /// <summary>The nearest distance of colours that can be read.</summary>
    private const double LeastDistance = 12;

    /// <summary>Whether text of this style cannot be seen; notes why.</summary>
    public bool IsInvisible(HtmlResult result)
    {
        if (
            Six(Foreground).SequenceEqual(Six(Background))
            || HtmlColor.Distance(Foreground, Background) is >= 0 and < LeastDistance
        )
        {
            result.HasLowContrast = true;
            return true;
        }

        if (Foreground == HtmlColor.Invalid || Background == HtmlColor.Invalid)
        {
            result.HasInvalidColor = true;
            return true;
        }

        return Size <= 1
            || (Display is { } display && Octets.EqualsIgnoreCase(display, "none"))
            || (Visibility is { } visibility && Octets.EqualsIgnoreCase(visibility, "hidden"));
    }

    public void SetForeground(string color) => Foreground = HtmlColor.Parse(color);

    /// <summary>A font size: +n and −n are relative to that of the document.</summary>
    public void SetSize(string text, double basefont)
    {
        var rest = Octets.TrimStart(text);
        var sign = rest is ['+' or '-', ..] ? rest[0] : '\0';
        if (sign != '\0')
            rest = rest[1..];
        if (ReadDigits(rest) is not { } number)
            return;
        Size = sign switch
        {
            '+' => basefont + number,
            '-' => basefont - number,
            _ => number,
        };
    }

    /// <summary>The digits at the start of a text as a number; null without any.</summary>
    public static double? ReadDigits(ReadOnlySpan<char> text)
    {
        var length = text.IndexOfAnyExceptInRange('0', '9');
        if (length < 0)
            length = text.Length;
        return length == 0 ? null : double.Parse(text[..length], NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>The declarations of a style attribute.</summary>
    public void SetStyle(string text, HtmlStyle parent)
    {
        foreach (var range in text.AsSpan().Split(';'))
            SetDeclaration(text.AsSpan()[range]);
        if (Background == "transparent")
            Background = parent.Background;
        if (Foreground == "transparent")
            Foreground = Background;
    }

    private void SetDeclaration(ReadOnlySpan<char> declaration)
    {
        var text = Octets.TrimStart(declaration);
        var colon = text.IndexOf(':');
        if (colon <= 0)
            return;
        var value = Octets.Trim(text[(colon + 1)..]);
        var property = text[..colon];
        if (value.Contains('\n'))
            return;
        if (value.IsEmpty)
        {
            // A blank is a colour, if a wrong one; nothing at all is none.
            if (text[(colon + 1)..].TrimStart('\n').IsEmpty)
                return;
            value = HtmlColor.Invalid;
            if (!property.EndsWith("color", StringComparison.OrdinalIgnoreCase))
                return;
        }

        if (Octets.EqualsIgnoreCase(property, "color"))
            Foreground = Color(value, Foreground);
        else if (Octets.EqualsIgnoreCase(property, "background-color"))
            Background = Color(value, Background);
        else if (property is "background")
            SetBackground(Octets.Lower(value.ToString()));
        else if (Octets.TrimEnd(property) is "display")
            Display = value.ToString();
        else if (Octets.TrimEnd(property) is "visibility")
            Visibility = value.ToString();
    }

    private static string Color(ReadOnlySpan<char> text, string before)
    {
        var value = Octets.Lower(text.ToString());
        if (value.EndsWith("important", StringComparison.Ordinal))
        {
            var rest = Octets.TrimEnd(value.AsSpan()[..^9]);
            if (rest is [.., '!'])
                value = Octets.TrimEnd(rest[..^1]).ToString();
        }

        if (value.Contains("rgb", StringComparison.Ordinal))
            return HtmlColor.ParseNumbers(value);
        return value switch
        {
            "inherit" => before,
            "transparent" => value,
            _ => HtmlColor.Parse(value),
        };
    }

    // The first colour of the lowest layer: layers are divided by commas, values by blanks, outside of brackets and quotes.
    private void SetBackground(string text)
    {
        var layer = new List<string>();
        var last = layer;
        var start = 0;
        var (bracket, quote) = (false, '\0');
        for (var at = 0; at <= text.Length; at++)
        {
            var c = at < text.Length ? text[at] : ',';
            var isInside = bracket || quote != '\0';
            if (at < text.Length && isInside)
            {
                if (quote != '\0')
                    quote = c == quote ? '\0' : quote;
                else if (c is '"' or '\'')
                    quote = c;
                else if (c == ')')
                    (bracket, start) = (false, Take(layer, text, start, at + 1));
                continue;
            }

            if (c is '"' or '\'')
                quote = c;
            else if (c == '(')
                bracket = true;
            if (c is not (' ' or ','))
                continue;
            Take(layer, text, start, at);
            start = at + 1;
            if (c == ',' && (at < text.Length || layer.Count > 0))
                (last, layer) = (layer, []);
        }

        foreach (var value in last)
        {
            if (HtmlColor.Parse(value) is var color && color != HtmlColor.Invalid)
            {
                Background = color;
                return;
            }
        }
    }

    private static int Take(List<string> layer, string text, int start, int end)
    {
        if (end > start)
            layer.Add(text[start..end]);
        return end;
    }

    private static ReadOnlySpan<char> Six(string color) => color.AsSpan(Math.Max(0, color.Length - 6));
}
