using System.Buffers;
using Postreiter.Core;

namespace Postreiter.Pop3.Syntax;

/// <summary>One command line: a keyword of three or four letters, then its argument (RFC 1939 §3).</summary>
/// <param name="Keyword">The keyword in capitals, packed by <see cref="Pack"/>.</param>
/// <param name="Argument">What follows the one space; null without one. Not further read: PASS takes it with its spaces.</param>
internal readonly record struct Pop3Command(uint Keyword, ReadOnlyMemory<byte>? Argument)
{
    /// <summary>A keyword of at most four letters as a number.</summary>
    public static uint Pack(ReadOnlySpan<byte> keyword)
    {
        var packed = 0u;
        foreach (var letter in keyword)
            packed = packed << 8 | (uint)(letter & ~0x20);
        return packed;
    }

    /// <summary>Reads a line without its CRLF.</summary>
    /// <returns>False when it does not begin with such a keyword, or holds a NUL, CR or LF.</returns>
    public static bool TryParse(ReadOnlyMemory<byte> line, out Pop3Command command)
    {
        command = default;
        var bytes = line.Span;
        if (bytes.ContainsAny((byte)'\0', (byte)'\r', (byte)'\n'))
            return false;
        var end = bytes.IndexOf((byte)' ');
        var keyword = end < 0 ? bytes : bytes[..end];
        if (keyword.Length is < 3 or > 4)
            return false;
        foreach (var letter in keyword)
        {
            if (!char.IsAsciiLetter((char)letter))
                return false;
        }

        command = new Pop3Command(Pack(keyword), end < 0 ? default(ReadOnlyMemory<byte>?) : line[(end + 1)..]);
        return true;
    }

    /// <summary>Reads up to a line's end.</summary>
    /// <param name="input">Moves only when a line, good or bad, was there.</param>
    /// <param name="line">The line without CRLF; empty when it is not good.</param>
    /// <param name="length">Octets of the line with its end; without an end, octets that are there.</param>
    /// <returns>
    /// <see cref="ParseStatus.Invalid"/> for a line that ends in a bare LF: it is refused at once, where waiting for the
    /// CRLF would hang both sides.
    /// </returns>
    public static ParseStatus TryReadLine(
        ref SequenceReader<byte> input,
        out ReadOnlySequence<byte> line,
        out long length
    )
    {
        if (!input.TryReadTo(out line, (byte)'\n'))
        {
            (line, length) = (ReadOnlySequence<byte>.Empty, input.Remaining);
            return ParseStatus.NeedMoreData;
        }

        length = line.Length + 1;
        if (!line.IsEmpty && line.Slice(line.Length - 1).FirstSpan[0] == '\r')
        {
            line = line.Slice(0, line.Length - 1);
            return ParseStatus.Complete;
        }

        line = ReadOnlySequence<byte>.Empty;
        return ParseStatus.Invalid;
    }
}
