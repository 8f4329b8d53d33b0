using System.Globalization;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Milter.Syntax;

/// <summary>
/// The text of REPLYCODE: one or more lines, each <c>550 5.7.1 text</c> with a hyphen behind the code of all but the last. A per cent sign
/// is doubled, for servers that take it for a format.
/// </summary>
internal static class MilterReplyText
{
    private const int MostLines = 32;

    // RFC 5321 §4.5.3.1.5: 512 octets with code, status and line end.
    private const int MostText = 480;

    /// <summary>Reads it.</summary>
    /// <returns>Null when it is no 4yz or 5yz.</returns>
    public static SmtpReply? TryRead(ReadOnlySpan<byte> data)
    {
        var text = Encoding.UTF8.GetString(data);
        var lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n', MostLines + 1);
        if (lines.Length > MostLines)
            lines = lines[..MostLines];
        var code = 0;
        EnhancedStatus? status = null;
        var texts = new List<string>(lines.Length);
        foreach (var line in lines)
        {
            if (texts.Count > 0 && line.Length == 0)
                continue;
            if (
                line.Length < 3
                || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number is < 400 or > 599
                || (line.Length > 3 && line[3] is not (' ' or '-'))
                || (code != 0 && number != code)
            )
                return null;
            code = number;
            var rest = line.Length > 4 ? line[4..] : "";
            var word = rest.Split(' ', 2);
            if (EnhancedStatus.TryParse(word[0], out var found) && found.Class == code / 100)
            {
                status ??= found;
                rest = word.Length > 1 ? word[1] : "";
            }

            texts.Add(Printable(rest));
        }

        // RFC 2034 §4: every reply of ours has a status.
        status ??= new EnhancedStatus(code / 100, 7, 1);
        if (texts.TrueForAll(static t => t.Length == 0))
            texts = [code < 500 ? "Try again later" : "Refused"];
        return new SmtpReply(code, status, texts) { ClosesConnection = code == 421 };
    }

    /// <summary>Writes it, with its NUL.</summary>
    public static void Write(MilterData data, SmtpReply reply)
    {
        var text = new StringBuilder();
        for (var i = 0; i < reply.Lines.Count; i++)
        {
            if (i > 0)
                text.Append("\r\n");
            text.Append(CultureInfo.InvariantCulture, $"{reply.Code}{(i < reply.Lines.Count - 1 ? '-' : ' ')}");
            if (reply.Enhanced is { } status)
                text.Append(status).Append(' ');
            text.Append(Printable(reply.Lines[i]).Replace("%", "%%", StringComparison.Ordinal));
        }

        data.Text(text.ToString());
    }

    // It goes out to strangers, and came from another program.
    private static string Printable(string text)
    {
        var clean = new StringBuilder(Math.Min(text.Length, MostText));
        foreach (var c in text.Replace("%%", "%", StringComparison.Ordinal))
        {
            if (clean.Length == MostText)
                break;
            clean.Append(c is >= ' ' and <= '~' or '\t' ? c : '?');
        }

        return clean.ToString();
    }
}
