using System.Diagnostics.CodeAnalysis;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Patterns;

/// <summary>Takes the delimiters off a pattern.</summary>
internal static class PatternDelimiters
{
    /// <summary>`/…/mods`, or `m` or `qr` and any delimiter that is no word character.</summary>
    public static bool TryStrip(
        string text,
        out string source,
        out string modifiers,
        [NotNullWhen(false)] out string? error
    )
    {
        (source, modifiers, error) = ("", "", null);
        var start =
            text.StartsWith('/') ? 0
            : text.StartsWith("qr", StringComparison.Ordinal) ? 2
            : text.StartsWith('m') ? 1
            : -1;
        if (start < 0 || start >= text.Length || Octets.IsWord(text[start]))
        {
            error = "the pattern has no delimiters";
            return false;
        }
        var close = text[start] switch
        {
            '{' => '}',
            '(' => ')',
            '<' => '>',
            '[' => ']',
            var same => same,
        };
        if (close == '\\')
        {
            error = "a backslash is no delimiter";
            return false;
        }
        var end = text.Length;
        while (end > start + 1 && char.IsAsciiLetterLower(text[end - 1]) && text[end - 1] != 'e')
            end--;
        if (end - 1 <= start || text[end - 1] != close)
        {
            error = $"the pattern does not end with {close} and modifiers";
            return false;
        }
        source = text[(start + 1)..(end - 1)];
        modifiers = text[end..];
        // {}, () and [] may stand inside; any other delimiter has to be escaped there.
        if (close is not ('}' or ')' or ']') && HasBare(source, close))
        {
            error = $"{close} stands unescaped in the pattern";
            return false;
        }
        if (source.Contains("(?{", StringComparison.Ordinal) || source.Contains("(??{", StringComparison.Ordinal))
        {
            error = "code in a pattern is never run";
            return false;
        }
        return true;
    }

    private static bool HasBare(string source, char delimiter)
    {
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '\\')
                i++;
            else if (source[i] == delimiter)
                return true;
        }
        return false;
    }
}
