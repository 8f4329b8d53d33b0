namespace Postreiter.Spam.Mail;

/// <summary>The body of a mail made ready to be divided: line ends LF, and no long runs of blank lines.</summary>
internal static class BodyLines
{
    /// <summary>Blank lines in a row that are kept.</summary>
    private const int MaxBlank = 20;

    /// <summary>The body; itself if it is ready.</summary>
    public static ReadOnlyMemory<char> Prepare(ReadOnlyMemory<char> body, bool isCrLf)
    {
        if (isCrLf)
            body = body.ToString().Replace("\r\n", "\n", StringComparison.Ordinal).AsMemory();
        return WithoutBlankRuns(body);
    }

    /// <summary>Whether the first or the last line ends in CRLF: then the mail is taken for one with such lines.</summary>
    public static bool IsCrLf(ReadOnlySpan<char> text)
    {
        if (HeaderSection.LineAt(text, 0).EndsWith("\r\n"))
            return true;
        var last = (text.IsEmpty ? text : text[..^1]).LastIndexOf('\n') + 1;
        return text[last..].EndsWith("\r\n");
    }

    // The first blank line of a run and the last ones of it stay.
    private static ReadOnlyMemory<char> WithoutBlankRuns(ReadOnlyMemory<char> body)
    {
        var text = body.Span;
        // A run too long has that many line feeds with nothing but blanks between: look no further if there are not.
        if (!HasRun(text))
            return body;
        var to = new System.Text.StringBuilder(text.Length);
        var at = 0;
        while (at < text.Length)
        {
            var line = HeaderSection.LineAt(text, at);
            if (!IsBlank(line))
            {
                to.Append(line);
                at += line.Length;
                continue;
            }

            var lines = new List<Range>();
            var end = at;
            while (end < text.Length && HeaderSection.LineAt(text, end) is var next && IsBlank(next))
            {
                lines.Add(end..(end + next.Length));
                end += next.Length;
            }

            // At the top of the body the first line counts as what the run follows.
            var before = at == 0 ? 1 : 0;
            var excess = lines.Count - before - MaxBlank;
            for (var i = 0; i < lines.Count; i++)
            {
                if (excess <= 0 || i <= before || i > before + excess)
                    to.Append(text[lines[i]]);
            }

            at = end;
        }

        return to.ToString().AsMemory();
    }

    private static bool HasRun(ReadOnlySpan<char> text)
    {
        var blank = 0;
        for (var at = 0; at < text.Length; )
        {
            var line = HeaderSection.LineAt(text, at);
            blank = IsBlank(line) ? blank + 1 : 0;
            if (blank > MaxBlank)
                return true;
            at += line.Length;
        }

        return false;
    }

    private static bool IsBlank(ReadOnlySpan<char> line) => line.IndexOfAnyExcept(Octets.Blanks) < 0;
}
