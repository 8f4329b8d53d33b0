using System.Text;
using Postreiter.Imap.Syntax;

namespace Postreiter.Imap.Fetching;

/// <summary>
/// Picks fields out of a header that goes by in pieces (HEADER.FIELDS, HEADER.FIELDS.NOT). It keeps places, no text.
/// The empty line at the header's end always belongs to the result (RFC 9051 §6.4.5.1).
/// </summary>
internal sealed class HeaderSelection(Section section, long start)
{
    // A name longer than the longest asked for is not asked for; RFC 5322 §2.1.1 has lines of 998 at most.
    private const int MaxName = 1000;

    // L4 stops a header at 1,000 fields on its way in; APPEND may bring more, and neighbours are one range.
    private const int MaxRanges = 10_000;

    private readonly List<ByteRange> _ranges = [];
    private readonly byte[] _line = new byte[MaxName];
    private int _kept;
    private long _lineStart = start;
    private long _at = start;
    private bool _isTaken;

    /// <summary>The next bytes of the header.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            var piece = end < 0 ? bytes : bytes[..(end + 1)];
            bytes = bytes[piece.Length..];
            var room = Math.Min(piece.Length, MaxName - _kept);
            piece[..room].CopyTo(_line.AsSpan(_kept));
            _kept += room;
            _at += piece.Length;
            if (end >= 0)
                EndLine();
        }
    }

    /// <summary>The header is over.</summary>
    public IReadOnlyList<ByteRange> Complete()
    {
        if (_kept > 0)
            EndLine();
        return _ranges;
    }

    private void EndLine()
    {
        var line = _line.AsSpan(0, _kept);
        if (line is not [(byte)' ' or (byte)'\t', ..])
            _isTaken = line.Trim("\r\n"u8).IsEmpty || IsAsked(line);
        if (_isTaken)
        {
            if (_ranges.Count > 0 && _ranges[^1].End == _lineStart)
                _ranges[^1] = _ranges[^1] with { Length = _at - _ranges[^1].Offset };
            else if (_ranges.Count < MaxRanges)
                _ranges.Add(new ByteRange(_lineStart, _at - _lineStart));
        }

        (_kept, _lineStart) = (0, _at);
    }

    private bool IsAsked(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        var isNamed = colon > 0 && section.Fields.Contains(Encoding.Latin1.GetString(line[..colon].TrimEnd(" \t"u8)));
        return isNamed == (section.Text == SectionText.HeaderFields);
    }
}
