using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Postreiter.Imap.Session;
using Postreiter.Storage.Mail;

namespace Postreiter.Imap.Responses;

/// <summary>Writes responses. Nothing waits before a flush; long answers call <see cref="FlushIfLargeAsync"/> now and then.</summary>
internal sealed class ImapWriter(PipeWriter output, TimeSpan timeout, TimeProvider time)
{
    private const int FlushAbove = 32 * 1024;
    private long _unflushed;
    private long _literalLeft;
    private bool _isInLine;

    /// <summary>Whether what was written ends with a whole response.</summary>
    public bool IsBetweenResponses => !_isInLine && _literalLeft == 0;

    /// <summary>Text that is protocol already: ASCII, or UTF-8 where allowed.</summary>
    public ImapWriter Raw(string text)
    {
        var size = Encoding.UTF8.GetByteCount(text);
        var span = output.GetSpan(Math.Max(size, 1));
        output.Advance(Encoding.UTF8.GetBytes(text, span));
        return Note(span[..size]);
    }

    /// <summary>Bytes as they are.</summary>
    public ImapWriter Raw(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        return Note(bytes);
    }

    /// <summary>The header of a literal whose bytes are written next.</summary>
    /// <param name="length">Its octets.</param>
    /// <param name="isBinary">As literal8, which may hold NUL (RFC 9051 §4.3).</param>
    public ImapWriter LiteralHeader(long length, bool isBinary)
    {
        Raw(isBinary ? "~{"u8 : "{"u8).Number(length).Raw("}\r\n"u8);
        (_literalLeft, _isInLine) = (length, true);
        return this;
    }

    /// <summary>A number.</summary>
    public ImapWriter Number(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        number.TryFormat(digits, out var length, provider: CultureInfo.InvariantCulture);
        return Raw(digits[..length]);
    }

    /// <summary>The end of a response.</summary>
    public ImapWriter Crlf() => Raw("\r\n"u8);

    /// <summary><c>nstring</c>: NIL, quoted, or a literal where quoted cannot hold it.</summary>
    /// <param name="value">Bytes; null is NIL.</param>
    /// <param name="utf8">Whether 8-bit UTF-8 may stand in quotes (RFC 9051 §4.3).</param>
    public ImapWriter Nstring(byte[]? value, bool utf8) => value is null ? Raw("NIL"u8) : String(value, utf8);

    /// <summary><c>string</c>, quoted where that can hold it.</summary>
    public ImapWriter String(ReadOnlySpan<byte> value, bool utf8)
    {
        var is8Bit = value.ContainsAnyInRange((byte)0x80, (byte)0xFF);
        var quotable =
            value.Length <= 1000
            && !value.ContainsAny((byte)0, (byte)'\r', (byte)'\n')
            && (!is8Bit || (utf8 && System.Text.Unicode.Utf8.IsValid(value)));
        if (!quotable)
            return LiteralHeader(value.Length, isBinary: false).Raw(value);
        Raw("\""u8);
        while (value.IndexOfAny((byte)'"', (byte)'\\') is >= 0 and var at)
        {
            Raw(value[..at]).Raw("\\"u8).Raw(value.Slice(at, 1));
            value = value[(at + 1)..];
        }

        return Raw(value).Raw("\""u8);
    }

    /// <summary>Text as <c>string</c>.</summary>
    public ImapWriter String(string value, bool utf8) => String(Encoding.UTF8.GetBytes(value), utf8);

    /// <summary>A flag list in parentheses.</summary>
    /// <param name="flags">The flags.</param>
    /// <param name="andNew">With <c>\*</c>: others can be made (RFC 9051 §7.1, PERMANENTFLAGS).</param>
    public ImapWriter Flags(MessageFlags flags, bool andNew = false)
    {
        Raw("("u8);
        var first = true;
        foreach (var (flag, name) in SystemFlagNames)
        {
            if (!flags.Has(flag))
                continue;
            Raw(first ? ""u8 : " "u8).Raw(name);
            first = false;
        }

        foreach (var keyword in flags.Keywords)
        {
            Raw(first ? ""u8 : " "u8).Raw(keyword);
            first = false;
        }

        if (andNew)
            Raw(first ? "\\*"u8 : " \\*"u8);
        return Raw(")"u8);
    }

    /// <summary>The system flags with their names.</summary>
    public static IReadOnlyList<(SystemFlags Flag, string Name)> SystemFlagNames { get; } =
    [
        (SystemFlags.Answered, "\\Answered"),
        (SystemFlags.Flagged, "\\Flagged"),
        (SystemFlags.Deleted, "\\Deleted"),
        (SystemFlags.Seen, "\\Seen"),
        (SystemFlags.Draft, "\\Draft"),
    ];

    /// <summary>A tagged (or, with "*", untagged) status response.</summary>
    public ImapWriter Status(string tag, ImapReply reply)
    {
        Raw(tag).Raw(" "u8).Raw(reply.Status).Raw(" "u8);
        if (reply.Code is { } code)
            Raw("["u8).Raw(code).Raw("] "u8);
        return Raw(reply.Text).Crlf();
    }

    /// <summary>Flushes when much has gathered (L29).</summary>
    public ValueTask FlushIfLargeAsync(CancellationToken ct) =>
        _unflushed < FlushAbove ? ValueTask.CompletedTask : FlushAsync(ct);

    /// <summary>Sends what was written and waits while the peer does not take it.</summary>
    /// <exception cref="PeerGoneException">The peer is gone or took nothing for the write timeout.</exception>
    public async ValueTask FlushAsync(CancellationToken ct)
    {
        _unflushed = 0;
        CancellationTokenSource? late = null;
        CancellationTokenRegistration cancel = default;
        try
        {
            var flush = output.FlushAsync(ct);
            if (!flush.IsCompleted)
            {
                late = new CancellationTokenSource(timeout, time);
                cancel = late.Token.Register(static o => ((PipeWriter)o!).CancelPendingFlush(), output);
            }

            var result = await flush;
            if (late is { IsCancellationRequested: true })
                ImapMetrics.Limit("L29");
            if (result.IsCompleted || result.IsCanceled)
                throw new PeerGoneException("the peer is gone or takes nothing");
        }
        catch (Exception e) when (e is OperationCanceledException || (e is IOException and not PeerGoneException))
        {
            throw new PeerGoneException("the peer is gone", e);
        }
        finally
        {
            await cancel.DisposeAsync();
            late?.Dispose();
        }
    }

    private ImapWriter Note(ReadOnlySpan<byte> written)
    {
        _unflushed += written.Length;
        if (written.IsEmpty)
            return this;
        (_isInLine, _literalLeft) = (
            written[^1] != '\n' || _literalLeft > 0,
            Math.Max(0, _literalLeft - written.Length)
        );
        return this;
    }
}
