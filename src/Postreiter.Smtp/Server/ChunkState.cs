using System.Buffers;
using Postreiter.Core;

namespace Postreiter.Smtp.Server;

/// <summary>What is known of a message that comes in chunks, over all of them.</summary>
internal struct ChunkState
{
    private long _length;
    private long _line;
    private bool _afterCr;

    /// <summary>Whether a CR waits for its LF.</summary>
    public readonly bool EndsInsideLine => _afterCr;

    /// <summary>Counts bytes; what DATA would refuse is refused here too, unless the message is BINARYMIME (RFC 3030 §3).</summary>
    public bool Take(ReadOnlySequence<byte> bytes, SmtpLimits limits, bool isBinary, out SmtpReply? fault)
    {
        fault = null;
        _length += bytes.Length;
        if (_length > limits.MaxMessageBytes)
            fault = Replies.TooBig;
        if (isBinary)
            return fault is null;
        foreach (var piece in bytes)
            fault ??= Look(piece.Span, limits);
        return fault is null;
    }

    private SmtpReply? Look(ReadOnlySpan<byte> bytes, SmtpLimits limits)
    {
        if (bytes.Contains((byte)0))
            return Replies.NulInText;
        while (!bytes.IsEmpty)
        {
            if (_afterCr)
            {
                if (bytes[0] != '\n')
                    return Replies.BareLineEnd with { ClosesConnection = false };
                (_afterCr, _line) = (false, 0);
                bytes = bytes[1..];
                continue;
            }

            var end = bytes.IndexOfAny((byte)'\r', (byte)'\n');
            _line += end < 0 ? bytes.Length : end;
            if (_line > limits.MaxTextLineBytes)
                return Replies.TextLineTooLong;
            if (end < 0)
                return null;
            if (bytes[end] == '\n')
                return Replies.BareLineEnd with { ClosesConnection = false };
            _afterCr = true;
            bytes = bytes[(end + 1)..];
        }

        return null;
    }
}
