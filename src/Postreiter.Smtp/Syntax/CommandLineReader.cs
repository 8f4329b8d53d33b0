using System.Buffers;
using System.Text;

namespace Postreiter.Smtp.Syntax;

/// <summary>How a command line was read.</summary>
internal enum LineStatus
{
    /// <summary>A line that ends with CRLF and has no other CR or LF.</summary>
    Complete,

    /// <summary>The line has not ended yet.</summary>
    NeedMoreData,

    /// <summary>A whole line over the limit; it was passed over.</summary>
    TooLong,

    /// <summary>No line end within <see cref="CommandLineReader.MaxUnendedBytes"/>.</summary>
    Endless,

    /// <summary>A bare CR or LF (RFC 5321 §2.3.8).</summary>
    BareLineEnd,
}

/// <summary>Cuts command lines from the input. CRLF alone ends a line.</summary>
internal static class CommandLineReader
{
    /// <summary>L1: a stream without a line end for so long is not SMTP.</summary>
    public const int MaxUnendedBytes = 64 * 1024;

    /// <summary>Reads one line.</summary>
    /// <param name="buffer">Moves behind the line for <see cref="LineStatus.Complete"/> and <see cref="LineStatus.TooLong"/>.</param>
    /// <param name="maxBytes">Longest line with its CRLF.</param>
    /// <param name="maxAuthBytes">Longest line with its CRLF when it is an AUTH command (RFC 4954 §4).</param>
    /// <param name="line">The line without its CRLF.</param>
    public static LineStatus TryRead(
        ref ReadOnlySequence<byte> buffer,
        int maxBytes,
        int maxAuthBytes,
        out ReadOnlySequence<byte> line
    )
    {
        line = default;
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadToAny(out ReadOnlySequence<byte> text, "\r\n"u8, advancePastDelimiter: false))
            return buffer.Length > MaxUnendedBytes ? LineStatus.Endless : LineStatus.NeedMoreData;
        if (!reader.IsNext((byte)'\r', advancePast: true))
            return LineStatus.BareLineEnd;
        if (reader.End)
            return LineStatus.NeedMoreData;
        if (!reader.IsNext((byte)'\n', advancePast: true))
            return LineStatus.BareLineEnd;
        buffer = buffer.Slice(reader.Position);
        if (text.Length + 2 > (IsAuth(text) ? maxAuthBytes : maxBytes))
            return LineStatus.TooLong;
        line = text;
        return LineStatus.Complete;
    }

    private static bool IsAuth(ReadOnlySequence<byte> line)
    {
        Span<byte> verb = stackalloc byte[5];
        if (line.Length < verb.Length)
            return false;
        line.Slice(0, verb.Length).CopyTo(verb);
        return Ascii.EqualsIgnoreCase(verb, "AUTH "u8);
    }
}
