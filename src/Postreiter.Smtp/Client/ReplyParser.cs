using System.Buffers;
using System.Text;
using Postreiter.Core;

namespace Postreiter.Smtp.Client;

/// <summary>One line of a reply.</summary>
/// <param name="Code">200 to 599.</param>
/// <param name="Status">The enhanced status in front of the text, taken off it; null when there is none of the code's class.</param>
/// <param name="Text">Printable ASCII; anything else is a question mark.</param>
/// <param name="IsLast">Whether the reply ends here.</param>
internal readonly record struct ReplyLine(int Code, EnhancedStatus? Status, string Text, bool IsLast);

/// <summary>Reads the lines of replies (RFC 5321 §4.2): pure and bounded.</summary>
internal static class ReplyParser
{
    /// <summary>Longest line in octets; RFC 5321 §4.5.3.1.5 promises 512, some servers send more.</summary>
    public const int MaxLineBytes = 2048;

    /// <summary>Reads <c>Reply-code [ ("-" / SP) textstring ] CRLF</c>.</summary>
    /// <returns>Only <see cref="ParseStatus.Complete"/> moves <paramref name="input"/>.</returns>
    public static ParseStatus TryReadLine(ref SequenceReader<byte> input, out ReplyLine line)
    {
        line = default;
        var peek = input;
        if (!peek.TryReadTo(out ReadOnlySequence<byte> raw, (byte)'\n'))
            return peek.Remaining > MaxLineBytes ? ParseStatus.Invalid : ParseStatus.NeedMoreData;
        if (raw.Length > MaxLineBytes)
            return ParseStatus.Invalid;
        Span<byte> buffer = stackalloc byte[MaxLineBytes];
        var bytes = buffer[..(int)raw.Length];
        raw.CopyTo(bytes);
        // A reply with LF alone is taken: nothing but our own reading depends on it.
        bytes = bytes.TrimEnd((byte)'\r');
        if (!TryReadCode(bytes, out var code))
            return ParseStatus.Invalid;
        var text = Printable(bytes.Length > 4 ? bytes[4..] : default);
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        EnhancedStatus? status = null;
        // RFC 2034 §4: the class of the status agrees with the first digit of the code.
        if (
            EnhancedStatus.TryParse(space < 0 ? text : text.AsSpan(0, space), out var found)
            && found.Class == code / 100
        )
            (status, text) = (found, space < 0 ? "" : text[(space + 1)..]);
        line = new ReplyLine(code, status, text, bytes.Length == 3 || bytes[3] == ' ');
        input = peek;
        return ParseStatus.Complete;
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
