using Postreiter.Imap.Responses;
using Postreiter.Imap.Session;
using Postreiter.Imap.Syntax;
using Postreiter.Messages;
using Postreiter.Storage;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Fetching;

/// <summary>Answers one message of a FETCH.</summary>
internal sealed class MessageFetch(ImapSession session, IReadOnlyList<FetchItem> items, StoredMessage row)
{
    private readonly ImapWriter _writer = session.Writer;
    private readonly Answer[] _answers = new Answer[items.Count];
    private MimePart? _root;

    /// <summary>A transfer encoding that BINARY cannot decode was met; the item is left out.</summary>
    public bool HasUnknownEncoding { get; private set; }

    /// <summary>Writes the response.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="ct">Cancels the wait.</param>
    /// <exception cref="StoreException">The content is damaged and nothing was written.</exception>
    /// <exception cref="IOException">The response could not be ended; the connection cannot go on.</exception>
    public async ValueTask RunAsync(int sequence, CancellationToken ct)
    {
        var needsTree = items.Any(static item => item.NeedsStructure);
        if (needsTree)
            _root = StoredTree.Read(row);
        MessageBytes? bytes = null;
        try
        {
            if (items.Any(static item => item.NeedsContent) || (needsTree && _root is null))
            {
                bytes = new MessageBytes(await session.Store.Mail.OpenAsync(row, ct));
                if (needsTree)
                    _root ??= await bytes.ScanAsync(session.Services.NewScanner(), row.Prefix.Length, ct);
                await PrepareAsync(bytes, ct);
            }

            await WriteAsync(sequence, bytes, ct);
        }
        catch (InvalidDataException e)
        {
            throw new StoreException(StoreFault.DamagedContent, e.Message, e);
        }
        finally
        {
            if (bytes is not null)
                await bytes.DisposeAsync();
        }
    }

