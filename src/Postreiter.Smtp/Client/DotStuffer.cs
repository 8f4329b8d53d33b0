using System.Buffers;

namespace Postreiter.Smtp.Client;

/// <summary>Doubles a dot at the start of a line (RFC 5321 §4.5.2) and ends the message with CR LF . CR LF.</summary>
internal sealed class DotStuffer
{
    private bool _isLineStart = true;
    private bool _afterCr;

    /// <summary>Writes the next bytes.</summary>
    /// <returns>False at a bare CR or LF; the message cannot go on as DATA.</returns>
    public bool TryWrite(ReadOnlySpan<byte> bytes, IBufferWriter<byte> to)
    {
        while (!bytes.IsEmpty)
        {
            if (_afterCr)
            {
                if (bytes[0] != '\n')
                    return false;
                to.Write(bytes[..1]);
                bytes = bytes[1..];
                (_afterCr, _isLineStart) = (false, true);
                continue;
            }

            if (_isLineStart && bytes[0] == '.')
                to.Write("."u8);
            _isLineStart = false;
            var end = bytes.IndexOfAny((byte)'\r', (byte)'\n');
            if (end >= 0 && bytes[end] == '\n')
                return false;
            _afterCr = end >= 0;
            var part = end < 0 ? bytes : bytes[..(end + 1)];
            to.Write(part);
            bytes = bytes[part.Length..];
        }

        return true;
    }

    /// <summary>Ends the message; a last line without its end gets one.</summary>
    public void Finish(IBufferWriter<byte> to)
    {
        if (_afterCr)
            to.Write("\n"u8);
        else if (!_isLineStart)
            to.Write("\r\n"u8);
        to.Write(".\r\n"u8);
    }
}
