using System.Text;

namespace Postreiter.Spam.Configuration;

/// <summary>`%{TAG}` in a pattern: the values that another rule's named group found in the mail.</summary>
internal static class Template
{
    /// <summary>Escapes the braces of the templates, so that the pattern can be read before the values are known.</summary>
    /// <param name="text">The pattern.</param>
    /// <param name="names">The names, each once.</param>
    public static string Escape(string text, out IReadOnlyList<string> names)
    {
        var found = new List<string>();
        var result = Replace(
            text,
            "%{",
            "}",
            name =>
            {
                if (!found.Contains(name))
                    found.Add(name);
                return "%\\{" + name + "\\}";
            }
        );
        names = found;
        return result;
    }

    /// <summary>Puts values in the place of escaped templates.</summary>
    /// <param name="text">A pattern that <see cref="Escape"/> made.</param>
    /// <param name="valueOf">The text for a name.</param>
    public static string Fill(string text, Func<string, string> valueOf) => Replace(text, "%\\{", "\\}", valueOf);

    private static string Replace(string text, string open, string close, Func<string, string> valueOf)
    {
        var result = new StringBuilder();
        var done = 0;
        for (var at = 0; (at = text.IndexOf(open, at, StringComparison.Ordinal)) >= 0; )
        {
            var start = at + open.Length;
            var end = text.IndexOf(close, start, StringComparison.Ordinal);
            if (end < 0)
                break;
            if ((at > 0 && text[at - 1] == '\\') || !IsTag(text.AsSpan(start, end - start)))
            {
                at = start;
                continue;
            }
            result.Append(text, done, at - done).Append(valueOf(text[start..end]));
            at = done = end + close.Length;
        }
        return result.Append(text, done, text.Length - done).ToString();
    }

    // [A-Z][A-Z0-9]*(_[A-Z0-9]+)* and, if wanted, an argument in brackets.
    private static bool IsTag(ReadOnlySpan<char> name)
    {
        var open = name.IndexOf('(');
        if (open >= 0)
        {
            if (name[^1] != ')' || name[(open + 1)..^1].Contains(')'))
                return false;
            name = name[..open];
        }
        if (name.IsEmpty || !char.IsAsciiLetterUpper(name[0]) || name[^1] == '_')
            return false;
        for (var i = 0; i < name.Length; i++)
        {
            if (
                !char.IsAsciiLetterUpper(name[i])
                && !char.IsAsciiDigit(name[i])
                && (name[i] != '_' || name[i - 1] == '_')
            )
                return false;
        }
        return true;
    }
}
