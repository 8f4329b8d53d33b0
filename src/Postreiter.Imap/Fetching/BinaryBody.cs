using System.Runtime.InteropServices;
using MimeKit.Encodings;
using Postreiter.Imap.Syntax;
using MimePart = Postreiter.Messages.MimePart;

namespace Postreiter.Imap.Fetching;

/// <summary>Decodes the transfer encoding of a part while its bytes go by (RFC 9051 §6.4.5, BINARY).</summary>
internal sealed class BinaryBody
{
    private readonly IMimeDecoder? _decoder;
    private byte[] _output = [];
    private long _skip;
    private long _left;

    private BinaryBody(IMimeDecoder? decoder, Partial? partial)
    {
        _decoder = decoder;
        (_skip, _left) = partial is { } cut ? (cut.Origin, cut.Length) : (0, long.MaxValue);
    }

    /// <summary>Bytes given so far.</summary>
    public long Length { get; private set; }

    /// <summary>Whether a NUL was among them: then a literal8 must carry them.</summary>
    public bool HasNul { get; private set; }

    /// <summary>A decoder for a part; false when the encoding is unknown (NO [UNKNOWN-CTE]).</summary>
    /// <param name="part">The part; null is the message as it stands.</param>
    /// <param name="partial">What of the decoded bytes is wanted.</param>
    /// <param name="body">The decoder.</param>
    public static bool TryCreate(MimePart? part, Partial? partial, out BinaryBody body)
    {
        // RFC 2045 §6.4: a multipart or message is never encoded as a whole.
        var encoding = part is null or { Type: "multipart" } or { Message: not null } ? "binary" : part.Encoding;
        var isKnown = encoding is "7bit" or "8bit" or "binary" or "base64" or "quoted-printable";
        IMimeDecoder? decoder = encoding switch
        {
            "base64" => new Base64Decoder(),
            "quoted-printable" => new QuotedPrintableDecoder(),
            _ => null,
        };
        body = new BinaryBody(decoder, partial);
        return isKnown;
    }

    /// <summary>Decodes the next bytes; what is given is good until the next call.</summary>
    public ReadOnlyMemory<byte> Decode(ReadOnlyMemory<byte> bytes)
    {
        var decoded = bytes;
        if (_decoder is not null)
        {
            var most = _decoder.EstimateOutputLength(bytes.Length);
            if (_output.Length < most)
                _output = new byte[most];
            // The library decodes whole arrays; the store's bytes are nearly always a slice of one.
            if (!MemoryMarshal.TryGetArray(bytes, out var input))
                input = new ArraySegment<byte>(bytes.ToArray());
            var written = _decoder.Decode(input.Array!, input.Offset, input.Count, _output);
            decoded = _output.AsMemory(0, written);
        }

        var skipped = (int)Math.Min(_skip, decoded.Length);
        decoded = decoded[skipped..];
        decoded = decoded[..(int)Math.Min(_left, decoded.Length)];
        (_skip, _left) = (_skip - skipped, _left - decoded.Length);
        Length += decoded.Length;
        HasNul |= decoded.Span.Contains((byte)0);
        return decoded;
    }
}
