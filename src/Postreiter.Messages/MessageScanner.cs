using System.Buffers;
using Postreiter.Messages.Parsing;

namespace Postreiter.Messages;

/// <summary>
/// One pass over a message in any cut: its header fields, the tree of its parts with byte offsets, its ENVELOPE. Bodies are
/// not kept; of each line only as much as a boundary can be long.
/// </summary>
/// <remarks>RFC 5322 §2.1, RFC 2045, RFC 2046 §5.1. Lines end with LF or CRLF, whatever the message uses.</remarks>
public sealed class MessageScanner : IMessageScanner
{
    // RFC 2046 §5.1.1 allows 70 characters for a boundary; longer ones occur. Two hyphens on both sides, padding, CRLF.
    private const int MaxBoundary = 256;
    private const int LargeHeader = 16 * 1024;
    private const int LinePrefix = MaxBoundary + 64;

    private readonly byte[] _prefix = new byte[LinePrefix];
    private ArrayBufferWriter<byte> _header = new(1024);
    private readonly PartBudget _budget = new();
    private readonly List<PartBuilder> _open = [];
    private readonly PartBuilder _root;
    private long _position;
    private long _lineStart;
    private int _prefixLength;
    private long _lines;
    private int _lastLineEnd;
    private bool _inHeader = true;
    private bool _headerFull;
    private byte _previous;
    private long _currentField;

    private MessageScanner()
    {
        _root = new PartBuilder(0, isMessage: true, parent: null);
        _open.Add(_root);
    }

    /// <summary>A scanner for one message.</summary>
    public static IMessageScanner Create() => new MessageScanner();

    /// <inheritdoc/>
    public bool IsHeaderTooLarge { get; private set; }

    private PartBuilder Current => _open[^1];

    /// <inheritdoc/>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (!_inHeader && !_open.Exists(static part => part.AwaitsBoundary))
            {
                SkipBody(bytes);
                return;
            }

