namespace Postreiter.Spam.Mail;

/// <summary>
/// Divides a mail into parts as mail programs do, who show what is there: boundaries may be missing, headers broken off, one boundary used
/// twice. Levels are worked off from a queue, so that no nesting costs stack; contents are slices of the mail wherever they can be.
/// </summary>
internal sealed class MimeTree
{
    /// <summary>Parts of one multipart that are looked at.</summary>
    public const int MaxParts = 1000;

    /// <summary>Octets of a line inside a multipart; longer ones are cut, for the sake of patterns.</summary>
    public const int MaxLine = 2048;

    private readonly Queue<Work> _queue = new();

    // Boundaries that were opened (1) and closed again (0).
    private readonly Dictionary<string, int> _boundaries = new(StringComparer.Ordinal);

    private MimeTree() { }

    public SpamMailFlags Flags { get; private set; }

    /// <summary>Reads the parts of a mail.</summary>
    /// <param name="root">The mail with its fields; gets its type and parts.</param>
    /// <param name="body">Its body.</param>
    /// <param name="isCrLf">Whether its lines end in CRLF.</param>
    /// <param name="depth">Levels that may be opened.</param>
    /// <returns>What is odd about the form.</returns>
    public static SpamMailFlags Read(MimePart root, ReadOnlyMemory<char> body, bool isCrLf, int depth)
    {
        var tree = new MimeTree();
        tree.Enqueue(root, body, isCrLf, depth);
        while (tree._queue.TryDequeue(out var work))
            tree.Open(work);
        if (tree._boundaries.Values.Any(static state => state != 0))
            tree.Flags |= SpamMailFlags.MissingBoundary;
        return tree.Flags;
    }

    private void Enqueue(MimePart message, ReadOnlyMemory<char> body, bool isCrLf, int depth)
    {
        body = BodyLines.Prepare(body, isCrLf);
        var type = ContentType.Parse(message.Fields.Last("content-type"));
        message.Type = type.Type;
        // What begins without a blank line or a boundary is no header of a part.
        var text = body.Span;
        var first = HeaderSection.LineAt(text, 0);
        var needsBlank =
            IsMultipart(type.Type)
            && first.Length < text.Length
            && first.IndexOfAnyExcept(Octets.Blanks) >= 0
            && (type.Boundary is null || !first.StartsWith("--" + type.Boundary));
        _queue.Enqueue(new Work(message, type.Boundary, body, needsBlank, depth));
    }

    private void Open(Work work)
    {
        if (IsMultipart(work.Part.Type) && work.Boundary is not null && work.Depth > 0)
        {
            Divide(work);
            return;
        }

        ReadLeaf(work);
        if (work.Part.Type is "message/rfc822" or "message/global" && work.Depth > 0)
            OpenMessage(work);
    }

    private static void ReadLeaf(Work work)
    {
        var part = work.Part;
        var type = ContentType.Parse(part.Fields.Last("content-type"));
        if (!type.IsMissing)
            part.Type = IsMultipart(type.Type) && work.Boundary is null ? "text/plain" : type.Type;
        part.Charset = type.Charset;
        part.Name = DispositionName(part.Fields.Last("content-disposition"));
        if (part.Name is null && type.Name is not (null or "" or "0"))
            part.Name = type.Name;
        part.Boundary = work.Boundary;
        part.Raw = work.NeedsBlank ? $"\n{work.Content}".AsMemory() : work.Content;
    }

    // An attached mail is read like the one it is attached to.
    private void OpenMessage(Work work)
    {
        if (work.Part.Decoded is not { Length: > 0 } text)
            return;
        var start = MboxLine.Length(text);
        var rest = text.AsMemory(start);
        var isCrLf = BodyLines.IsCrLf(rest.Span);
        var header = HeaderSection.Read(rest, isCrLf);
        var message = new MimePart(header.Fields) { IsMessage = true };
        work.Part.Add(message);
        Enqueue(message, header.Body, isCrLf, work.Depth - 1);
        work.Part.Release();
    }

