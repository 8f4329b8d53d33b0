using System.Buffers;
using System.Text;
using Postreiter.Core;
using Postreiter.Delivery.Scanning.Contents;
using Postreiter.MailAuth;

namespace Postreiter.Delivery.Inbound;

/// <summary>
/// Lets a message's header through while it arrives, field by field: takes the forged fields out, counts against L4 and L7,
/// adds what a submitted message lacks. Everything else passes byte for byte (P8). Holds one field, at most 64 KiB.
/// </summary>
/// <remarks>
/// Taken out: Return-Path, X-Spam-* and X-Content-Found always, Authentication-Results with our host name (RFC 8601 §5), X-Virus-Scanned with
/// it too, and on submission Bcc (RFC 5322 §3.6.3: blind copies stay blind even where the client forgot). A message whose first line is no field has no
/// header: it gets an empty line in front, or its text would pass for a continuation of our trace fields.
/// </remarks>
internal sealed class HeaderPass(string hostName, int maxHops, HeaderAdditions? additions)
{
    internal const int MaxHeaderBytes = 256 * 1024;
    internal const int MaxFields = 1_000;
    internal const int MaxFieldBytes = 64 * 1024;

    private const int MaxDeliveredTo = 100;

    private static readonly byte[] OurField = Encoding.ASCII.GetBytes(ContentFilter.FieldName.ToLowerInvariant());

    private static readonly char[] BetweenWords = [' ', '\t', '\r', '\n', ';', ',', '(', ')'];

    private readonly string[] _ourNames = [hostName];

    private ArrayBufferWriter<byte> _field = new(512);
    private readonly List<string> _deliveredTo = [];
    private int _bytes;
    private int _fields;
    private int _hops;
    private bool _hasDate;
    private bool _hasMessageId;
    private bool _atLineStart = true;
    private bool? _hasHeader;

    /// <summary>Set once a limit is met.</summary>
    public SmtpReply? Refusal { get; private set; }

    /// <summary>Whether the empty line has passed: the rest is body.</summary>
    public bool IsInBody { get; private set; }

    /// <summary>Whether the message begins with a header; false where its first line is text.</summary>
    public bool HasHeader => _hasHeader != false;

    /// <summary>Whether what is passed on differs from what came.</summary>
    public bool HasChanged { get; private set; }

    /// <summary>Values of Delivered-To, for alias loops; at most 100.</summary>
    public IReadOnlyList<string> DeliveredTo => _deliveredTo;

    /// <summary>Takes bytes of the header.</summary>
    /// <returns>How many were taken; less than given only when the body begins behind them or a limit is met.</returns>
    public int Append(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        var rest = bytes;
        while (!rest.IsEmpty && !IsInBody && Refusal is null)
        {
            // A line that does not begin with white space ends the field before it (RFC 5322 §2.2.3).
            if (_atLineStart && _field.WrittenCount > 0 && rest[0] is not ((byte)' ' or (byte)'\t'))
                EndField(output);
            var end = rest.IndexOf((byte)'\n') + 1;
            var line = end > 0 ? rest[..end] : rest;
            _bytes += line.Length;
            if (_bytes > MaxHeaderBytes || (_field.WrittenCount + line.Length > MaxFieldBytes) || _fields > MaxFields)
            {
                InboundMetrics.Limit("L4");
                Refusal = new SmtpReply(552, "5.3.4", "Message header too large");
                break;
            }

            _field.Write(line);
            rest = rest[line.Length..];
            _hasHeader ??= BeginsWithField(_field.WrittenSpan);
            if (_hasHeader == false)
            {
                AddMissing(output);
                HasChanged = true;
                output.Write("\r\n"u8);
                Flush(output);
                EndHeader();
                break;
            }

            _atLineStart = end > 0;
            if (_atLineStart && _field.WrittenSpan is [(byte)'\r', (byte)'\n'] or [(byte)'\n'])
            {
                AddMissing(output);
                Flush(output);
                EndHeader();
            }
        }

        return bytes.Length - rest.Length;
    }