            var end = bytes.IndexOf((byte)'\n');
            var piece = end < 0 ? bytes : bytes[..(end + 1)];
            bytes = bytes[piece.Length..];
            TakePiece(piece);
            if (end >= 0)
                EndLine();
        }
    }

    /// <inheritdoc/>
    public MessageFacts Complete()
    {
        if (_position > _lineStart)
            EndLastLine();
        if (_inHeader)
            EndHeader(_position);
        while (_open.Count > 0)
            Close(_position, _lines);
        var root = _root.Build();
        return new MessageFacts
        {
            Length = _position,
            HeaderLength = (int)Math.Min(_root.BodyOffset, int.MaxValue),
            Fields = _root.Fields,
            Root = root,
            Structure = MessageStructure.Write(root),
        };
    }

    // A body that no boundary can end: only its lines count.
    private void SkipBody(ReadOnlySpan<byte> bytes)
    {
        _lines += bytes.Count((byte)'\n');
        _position += bytes.Length;
        var last = bytes.LastIndexOf((byte)'\n');
        if (last >= 0)
            _lineStart = _position - bytes.Length + last + 1;
        _prefixLength = 0;
    }

    private void TakePiece(ReadOnlySpan<byte> piece)
    {
        _position += piece.Length;
        var room = Math.Min(piece.Length, LinePrefix - _prefixLength);
        piece[..room].CopyTo(_prefix.AsSpan(_prefixLength));
        _prefixLength += room;
        if (piece.Length > 1)
            _previous = piece[^2];
        if (_inHeader)
            KeepHeader(piece);
        if (piece[^1] != '\n')
            _previous = piece[^1];
    }

    private void KeepHeader(ReadOnlySpan<byte> piece)
    {
        var isRoot = _open.Count == 1;
        var limit = isRoot ? HeaderLimits.MaxBytes : _budget.HeaderBytesLeft;
        if (isRoot)
        {
            // A field goes on while its lines begin with white space (RFC 5322 §2.2.3).
            var atLineStart = _position - piece.Length == _lineStart;
            _currentField =
                atLineStart && piece[0] is not ((byte)' ' or (byte)'\t') ? piece.Length : _currentField + piece.Length;
            if (_currentField > HeaderLimits.MaxFieldBytes || _header.WrittenCount + piece.Length > limit)
                IsHeaderTooLarge = true;
        }

        if (_headerFull || _header.WrittenCount + piece.Length > limit)
            _headerFull = true;
        else
            _header.Write(piece);
    }

    private void EndLine()
    {
        var ending = _previous == '\r' && _position - _lineStart >= 2 ? 2 : 1;
        var length = _position - _lineStart - ending;
        var text = _prefix.AsSpan(0, (int)Math.Min(length, _prefixLength));
        var isBoundary = length <= LinePrefix - 2 && TakeBoundary(text);
        _lines++;
        if (isBoundary)
        {
            if (_inHeader)
                Current.Begin(_position, _lines);
        }
        else if (_inHeader && length == 0)
        {
            EndHeader(_position);
        }

        _lastLineEnd = ending;
        _previous = 0;
        _lineStart = _position;
        _prefixLength = 0;
    }

    // The message ends without a line end: a closing boundary still counts.
    private void EndLastLine()
    {
        if (_position - _lineStart <= LinePrefix - 2)
            TakeBoundary(_prefix.AsSpan(0, _prefixLength));
    }

    /// <summary>Ends and begins parts when a line is the boundary of an open multipart (RFC 2046 §5.1.1).</summary>
    private bool TakeBoundary(ReadOnlySpan<byte> line)
    {
        if (line.Length < 3 || line[0] != '-' || line[1] != '-')
            return false;
        for (var i = _open.Count - 1; i >= 0; i--)
        {
            var multipart = _open[i];
            if (!multipart.AwaitsBoundary || !multipart.Matches(line, out var isLast))
                continue;
            if (_inHeader)
                EndHeader(_lineStart);
            // EndHeader may have opened a message inside the part; all of that ends here too.
            var hasLineEnd = _lineStart > 0;
            while (_open.Count > i + 1)
                Close(_lineStart - (hasLineEnd ? _lastLineEnd : 0), _lines - (hasLineEnd ? 1 : 0));
            if (isLast)
                multipart.AwaitsBoundary = false;
            else
                OpenPart(multipart);
            return true;
        }

        return false;
    }

    private void OpenPart(PartBuilder multipart)
    {
        if (multipart.IsFull)
            return;
        var part = new PartBuilder(_position, isMessage: false, multipart);
        multipart.Parts.Add(part);
        _open.Add(part);
        // L14: past the limit one opaque part holds the rest.
        if (_budget.TakePart())
        {
            StartHeader();
            return;
        }

        multipart.IsFull = true;
        part.MakeOpaque(_position, _lines + 1);
    }

    private void StartHeader()
    {
        _inHeader = true;
        _headerFull = false;
        _header.ResetWrittenCount();
    }

    /// <summary>The header of the innermost part is whole; its body begins at an offset.</summary>
    private void EndHeader(long bodyOffset)
    {
        _inHeader = false;
        var part = Current;
        var fields = HeaderFields.Read(_header.WrittenMemory, part.HeaderOffset, out var tooMany);
        if (_open.Count == 1)
            IsHeaderTooLarge |= tooMany;
        else
            _budget.TakeHeader(_header.WrittenCount);
        // The fields have their copy; a large buffer is not kept for the small headers of parts (L30).
        if (_header.Capacity > LargeHeader)
            _header = new ArrayBufferWriter<byte>(1024);
        part.Begin(bodyOffset, _lines);
        part.Describe(fields, _budget);
        if (
            part.IsMultipart
            && (part.Boundary is not { Length: > 0 and <= MaxBoundary } || _open.Count >= PartBudget.MaxDepth)
        )
            part.MakeOpaque(bodyOffset, part.LinesBefore);
        if (part.IsMultipart)
        {
            part.AwaitsBoundary = true;
        }
        else if (part.HoldsMessage)
        {
            if (_open.Count >= PartBudget.MaxDepth || !_budget.TakePart())
            {
                part.MakeOpaque(bodyOffset, part.LinesBefore);
                return;
            }

            var message = new PartBuilder(bodyOffset, isMessage: true, part);
            part.Message = message;
            _open.Add(message);
            StartHeader();
        }
    }

    private void Close(long end, long lines)
    {
        var part = Current;
        if (_inHeader)
        {
            // Only a message that begins at the very end is still in its header here.
            EndHeader(Math.Max(part.HeaderOffset, end));
            if (!ReferenceEquals(part, Current))
                return;
        }

        part.End(end, lines);
        _open.RemoveAt(_open.Count - 1);
    }
}
