namespace Postreiter.MailAuth.Dkim;

/// <summary>
/// Canonicalizes a body while it arrives, in any pieces (RFC 6376 §3.4.3, §3.4.4). Works through whole lines; holds no more
/// than its buffer, however many empty lines are held back.
/// </summary>
/// <param name="kind">How.</param>
internal sealed class BodyCanonicalizer(Canonicalization kind)
{
    private const int BufferSize = 4096;
    private const int LinesInBlock = 512;
    private static readonly byte[] s_lines =
    [
        .. Enumerable.Repeat("\r\n"u8.ToArray(), LinesInBlock).SelectMany(static l => l),
    ];

    private readonly List<BodyHash> _hashes = [];
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
    private int _buffered;

    // Held back until text follows: ends of lines, white space in the last line, a CR that may begin an end of line.
    private long _lines;
    private bool _isSpaceDue;
    private bool _isCrDue;
    private bool _isEmpty = true;

    /// <summary>How.</summary>
    public Canonicalization Kind => kind;

    /// <summary>The hashes that are fed.</summary>
    public List<BodyHash> Hashes => _hashes;

    /// <summary>Takes a piece of the body.</summary>
    public void Append(ReadOnlySpan<byte> octets)
    {
        if (octets.IsEmpty)
            return;
        if (_isCrDue)
        {
            _isCrDue = false;
            if (octets[0] == '\n')
            {
                EndLine();
                octets = octets[1..];
            }
            else
            {
                AppendText("\r"u8);
            }
        }

        if (octets is [.., (byte)'\r'])
        {
            _isCrDue = true;
            octets = octets[..^1];
        }

        if (kind == Canonicalization.Simple)
            AppendLines(octets);
        else
            RelaxLines(octets);
    }

    /// <summary>The body is over: empty lines at its end are gone, and the last line has its CRLF.</summary>
    public void Complete()
    {
        if (_isCrDue)
            AppendText("\r"u8);
        _isCrDue = false;
        // RFC 6376 §3.4.3: no body at all is one CRLF; §3.4.4: or nothing.
        if (!_isEmpty || kind == Canonicalization.Simple)
            Write("\r\n"u8);
        Flush();
        foreach (var hash in _hashes)
            hash.Complete();
    }

    private void AppendLines(ReadOnlySpan<byte> octets)
    {
        var text = octets;
        while (text.EndsWith("\r\n"u8))
            text = text[..^2];
        AppendText(text);
        if (text.Length == octets.Length)
            return;
        _lines += (octets.Length - text.Length) / 2;
        _isSpaceDue = false;
    }

    private void RelaxLines(ReadOnlySpan<byte> octets)
    {
        // Most pieces have nothing to change but at their ends: three fast searches see it, and the piece is taken whole.
        if (octets.IndexOf((byte)'\t') < 0 && octets.IndexOf("  "u8) < 0 && octets.IndexOf(" \r"u8) < 0)
        {
            RelaxEnds(octets);
            return;
        }

        while (octets.IndexOf("\r\n"u8) is >= 0 and var end)
        {
            RelaxText(octets[..end]);
            EndLine();
            octets = octets[(end + 2)..];
        }

        RelaxText(octets);
    }

    private void RelaxEnds(ReadOnlySpan<byte> octets)
    {
        if (octets is [(byte)' ', ..])
        {
            _isSpaceDue = true;
            octets = octets[1..];
        }
        else if (octets.StartsWith("\r\n"u8))
        {
            _isSpaceDue = false;
        }

        var isSpaceAtEnd = octets is [.., (byte)' '];
        if (isSpaceAtEnd)
            octets = octets[..^1];
        AppendLines(octets);
        _isSpaceDue |= isSpaceAtEnd;
    }

    private void EndLine()
    {
        _isSpaceDue = false;
        _lines++;
    }

    // A part of a line: white space at its end is held back, for it may be the end of the line.
    private void RelaxText(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return;
        _isSpaceDue |= text[0] is (byte)' ' or (byte)'\t';
        var trimmed = text.TrimEnd(" \t"u8);
        if (trimmed.IsEmpty)
            return;
        var isSpaceDue = trimmed.Length < text.Length;
        trimmed = trimmed.TrimStart(" \t"u8);
        // Most lines have nothing to change, and are taken whole.
        if (trimmed.IndexOf((byte)'\t') < 0 && trimmed.IndexOf("  "u8) < 0)
        {
            AppendText(trimmed);
        }
        else
        {
            while (!trimmed.IsEmpty)
            {
                var word = trimmed.IndexOfAny((byte)' ', (byte)'\t');
                AppendText(word < 0 ? trimmed : trimmed[..word]);
                trimmed = word < 0 ? [] : trimmed[word..].TrimStart(" \t"u8);
                _isSpaceDue = true;
            }
        }

        _isSpaceDue = isSpaceDue;
    }

    private void AppendText(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return;
        // A block at a time: somebody may send millions.
        for (; _lines > 0; _lines -= Math.Min(_lines, LinesInBlock))
            Write(s_lines.AsSpan(0, 2 * (int)Math.Min(_lines, LinesInBlock)));
        if (_isSpaceDue)
            Write(" "u8);
        (_isSpaceDue, _isEmpty) = (false, false);
        Write(text);
    }

    private void Write(ReadOnlySpan<byte> octets)
    {
        if (octets.Length > _buffer.Length - _buffered)
            Flush();
        if (octets.Length > _buffer.Length / 4)
        {
            Flush();
            foreach (var hash in _hashes)
                hash.Append(octets);
            return;
        }

        octets.CopyTo(_buffer.AsSpan(_buffered));
        _buffered += octets.Length;
    }

    private void Flush()
    {
        if (_buffered == 0)
            return;
        foreach (var hash in _hashes)
            hash.Append(_buffer.AsSpan(0, _buffered));
        _buffered = 0;
    }
}
