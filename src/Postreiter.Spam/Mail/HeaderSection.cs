using System.Text;

namespace Postreiter.Spam.Mail;

/// <summary>
/// Reads the header section of a mail as a spam filter must: anything is a mail. Lines that are no fields are passed over, and the body
/// begins at the first empty line, at what looks like a MIME boundary, or when too much of it is no header.
/// </summary>
internal sealed class HeaderSection
{
    /// <summary>Octets of a name that are kept.</summary>
    public const int MaxName = 256;

    /// <summary>Octets of a value that are kept.</summary>
    public const int MaxValue = 8192;

    private const int MaxBadLines = 3;

    private HeaderSection() { }

    public HeaderFields Fields { get; } = new();

    /// <summary>The section as it came, with the empty line; in a CRLF mail bare line feeds have become CRLF.</summary>
    public ReadOnlyMemory<char> Pristine { get; private set; }

    /// <summary>What is behind the section. A line that is no header and ended it is repaired like one.</summary>
    public ReadOnlyMemory<char> Body { get; private set; }

    public bool IsSeparatorMissing { get; private set; }

    public bool IsTruncated { get; private set; }

    /// <param name="text">The mail, without an mbox line in front.</param>
    /// <param name="isCrLf">Whether its lines end in CRLF.</param>
    public static HeaderSection Read(ReadOnlyMemory<char> text, bool isCrLf)
    {
        var section = new HeaderSection();
        section.ReadFields(text, isCrLf);
        return section;
    }

    private void ReadFields(ReadOnlyMemory<char> memory, bool isCrLf)
    {
        var text = memory.Span;
        var repaired = isCrLf && HasBareLineFeed(text) ? new StringBuilder() : null;
        var (at, badLines) = (0, 0);
        var start = -1;
        var repairedStart = -1;
        var isBrokenOff = false;
        while (true)
        {
            var line = LineAt(text, at);
            if (line is [' ' or '\t', ..])
            {
                if (start < 0)
                    (start, repairedStart) = (at, repaired?.Length ?? 0);
                Keep(repaired, line);
                at += line.Length;
                continue;
            }

            if (start >= 0)
            {
                if (repaired is null)
                    AddField(text[start..at], isCrLf);
                else
                    AddField(repaired.ToString(repairedStart, repaired.Length - repairedStart), isCrLf);
            }

            if (line.IsEmpty)
            {
                IsSeparatorMissing = true;
                break;
            }

            if (IsEnd(line, isCrLf))
            {
                Keep(repaired, line);
                at += line.Length;
                break;
            }

            // A boundary, or enough of what is no header.
            if (line.StartsWith("--") || (!IsField(line) && ++badLines > MaxBadLines))
            {
                IsSeparatorMissing = true;
                isBrokenOff = true;
                break;
            }

            (start, repairedStart) = (at, repaired?.Length ?? 0);
            Keep(repaired, line);
            at += line.Length;
        }

        Body = memory[at..];
        if (isBrokenOff && isCrLf && LineAt(text, at) is [.. var content, '\n'] && content is not [.., '\r'])
            Body = string.Concat(content, "\r\n", text[(at + content.Length + 1)..]).AsMemory();
        Pristine = repaired is null ? memory[..at] : repaired.ToString().AsMemory();
    }

    private void AddField(ReadOnlySpan<char> field, bool isCrLf)
    {
        var colon = field.IndexOf(':');
        if (colon < 0)
            return;
        var name = field[..colon].TrimEnd(" \t");
        var value = field[(colon + 1)..];
        if (name.Length > MaxName)
        {
            name = name[..MaxName];
            IsTruncated = true;
        }

        var text = isCrLf ? value.ToString().Replace("\r\n", "\n", StringComparison.Ordinal) : value.ToString();
        if (text.Length > MaxValue)
            (text, IsTruncated) = (text[..MaxValue], true);
        Fields.Add(name.ToString(), text);
    }

    // In a CRLF mail a lone line feed is an end of the header too: it is repaired first.
    private static bool IsEnd(ReadOnlySpan<char> line, bool isCrLf) => isCrLf ? line is "\r\n" or "\n" : line is "\n";

    // Printable ASCII without a colon, then blanks, then the colon.
    public static bool IsField(ReadOnlySpan<char> line)
    {
        var end = line.IndexOfAnyExceptInRange('!', '~');
        var name = line[..(end < 0 ? line.Length : end)];
        var colon = name.IndexOf(':');
        if (colon >= 0)
            return colon > 0;
        return name.Length > 0 && line[name.Length..].TrimStart(" \t") is [':', ..];
    }

    private static bool HasBareLineFeed(ReadOnlySpan<char> text)
    {
        for (var at = text.IndexOf('\n'); at >= 0; )
        {
            if (at == 0 || text[at - 1] != '\r')
                return true;
            var next = text[(at + 1)..].IndexOf('\n');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return false;
    }

    private static void Keep(StringBuilder? repaired, ReadOnlySpan<char> line)
    {
        if (repaired is null)
            return;
        if (line is [.. var content, '\n'] && content is not [.., '\r'])
            repaired.Append(content).Append("\r\n");
        else
            repaired.Append(line);
    }

    public static ReadOnlySpan<char> LineAt(ReadOnlySpan<char> text, int at)
    {
        var rest = text[at..];
        var end = rest.IndexOf('\n');
        return end < 0 ? rest : rest[..(end + 1)];
    }
}
