using System.Buffers;
using System.Globalization;
using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Spf;

/// <summary>A <c>macro-string</c>, read once and expanded for each evaluation (RFC 7208 §7.1).</summary>
internal sealed class MacroString
{
    /// <summary>Longest expansion in characters; a longer one is cut, as explanations are far shorter.</summary>
    public const int MaxExpansion = 4_096;

    private const int MaxNameLength = 253;

    private static readonly SearchValues<char> Delimiters = SearchValues.Create(".-+,/_=");

    private readonly List<Part> _parts;

    private MacroString(List<Part> parts)
    {
        _parts = parts;
        IsFixed = parts.TrueForAll(static part => part.Letter == '\0');
        if (IsFixed)
            FixedName = ToName(string.Concat(parts.Select(static part => part.Literal)));
    }

    /// <summary>Whether no macro is in it, so that it expands to the same always.</summary>
    public bool IsFixed { get; }

    /// <summary>The name it is then, as <see cref="ToName"/> gives it.</summary>
    public DomainName? FixedName { get; }

    /// <summary>Whether the macro <c>%{p}</c> is in it, whose value costs look-ups.</summary>
    public bool NeedsValidatedName => _parts.Exists(static part => part.Letter == 'p');

    /// <summary>Whether the last part is a macro; a <c>domain-end</c> may be one (RFC 7208 §7.1).</summary>
    public bool EndsWithMacro => _parts is [.., { Letter: not '\0' }];

    /// <summary>Reads a macro-string.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isExplanation">Spaces and the letters c, r and t are allowed (RFC 7208 §6.2, §7.2).</param>
    /// <returns>Null when it breaks the syntax.</returns>
    public static MacroString? Parse(ReadOnlySpan<char> text, bool isExplanation = false)
    {
        var parts = new List<Part>();
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length; )
        {
            var c = text[i];
            if (c != '%')
            {
                if (c > '~' || c < (isExplanation ? ' ' : '!'))
                    return null;
                literal.Append(c);
                i++;
                continue;
            }

            if (i + 1 >= text.Length)
                return null;
            var escape = text[i + 1] switch
            {
                '%' => "%",
                '_' => " ",
                '-' => "%20",
                _ => null,
            };
            if (escape is not null)
            {
                literal.Append(escape);
                i += 2;
                continue;
            }

            var end = text[i..].IndexOf('}');
            if (text[i + 1] != '{' || end < 0 || !TryReadMacro(text[(i + 2)..(i + end)], isExplanation, out var part))
                return null;
            if (literal.Length > 0)
                parts.Add(new Part(literal.ToString(), '\0', 0, false, ""));
            literal.Clear();
            parts.Add(part);
            i += end + 1;
        }

        if (literal.Length > 0)
            parts.Add(new Part(literal.ToString(), '\0', 0, false, ""));
        return new MacroString(parts);
    }

    /// <summary>The text with every macro replaced; at most <see cref="MaxExpansion"/> of it.</summary>
    /// <param name="value">Gives the value of a letter, in lower case.</param>
    public string Expand(Func<char, string> value)
    {
        var result = new StringBuilder();
        foreach (var part in _parts)
        {
            if (result.Length > MaxExpansion)
                break;
            result.Append(Expand(part, value));
        }

        return result.ToString(0, Math.Min(result.Length, MaxExpansion));
    }

    /// <summary>The end of the text, all that may count of a name: whatever stands further left is cut off anyway.</summary>
    /// <param name="value">Gives the value of a letter, in lower case.</param>
    public string ExpandEnd(Func<char, string> value)
    {
        var (pieces, length) = (new List<string>(), 0);
        for (var i = _parts.Count - 1; i >= 0 && length <= MaxNameLength + 1; i--)
        {
            pieces.Add(Expand(_parts[i], value));
            length += pieces[^1].Length;
        }

        pieces.Reverse();
        return string.Concat(pieces);
    }

    /// <summary>The name that a text stands for. RFC 7208 §7.3: of one that is too long labels are taken off the left until it fits.</summary>
    /// <returns>Null when it is none that DNS could hold.</returns>
    public static DomainName? ToName(ReadOnlySpan<char> text)
    {
        if (text is [.., '.'])
            text = text[..^1];
        if (text.Length > MaxNameLength)
        {
            // The first dot from which on it fits.
            var dot = text[(text.Length - MaxNameLength - 1)..].IndexOf('.');
            text = dot < 0 ? default : text[(text.Length - MaxNameLength + dot)..];
        }

        return DomainName.TryParseQuery(text, out var name) ? name : null;
    }

    // macro-letter transformers *delimiter; transformers = *DIGIT [ "r" ]
    private static bool TryReadMacro(ReadOnlySpan<char> inner, bool isExplanation, out Part part)
    {
        part = default;
        if (inner.IsEmpty)
            return false;
        var letter = char.ToLowerInvariant(inner[0]);
        if (!"slodiphv".Contains(letter) && !(isExplanation && "crt".Contains(letter)))
            return false;

        var rest = inner[1..];
        var digits = rest.IndexOfAnyExceptInRange('0', '9');
        digits = digits < 0 ? rest.Length : digits;
        var keep = int.MaxValue;
        // RFC 7208 §7.1: zero parts make no sense. A count beyond any name keeps them all.
        if (digits > 0 && rest[..digits].TrimStart('0').IsEmpty)
            return false;
        if (digits > 0 && int.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            keep = count;
        rest = rest[digits..];

        var isReversed = rest is ['r' or 'R', ..];
        if (isReversed)
            rest = rest[1..];
        if (rest.IndexOfAnyExcept(Delimiters) >= 0)
            return false;
        part = new Part(
            char.IsAsciiLetterUpper(inner[0]) ? "U" : "",
            letter,
            keep,
            isReversed,
            rest.IsEmpty ? "." : rest.ToString()
        );
        return true;
    }

    private static string Expand(Part part, Func<char, string> letters)
    {
        if (part.Letter == '\0')
            return part.Literal;
        var value = letters(part.Letter);
        if (part.Keep != int.MaxValue || part.IsReversed || part.Delimiters != ".")
        {
            var pieces = value.Split(part.Delimiters.ToCharArray());
            if (part.IsReversed)
                Array.Reverse(pieces);
            value = string.Join('.', pieces.AsSpan(Math.Max(0, pieces.Length - part.Keep)));
        }

        // RFC 7208 §7.3: an upper-case letter asks for URL escaping.
        return part.Literal.Length > 0 ? Uri.EscapeDataString(value) : value;
    }

    // Literal: the text, or for a macro "U" where its value is to be escaped.
    private readonly record struct Part(string Literal, char Letter, int Keep, bool IsReversed, string Delimiters);
}