    private void Divide(Work work)
    {
        work.Part.Divide();
        var content = work.Content;
        var text = content.Span;
        var boundary = "--" + work.Boundary;
        var start = FindOpening(text, boundary);
        var isFound = start >= 0;
        if (isFound)
            _boundaries[work.Boundary!] = 1;
        if (isFound && start < text.Length && !IsHeaderLine(HeaderSection.LineAt(text, start)))
            Flags |= SpamMailFlags.MissingMimeHeaders;
        var reader = new PartReader(this, work, Math.Max(0, start), hasBlank: !isFound && work.NeedsBlank);
        var end = reader.Read(boundary);
        for (var at = end; at < text.Length; )
        {
            var line = HeaderSection.LineAt(text, at);
            if (HasText(line))
            {
                Flags |= SpamMailFlags.MimeEpilogue;
                break;
            }

            at += line.Length;
        }
    }

    // Where the line behind the first boundary begins, −1 without one.
    private static int FindOpening(ReadOnlySpan<char> text, string boundary)
    {
        for (var at = 0; at < text.Length; )
        {
            var line = HeaderSection.LineAt(text, at);
            at += line.Length;
            if (line.StartsWith(boundary) && IsBlank(line[boundary.Length..]))
                return at;
        }

        return -1;
    }

    private static string? DispositionName(string disposition)
    {
        var text = disposition.AsSpan();
        for (var at = 0; text[at..].IndexOf("name=", StringComparison.OrdinalIgnoreCase) is var found && found >= 0; )
        {
            at += found + 5;
            var rest = Octets.TrimStart(text[at..]);
            var blanks = text.Length - at - rest.Length;
            if (rest is ['"', ..])
                rest = rest[1..];
            var end = rest.IndexOfAny('"', ';');
            if (end < 0)
                end = rest.Length;
            if (end > 0)
                return rest[..end].ToString();
            // With nothing else, a blank is the name.
            if (blanks > 0)
                return text.Slice(at + blanks - 1, 1).ToString();
        }

        return null;
    }

    private static bool IsMultipart(string type) => type.StartsWith("multipart/", StringComparison.Ordinal);

    private static bool IsBlank(ReadOnlySpan<char> text) => text.IndexOfAnyExcept(Octets.Blanks) < 0;

    private static bool HasText(ReadOnlySpan<char> line)
    {
        foreach (var c in line)
        {
            if (c != '.' && !Octets.IsBlank(c))
                return true;
        }

        return false;
    }

    // Printable ASCII and a colon at once.
    private static bool IsHeaderLine(ReadOnlySpan<char> line)
    {
        var colon = line.IndexOf(':');
        return colon > 0 && !line[..colon].ContainsAnyExceptInRange('!', '~');
    }

    private readonly record struct Work(
        MimePart Part,
        string? Boundary,
        ReadOnlyMemory<char> Content,
        bool NeedsBlank,
        int Depth
    );

    /// <summary>Reads the parts between boundaries, line by line.</summary>
    private sealed class PartReader(MimeTree tree, Work work, int start, bool hasBlank)
    {
        private MimePart _part = new(new HeaderFields());
        private int _headerStart = -1;
        private int _contentStart = -1;
        private bool _isInBody;
        private bool _hasLongLine;

        // The boundary of the part is that of the whole: only its closing one counts.
        private bool _isNested;

