using System.Text;

namespace Postreiter.Spam.Results;

/// <summary>The first words of a mail, for reports.</summary>
internal static class Preview
{
    private const int MostLines = 3;
    private const int MostOctets = 200;
    private const string Label = "Content preview:  ";

    /// <summary>Makes it of the rendered body, whose first element is the subject.</summary>
    public static string Of(IReadOnlyList<ReadOnlyMemory<char>> body)
    {
        var text = new StringBuilder();
        for (var i = 1; i < body.Count && i <= MostLines && text.Length < MostOctets; i++)
            text.Append(body[i].Span);
        var lines = text.ToString().Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length > MostOctets)
                lines[i] = lines[i][..MostOctets] + " [...]";
        }

        // One line end goes, and one comes: a text without any gets one.
        var whole = string.Join('\n', lines);
        if (!whole.EndsWith('\n'))
            whole += "\n";
        whole = WithoutQuotedMail(whole)
            .Replace("This is a multi-part message in MIME format.", "", StringComparison.Ordinal);
        whole = Squeezed(WithoutRules(whole));
        var wrapped = TextWrap.Wrap(whole, Label, "  ", 75, canPass: true, LineBreaks.AtBlanks);
        return wrapped.AsSpan().StartsWith(Label)
            ? wrapped["Content preview:".Length..].TrimStart([.. Blanks])
            : wrapped;
    }

    private static ReadOnlySpan<char> Blanks => " \t\n\v\f\r";

    private static string WithoutQuotedMail(string text)
    {
        const string mark = "-----Original Message-----";
        var at = text.IndexOf(mark, StringComparison.Ordinal);
        if (at < 0)
            return text;
        var result = new StringBuilder(text.Length);
        var start = 0;
        for (; at >= 0; at = text.IndexOf(mark, start, StringComparison.Ordinal))
        {
            result.Append(text, start, at - start);
            start = text.IndexOf('\n', at);
        }

        return result.Append(text, start, text.Length - start).ToString();
    }

    // Lines that people draw: ten and more of - _ * .
    private static string WithoutRules(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; )
        {
            var end = i;
            while (end < text.Length && text[end] is '-' or '_' or '*' or '.')
                end++;
            if (end - i >= 10)
            {
                i = end;
                continue;
            }

            end = Math.Max(end, i + 1);
            result.Append(text, i, end - i);
            i = end;
        }

        return result.ToString();
    }

    private static string Squeezed(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (!TextWrap.IsBlank(c))
                result.Append(c);
            else if (result is not [.., ' '])
                result.Append(' ');
        }

        return result.ToString();
    }
}
