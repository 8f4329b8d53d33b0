using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using Postreiter.Storage.Mail;

namespace Postreiter.Transfer;

/// <summary>
/// The mbox format (RFC 4155), written and read as its <c>mboxrd</c> form: a line that starts with <c>From </c> behind any
/// number of <c>&gt;</c> gets one more of them on the way out and loses one on the way in. <c>Status</c> and <c>X-Status</c> fields
/// are the file's, not the message's: written as flags, read as flags, and taken out.
/// </summary>
internal static class MboxFormat
{
    private static readonly string[] DateFormats = ["ddd MMM d HH:mm:ss yyyy", "ddd MMM d HH:mm:ss zzz yyyy"];

    /// <summary>Reads messages one after the other; no more than one is in memory.</summary>
    /// <param name="file">The mbox.</param>
    /// <param name="maxBytes">Largest message; larger ones are skipped and named.</param>
    /// <param name="ct">Stops reading.</param>
    public static IAsyncEnumerable<ImportedMessage> ReadAsync(Stream file, long maxBytes, CancellationToken ct) =>
        ReadAsync(file, maxBytes, keepsSingle: false, ct);

    /// <inheritdoc cref="ReadAsync(Stream, long, CancellationToken)"/>
    /// <param name="file">The mbox.</param>
    /// <param name="maxBytes">Largest message; larger ones are skipped and named.</param>
    /// <param name="keepsSingle">Whether the only message of an mbox is given as it stands there, octet by octet.</param>
    /// <param name="ct">Stops reading.</param>
    public static async IAsyncEnumerable<ImportedMessage> ReadAsync(
        Stream file,
        long maxBytes,
        bool keepsSingle,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        var reader = PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));
        MboxEntry? entry = null;
        var number = 0;
        var isAfterEmptyLine = true;
        var isLineStart = true;
        while (true)
        {
            var result = await reader.ReadAsync(ct);
            var buffer = result.Buffer;
            while (TryReadLine(ref buffer, result.IsCompleted, out var line))
            {
                // RFC 4155 appendix A: a separator follows an empty line (or is the first).
                if (isAfterEmptyLine && IsSeparator(line, isFirst: entry is null))
                {
                    if (entry is not null)
                        yield return entry.Finish() with
                        {
                            Read = file.CanSeek ? file.Position : 0,
                        };
                    entry = new MboxEntry($"message {++number}", ReadDate(line), maxBytes);
                    isAfterEmptyLine = false;
                    continue;
                }

                entry ??= new MboxEntry("text before the first message", null, 0);
                entry.Append(line, isLineStart);
                // A very long line comes in pieces; the end of one is no empty line.
                isAfterEmptyLine = isLineStart && IsEmptyLine(line);
                isLineStart = IsWhole(line);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                break;
        }

        await reader.CompleteAsync();
        if (entry is not null)
            yield return (keepsSingle && number == 1 ? entry.FinishAsItStands() : entry.Finish()) with
            {
                Read = file.CanSeek ? file.Position : 0,
            };
    }

    /// <summary>Writes one message.</summary>
    /// <param name="to">The mbox.</param>
    /// <param name="message">Its bytes, CRLF.</param>
    /// <param name="date">When it came in.</param>
    /// <param name="flags">Written as Status and X-Status fields.</param>
    /// <param name="ct">Stops writing.</param>
    public static async Task WriteAsync(
        Stream to,
        byte[] message,
        DateTimeOffset date,
        SystemFlags flags,
        CancellationToken ct
    )
    {
        var stamp = date.UtcDateTime.ToString("ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture);
        await to.WriteAsync(Encoding.ASCII.GetBytes($"From MAILER-DAEMON {stamp}\n{StatusFields(flags)}"), ct);
        await to.WriteAsync(Quote(LineEnds.ToLf(message)), ct);
        await to.WriteAsync("\n"u8.ToArray(), ct);
    }

    internal static bool IsQuotedFrom(ReadOnlySpan<byte> line)
    {
        var quotes = line.IndexOfAnyExcept((byte)'>');
        return quotes > 0 && line[quotes..].StartsWith("From "u8);
    }

    private static string StatusFields(SystemFlags flags)
    {
        var status = flags.HasFlag(SystemFlags.Seen) ? "Status: RO\n" : "Status: O\n";
        var more =
            (flags.HasFlag(SystemFlags.Answered) ? "A" : "")
            + (flags.HasFlag(SystemFlags.Flagged) ? "F" : "")
            + (flags.HasFlag(SystemFlags.Draft) ? "T" : "")
            + (flags.HasFlag(SystemFlags.Deleted) ? "D" : "");
        return more.Length == 0 ? status : $"{status}X-Status: {more}\n";
    }

    private static byte[] Quote(byte[] text)
    {
        using var result = new MemoryStream(text.Length + 64);
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..(end + 1)];
            if (line.StartsWith("From "u8) || IsQuotedFrom(line))
                result.WriteByte((byte)'>');
            result.Write(line);
            rest = rest[line.Length..];
        }

        if (text is not [.., (byte)'\n'])
            result.WriteByte((byte)'\n');
        return result.ToArray();
    }

    private static bool TryReadLine(ref ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> line)
    {
        // A line is as long as a message may be at most; the pipe holds what is not yet a line.
        var end = buffer.PositionOf((byte)'\n');
        if (end is null && (!isLast || buffer.IsEmpty) && buffer.Length < 1024 * 1024)
        {
            line = default;
            return false;
        }

        line = end is { } found ? buffer.Slice(0, buffer.GetPosition(1, found)) : buffer;
        buffer = buffer.Slice(line.End);
        return !line.IsEmpty;
    }

    // "From here on …" after an empty line is text that a writer left unquoted; a separator ends with a date, whatever its form.
    private static bool IsSeparator(ReadOnlySequence<byte> line, bool isFirst)
    {
        if (!StartsWith(line, "From "u8))
            return false;
        if (isFirst)
            return true;
        var text = Encoding.ASCII.GetString(line.Slice(0, Math.Min(line.Length, 1000))).TrimEnd();
        return text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(IsTime);
    }

    // 12:30 or 12:30:15
    private static bool IsTime(string word) =>
        word.Length is >= 4 and <= 8
        && word.Contains(':', StringComparison.Ordinal)
        && word.All(c => char.IsAsciiDigit(c) || c == ':');

    private static bool IsWhole(ReadOnlySequence<byte> line) => line.Slice(line.Length - 1).FirstSpan[0] == '\n';

    private static bool IsEmptyLine(ReadOnlySequence<byte> line) =>
        line.Length == 1 || (line.Length == 2 && line.FirstSpan[0] == '\r');

    private static bool StartsWith(ReadOnlySequence<byte> line, ReadOnlySpan<byte> prefix)
    {
        if (line.Length < prefix.Length)
            return false;
        Span<byte> start = stackalloc byte[prefix.Length];
        line.Slice(0, prefix.Length).CopyTo(start);
        return start.SequenceEqual(prefix);
    }

    private static DateTimeOffset? ReadDate(ReadOnlySequence<byte> line)
    {
        var text = Encoding.ASCII.GetString(line.Slice(0, Math.Min(line.Length, 200))).TrimEnd();
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return
            words.Length >= 7
            && DateTimeOffset.TryParseExact(
                string.Join(' ', words[2..]),
                DateFormats,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var date
            )
            ? date
            : null;
    }

    private sealed class MboxEntry(string source, DateTimeOffset? date, long maxBytes)
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        // Where one ">" is the file's, not the message's.
        private readonly List<int> _quotes = [];
        private bool _isTooLarge;

        public void Append(ReadOnlySequence<byte> line, bool isLineStart)
        {
            _isTooLarge |= _bytes.WrittenCount + line.Length > maxBytes;
            if (_isTooLarge)
                return;
            var isQuoted = isLineStart && line.FirstSpan is [(byte)'>', ..] && IsQuotedFrom(line.ToArray());
            if (isQuoted)
                _quotes.Add(_bytes.WrittenCount);
            foreach (var piece in line)
                _bytes.Write(piece.Span);
        }

        /// <summary>The message with the quotes and fields of the file in it.</summary>
        public ImportedMessage FinishAsItStands() =>
            maxBytes == 0 || _isTooLarge
                ? Finish()
                : new ImportedMessage(source, null, _bytes.WrittenSpan.ToArray(), default, date, null)
                {
                    IsSingle = true,
                };

        public ImportedMessage Finish()
        {
            if (maxBytes == 0)
                return ImportedMessage.Skip(
                    source,
                    "this is not an mbox file, or something stands before its first message"
                );
            if (_isTooLarge)
                return ImportedMessage.Skip(source, "it is larger than smtp.max_message_size");
            var text = Unquoted();
            // The empty line before the next separator is the format's, not the message's.
            if (text.EndsWith("\r\n\r\n"u8))
                text = text[..^2];
            else if (text.EndsWith("\n\n"u8))
                text = text[..^1];
            var message = LineEnds.ToCrLf(text);
            var flags = StatusFlags.Read(message);
            return new ImportedMessage(source, null, StatusFlags.Remove(message), flags, date, null);
        }

        private ReadOnlySpan<byte> Unquoted()
        {
            var text = _bytes.WrittenSpan;
            if (_quotes.Count == 0)
                return text;
            var plain = new ArrayBufferWriter<byte>(text.Length);
            var from = 0;
            foreach (var quote in _quotes)
            {
                plain.Write(text[from..quote]);
                from = quote + 1;
            }

            plain.Write(text[from..]);
            return plain.WrittenSpan;
        }
    }
}