        /// <summary>Reads to the closing boundary; returns where what is behind it begins.</summary>
        public int Read(string boundary)
        {
            var text = work.Content.Span;
            // A blank line that the mail does not have ends the header of the first part.
            _isInBody = hasBlank;
            var count = 0;
            for (var at = start; at < text.Length; )
            {
                var line = HeaderSection.LineAt(text, at);
                var end = at + line.Length;
                var isClosing = false;
                var isBoundary = line.StartsWith(boundary) && IsBoundaryEnd(line[boundary.Length..], out isClosing);
                if (isBoundary && _isNested)
                {
                    isBoundary = false;
                    _isNested = !isClosing;
                }

                if (!isBoundary && end < text.Length)
                {
                    Take(line, at);
                    at = end;
                    continue;
                }

                // The last line is content, whatever it looks like.
                if (!isBoundary)
                    TakeContent(line, at);
                Finish(isBoundary ? at : end, isBoundary);
                at = end;
                if (isClosing)
                {
                    tree._boundaries[work.Boundary!] = tree._boundaries.GetValueOrDefault(work.Boundary!) - 1;
                    return at;
                }

                if (at < text.Length && !IsHeaderLine(HeaderSection.LineAt(text, at)))
                    tree.Flags |= SpamMailFlags.MissingMimeHeaders;
                if (++count == MaxParts)
                {
                    tree.Flags |= SpamMailFlags.MimePartLimitExceeded;
                    return text.Length;
                }
            }

            return text.Length;
        }

        private static bool IsBoundaryEnd(ReadOnlySpan<char> rest, out bool isClosing)
        {
            isClosing = rest is ['-', '-', ..] && IsBlank(rest[2..]);
            return isClosing || IsBlank(rest);
        }

        private void Take(ReadOnlySpan<char> line, int at)
        {
            if (_isInBody)
            {
                TakeContent(line, at);
                return;
            }

            if (HeaderSection.IsField(line))
            {
                AddField(at);
                _headerStart = at;
                return;
            }

            if (_headerStart >= 0 && line is [' ' or '\t', ..])
                return;
            var isContentType = AddField(at);
            if (isContentType)
                _isNested = ContentType.Parse(_part.Fields.Last("content-type")).Boundary == work.Boundary;
            _headerStart = -1;
            _isInBody = true;
            if (line is "\n" or "\r\n" or "\r")
                return;
            tree.Flags |= SpamMailFlags.MissingMimeHeadBodySeparator;
            TakeContent(line, at);
        }

        private void TakeContent(ReadOnlySpan<char> line, int at)
        {
            if (_contentStart < 0)
                _contentStart = at;
            _hasLongLine |= line.Length > MaxLine;
        }

        // The field that began last; a field that a boundary cuts off is none.
        private bool AddField(int end)
        {
            if (_headerStart < 0)
                return false;
            var field = work.Content.Span[_headerStart..end];
            var colon = field.IndexOf(':');
            var name = field[..colon].ToString();
            _part.Fields.Add(name, Octets.TrimStart(field[(colon + 1)..]).ToString());
            return Octets.EqualsIgnoreCase(name, "content-type");
        }

        private void Finish(int end, bool isBoundary)
        {
            var content = _contentStart < 0 ? ReadOnlyMemory<char>.Empty : work.Content[_contentStart..end];
            if (_hasLongLine)
                content = Cut(content.Span).AsMemory();
            // The line end before a boundary belongs to it (RFC 2046 §5.1.1).
            if (isBoundary && content.Span is [.., '\n'])
                content = content[..^1];
            var type = ContentType.Parse(_part.Fields.Last("content-type"));
            _part.Type = type.IsMissing && work.Part.Type == "multipart/digest" ? "message/rfc822" : type.Type;
            var boundary = type.Boundary is null or "" or "0" ? work.Boundary : type.Boundary;
            tree._queue.Enqueue(new Work(_part, boundary, content, false, work.Depth - 1));
            work.Part.Add(_part);
            _part = new MimePart(new HeaderFields());
            (_headerStart, _contentStart) = (-1, -1);
            (_isInBody, _hasLongLine) = (false, false);
        }

        private static string Cut(ReadOnlySpan<char> content)
        {
            var to = new System.Text.StringBuilder(content.Length + (content.Length / MaxLine) + 1);
            for (var at = 0; at < content.Length; )
            {
                var line = HeaderSection.LineAt(content, at);
                at += line.Length;
                for (; line.Length > MaxLine; line = line[MaxLine..])
                    to.Append(line[..MaxLine]).Append('\n');
                to.Append(line);
            }

            return to.ToString();
        }
    }
}
