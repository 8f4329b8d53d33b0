using System.Buffers;

namespace Postreiter.Pop3;

/// <summary>
/// Puts a message into a multi-line reply (RFC 1939 §3): a dot more in front of a line that begins with one, and the line
/// of one dot at the end. For TOP it stops after some lines of the body.
/// </summary>
/// <remarks>
/// A message may hold bare LFs (APPEND takes any bytes). A dot behind one is stuffed too: many clients take a bare LF as
/// a line end, and would read the rest of such a message as replies of ours.
/// </remarks>
/// <param name="bodyLines">Lines of the body to let through; null for all.</param>
internal sealed class DotStuffing(int? bodyLines)
{
    private bool _isEmpty = true;
    private bool _atLineStart = true;
    private bool _lineHasText;
    private bool _inBody;
    private byte _last;
    private byte _beforeLast;
    private int _linesLeft = bodyLines ?? 0;

    /// <summary>Whether nothing more is to be written.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Writes a piece of the message.</summary>
    public void Write(ReadOnlySpan<byte> piece, IBufferWriter<byte> output)
    {
        while (!piece.IsEmpty && !IsDone)
        {
            if (_atLineStart && piece[0] == '.')
                output.Write("."u8);
            var end = piece.IndexOf((byte)'\n') + 1;
            var part = end == 0 ? piece : piece[..end];
            output.Write(part);
            Note(part);
            _atLineStart = end > 0;
            if (_atLineStart)
                EndLine();
            piece = piece[part.Length..];
        }
    }

    /// <summary>Writes the end.</summary>
    public void Complete(IBufferWriter<byte> output)
    {
        var startsLine = _isEmpty || (_last == '\n' && _beforeLast == '\r');
        output.Write(startsLine ? ".\r\n"u8 : "\r\n.\r\n"u8);
    }

    private void Note(ReadOnlySpan<byte> part)
    {
        _lineHasText |= part.ContainsAnyExcept((byte)'\r', (byte)'\n');
        _beforeLast = part.Length > 1 ? part[^2] : _last;
        _last = part[^1];
        _isEmpty = false;
    }

    private void EndLine()
    {
        if (_inBody)
            _linesLeft--;
        else if (!_lineHasText)
            _inBody = true;
        _lineHasText = false;
        IsDone = bodyLines is not null && _inBody && _linesLeft <= 0;
    }
}
