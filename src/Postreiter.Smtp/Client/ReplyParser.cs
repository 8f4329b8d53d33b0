using System.Buffers;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Smtp.Client;

/// <summary>Reads replies (RFC 5321 §4.2): pure and bounded.</summary>
internal static class ReplyParser
{
    /// <summary>Longest line in octets; RFC 5321 §4.5.3.1.5 promises 512, some servers send more.</summary>
    public const int MaxLineBytes = 2048;

    /// <summary>Most lines of one reply.</summary>
    public const int MaxLines = 128;

    /// <summary>Reads one reply of one or more lines.</summary>
    /// <returns>Only <see cref="ParseStatus.Complete"/> moves <paramref name="input"/>.</returns>
    public static ParseStatus TryRead(ref SequenceReader<byte> input, out SmtpReply? reply)
    {
        reply = null;
        var peek = input;
        var lines = new List<string>();
        var code = 0;
        EnhancedStatus? status = null;
        Span<byte> buffer = stackalloc byte[MaxLineBytes];
        while (lines.Count < MaxLines)
        {
            if (!peek.TryReadTo(out ReadOnlySequence<byte> raw, (byte)'\n'))
                return peek.Remaining > MaxLineBytes ? ParseStatus.Invalid : ParseStatus.NeedMoreData;
            if (raw.Length > MaxLineBytes)
                return ParseStatus.Invalid;
            var line = buffer[..(int)raw.Length];
            raw.CopyTo(line);
            // A reply with LF alone is taken: nothing but our own reading depends on it.
            line = line.TrimEnd((byte)'\r');
            if (!TryReadCode(line, out var thisCode) || (lines.Count > 0 && thisCode != code))
                return ParseStatus.Invalid;
            code = thisCode;
            var text = Printable(line.Length > 4 ? line[4..] : default);
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            var word = space < 0 ? text : text[..space];
            // RFC 2034 §4: the class of the status agrees with the first digit of the code.
            if (EnhancedStatus.TryParse(word, out var found) && found.Class == code / 100)
            {
                status ??= found;
                text = space < 0 ? "" : text[(space + 1)..];
            }

            lines.Add(text);
            if (line.Length == 3 || line[3] == ' ')
            {
                input = peek;
                reply = new SmtpReply(code, status, lines) { ClosesConnection = code == 421 };
                return ParseStatus.Complete;
            }
        }

        return ParseStatus.Invalid;
    }

    private static bool TryReadCode(ReadOnlySpan<byte> line, out int code)
    {
        code = 0;
        if (line.Length < 3 || line[0] is < (byte)'2' or > (byte)'5')
            return false;
        if (!char.IsAsciiDigit((char)line[1]) || !char.IsAsciiDigit((char)line[2]))
            return false;
        code = ((line[0] - '0') * 100) + ((line[1] - '0') * 10) + line[2] - '0';
        return line.Length == 3 || line[3] is (byte)' ' or (byte)'-';
    }

    // The text goes to logs and reports: no control characters from a stranger.
    private static string Printable(ReadOnlySpan<byte> text) =>
        string.Create(
            text.Length,
            Encoding.Latin1.GetString(text),
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
            }
        );
}
