using System.Text;

namespace Postreiter.Spam.Results;

/// <summary>A mail cut into separator line, header and body, every octet kept: what marks are put into.</summary>
/// <remarks>
/// The header ends at the first empty line, before a line that begins with <c>--</c>, or before the fourth line that is no
/// field. Where the mail's first or last line ends in CRLF, all header lines are given CRLF.
/// </remarks>
internal sealed class PristineMail
{
    private const int MaxBadLines = 3;

    private PristineMail(string separator, List<string> header, ReadOnlyMemory<byte> body, bool isCrLf) =>
        (Separator, HeaderLines, Body, IsCrLf) = (separator, header, body, isCrLf);

    /// <summary>The <c>From </c> line of a mailbox file with its end; empty where there is none.</summary>
    public string Separator { get; }

    /// <summary>The lines of the header with their ends, the empty line behind it too where there is one. Octets.</summary>
    public List<string> HeaderLines { get; }

    /// <summary>All behind the header.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Whether lines end in CRLF.</summary>
    public bool IsCrLf { get; }

    /// <summary>Cuts a mail; any octets are one.</summary>
    public static PristineMail Parse(ReadOnlyMemory<byte> mail)
    {
        // No mail at all is an empty line.
        var rest = mail.IsEmpty ? "\n"u8.ToArray() : mail;
        var separator = "";
        if (IsSeparator(FirstLine(rest.Span)))
        {
            separator = Text(FirstLine(rest.Span));
            rest = rest[separator.Length..];
        }

        var isCrLf = FirstLine(rest.Span).EndsWith("\r\n"u8) || LastLine(rest.Span).EndsWith("\r\n"u8);
        var header = new List<string>();
        var bad = 0;
        while (!rest.IsEmpty)
        {
            var line = FirstLine(rest.Span);
            var isContinuation = line[0] is (byte)' ' or (byte)'\t';
            if (!isContinuation && (line.StartsWith("--"u8) || (IsBad(line, isCrLf) && ++bad > MaxBadLines)))
                break;
            rest = rest[line.Length..];
            header.Add(LineText(line, isCrLf));
            if (!isContinuation && IsEmpty(line, isCrLf))
                break;
        }

        return new PristineMail(separator, header, rest, isCrLf);
    }

    /// <summary>The last field of a name: its value with blanks in front taken away, folded as it is, with its line end.</summary>
    /// <returns>Null when there is none.</returns>
    public string? Field(string name) => Fields(name) is [.., var last] ? last : null;

    /// <summary>All fields of a name, likewise.</summary>
    public IReadOnlyList<string> Fields(string name)
    {
        var found = new List<string>();
        for (var i = 0; i < HeaderLines.Count; i++)
        {
            if (ValueOf(HeaderLines[i], name) is not { } value)
                continue;
            var text = new StringBuilder(value);
            while (i + 1 < HeaderLines.Count && HeaderLines[i + 1][0] is ' ' or '\t')
                text.Append(HeaderLines[++i]);
            if (text is not [.., '\n'])
                text.Append('\n');
            found.Add(text.ToString());
        }

        return found;
    }

    private static string? ValueOf(string line, string name)
    {
        if (!line.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            return null;
        var rest = line.AsSpan(name.Length).TrimStart([' ', '\t']);
        return rest is [':', .. var value] ? value.TrimStart([' ', '\t']).ToString() : null;
    }

    // "From" and a blank, but not "From :", which is a field.
    private static bool IsSeparator(ReadOnlySpan<byte> line)
    {
        if (line.Length < 5 || !line.StartsWith("From"u8) || !IsBlank(line[4]))
            return false;
        return line.Length == 5 || line[5] != ':';
    }

    private static bool IsBad(ReadOnlySpan<byte> line, bool isCrLf)
    {
        if (IsEmpty(line, isCrLf))
            return false;
        var i = 0;
        // RFC 5322 §2.2: printable ASCII but the colon.
        while (i < line.Length && line[i] is > 32 and < 127 and not (byte)':')
            i++;
        if (i == 0)
            return true;
        while (i < line.Length && line[i] is (byte)' ' or (byte)'\t')
            i++;
        return i == line.Length || line[i] != ':';
    }

    private static bool IsEmpty(ReadOnlySpan<byte> line, bool isCrLf) =>
        line is [(byte)'\n'] ? true : isCrLf && line is [(byte)'\r', (byte)'\n'];

    private static string LineText(ReadOnlySpan<byte> line, bool isCrLf)
    {
        var text = Text(line);
        return isCrLf && line is [.., (byte)'\n'] && line is not [.., (byte)'\r', (byte)'\n']
            ? text[..^1] + "\r\n"
            : text;
    }

    private static ReadOnlySpan<byte> FirstLine(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)'\n');
        return end < 0 ? text : text[..(end + 1)];
    }

    private static ReadOnlySpan<byte> LastLine(ReadOnlySpan<byte> text)
    {
        var before = text.Length > 1 ? text[..^1].LastIndexOf((byte)'\n') : -1;
        return text[(before + 1)..];
    }

    private static bool IsBlank(byte b) => b is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r');

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