    // Finds and measures everything before the first byte of the response.
    private async ValueTask PrepareAsync(MessageBytes bytes, CancellationToken ct)
    {
        var (start, end) = (long.MaxValue, 0L);
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Section is not { } section)
                continue;
            var place = SectionPlace.Find(section, _root, row.Prefix.Length, bytes.Length);
            if (place is not { } range)
                continue;
            IReadOnlyList<ByteRange> ranges = [range];
            if (items[i].Kind == FetchKind.Section && !section.HasFields)
                ranges = SectionPlace.Cut(ranges, items[i].Partial);
            _answers[i] = new Answer(ranges, 0, false);
            if (ranges.Count == 0)
                continue;
            (start, end) = (Math.Min(start, ranges[0].Offset), Math.Max(end, ranges[^1].End));
        }

        if (start < end)
            await bytes.HoldAsync(new ByteRange(start, end - start), ct);
        for (var i = 0; i < items.Count; i++)
        {
            if (_answers[i].Ranges is not { } ranges)
                continue;
            if (items[i].Section is { HasFields: true } section)
                ranges = SectionPlace.Cut(await SelectAsync(bytes, section, ranges, ct), items[i].Partial);
            _answers[i] =
                items[i].Kind == FetchKind.Section
                    ? new Answer(ranges, ranges.Sum(static range => range.Length), false)
                    : await MeasureAsync(bytes, items[i], ranges, ct);
        }
    }

    private static async ValueTask<IReadOnlyList<ByteRange>> SelectAsync(
        MessageBytes bytes,
        Section section,
        IReadOnlyList<ByteRange> header,
        CancellationToken ct
    )
    {
        var selection = new HeaderSelection(section, header[0].Offset);
        await bytes.PassAsync(
            header,
            piece =>
            {
                selection.Append(piece.Span);
                return ValueTask.CompletedTask;
            },
            ct
        );
        return selection.Complete();
    }

    private async ValueTask<Answer> MeasureAsync(
        MessageBytes bytes,
        FetchItem item,
        IReadOnlyList<ByteRange> ranges,
        CancellationToken ct
    )
    {
        if (!BinaryBody.TryCreate(PartOf(item), item.Partial, out var body))
        {
            HasUnknownEncoding = true;
            return new Answer(null, 0, true);
        }

        await bytes.PassAsync(
            ranges,
            piece =>
            {
                body.Decode(piece);
                return ValueTask.CompletedTask;
            },
            ct
        );
        return new Answer(ranges, body.Length, body.HasNul);
    }

    private MimePart? PartOf(FetchItem item) =>
        item.Section is { Path.Count: > 0 } section && _root is not null
            ? SectionPlace.Find(_root, section.Path)
            : null;

    private async ValueTask WriteAsync(int sequence, MessageBytes? bytes, CancellationToken ct)
    {
        _writer.Raw("* "u8).Number(sequence).Raw(" FETCH ("u8);
        var isFirst = true;
        for (var i = 0; i < items.Count; i++)
        {
            // An undecodable BINARY has no value to give; the tagged NO says so (RFC 9051 §6.4.5).
            if (items[i].NeedsContent && _answers[i] is { Ranges: null, Flag: true })
                continue;
            if (!isFirst)
                _writer.Raw(" "u8);
            isFirst = false;
            _writer.Raw(items[i].Label).Raw(" "u8);
            if (bytes is not null && items[i].NeedsContent)
                await WriteContentAsync(items[i], _answers[i], bytes, ct);
            else
                WriteRow(items[i]);
        }

        _writer.Raw(")\r\n"u8);
        await _writer.FlushIfLargeAsync(ct);
    }

    private void WriteRow(FetchItem item)
    {
        var structure = new StructureWriter(_writer, session.UsesUtf8);
        switch (item.Kind)
        {
            case FetchKind.Flags:
                _writer.Flags(row.Flags);
                break;
            case FetchKind.Uid:
                _writer.Number(row.Uid);
                break;
            case FetchKind.Size:
                _writer.Number(row.Size);
                break;
            case FetchKind.InternalDate:
                _writer.Raw("\""u8).Raw(ImapDate.Write(row.InternalDate)).Raw("\""u8);
                break;
            case FetchKind.Envelope:
                structure.Envelope(_root?.Envelope ?? new Envelope());
                break;
            default:
                structure.Body(_root!, extended: item.Kind == FetchKind.BodyStructure);
                break;
        }
    }

    private async ValueTask WriteContentAsync(FetchItem item, Answer answer, MessageBytes bytes, CancellationToken ct)
    {
        if (item.Kind == FetchKind.BinarySize)
        {
            _writer.Number(answer.Length);
            return;
        }

        if (answer.Ranges is not { } ranges)
        {
            _writer.Raw("NIL"u8);
            return;
        }

        _writer.LiteralHeader(answer.Length, isBinary: answer.Flag);
        var decode =
            item.Kind == FetchKind.Binary && BinaryBody.TryCreate(PartOf(item), item.Partial, out var body)
                ? body
                : null;
        try
        {
            await bytes.PassAsync(
                ranges,
                piece =>
                {
                    _writer.Raw((decode?.Decode(piece) ?? piece).Span);
                    return _writer.FlushIfLargeAsync(ct);
                },
                ct
            );
        }
        catch (Exception e) when (e is StoreException or InvalidDataException)
        {
            // P4: the length is announced, so only the end of the connection can say that the rest is missing.
            throw new BrokenLiteralException(e);
        }
    }

    /// <param name="Ranges">What is sent; null is NIL.</param>
    /// <param name="Length">Octets of the literal.</param>
    /// <param name="Flag">With ranges: a NUL is in it. Without: the encoding is unknown.</param>
    private readonly record struct Answer(IReadOnlyList<ByteRange>? Ranges, long Length, bool Flag);
}

/// <summary>A content broke off inside an announced literal.</summary>
internal sealed class BrokenLiteralException(Exception inner)
    : Exception("a damaged content broke off inside a literal; the connection cannot go on", inner);