    /// <summary>The message ended; without a body the last field is still held here.</summary>
    public void Complete(IBufferWriter<byte> output)
    {
        if (IsInBody || Refusal is not null)
            return;
        if (_field.WrittenCount > 0)
            EndField(output);
        AddMissing(output);
        EndHeader();
    }

    /// <summary>Whether a message begins with a field (RFC 5322 §2.2); null while that is open.</summary>
    private static bool? BeginsWithField(ReadOnlySpan<byte> start)
    {
        var i = 0;
        while (i < start.Length && start[i] is > 32 and < 127 and not (byte)':')
            i++;
        if (i == start.Length)
            return null;
        // An empty header is one too.
        if (i == 0)
            return start[0] is (byte)'\r' or (byte)'\n';
        // Left over from a mailbox file; the header comes behind it.
        if (start[i] == ' ' && (start[..i].SequenceEqual("From"u8) || start[..i].SequenceEqual(">From"u8)))
            return true;
        // RFC 5322 §4.5: white space before the colon is obsolete, and still a field.
        while (i < start.Length && start[i] is (byte)' ' or (byte)'\t')
            i++;
        return i == start.Length ? null : start[i] == ':';
    }

    private void EndHeader()
    {
        IsInBody = true;
        _field = new ArrayBufferWriter<byte>();
    }

    private void EndField(IBufferWriter<byte> output)
    {
        _fields++;
        var field = _field.WrittenSpan;
        var colon = field.IndexOf((byte)':');
        var name = colon > 0 ? field[..colon].TrimEnd(" \t"u8) : [];
        if (Is(name, "received"u8) && ++_hops == maxHops + 1)
        {
            InboundMetrics.Limit("L7");
            Refusal ??= new SmtpReply(554, "5.4.6", "Too many hops");
        }

        _hasDate |= Is(name, "date"u8);
        _hasMessageId |= Is(name, "message-id"u8);
        if (Is(name, "delivered-to"u8) && _deliveredTo.Count < MaxDeliveredTo)
            _deliveredTo.Add(Encoding.UTF8.GetString(field[(colon + 1)..]).Trim());
        if (IsForged(name, field[(colon + 1)..]))
        {
            HasChanged = true;
            _field.ResetWrittenCount();
        }
        else
            Flush(output);
    }

    private bool IsForged(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        Is(name, "return-path"u8)
        || (name.Length > 7 && Is(name[..7], "x-spam-"u8))
        || Is(name, OurField)
        || (Is(name, "x-virus-scanned"u8) && Names(value))
        || (additions is not null && Is(name, "bcc"u8))
        || (Is(name, "authentication-results"u8) && AuthenticationResults.Claims(value, _ourNames));

    private bool Names(ReadOnlySpan<byte> value) =>
        Encoding.ASCII.GetString(value).Split(BetweenWords).Contains(hostName, StringComparer.OrdinalIgnoreCase);

    private void AddMissing(IBufferWriter<byte> output)
    {
        // RFC 6409 §8.1 and §8.2: Date and Message-ID may be added on submission.
        if (additions is null)
            return;
        HasChanged |= !_hasDate || !_hasMessageId;
        if (!_hasDate)
            output.Write(Encoding.ASCII.GetBytes($"Date: {MailDate.Format(additions.Now)}\r\n"));
        if (!_hasMessageId)
            output.Write(Encoding.ASCII.GetBytes($"Message-ID: <{additions.Id}@{hostName}>\r\n"));
    }

    private void Flush(IBufferWriter<byte> output)
    {
        output.Write(_field.WrittenSpan);
        _field.ResetWrittenCount();
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lower) => Ascii.EqualsIgnoreCase(name, lower);
}

/// <summary>What a submitted message gets where it lacks it.</summary>
/// <param name="Now">For Date.</param>
/// <param name="Id">For Message-ID.</param>
internal sealed record HeaderAdditions(DateTimeOffset Now, TraceId Id);
