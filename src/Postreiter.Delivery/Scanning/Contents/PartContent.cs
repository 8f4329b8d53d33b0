using System.Buffers;
using System.Text;
using Postreiter.Messages;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>Takes a part of a stored message out of its transfer encoding (RFC 2045 §6).</summary>
internal static class PartContent
{
    private const int PieceBytes = 64 * 1024;

    // What 64 KiB and the end of an archive take in base64, with its line ends.
    private const int TailBytes = 96 * 1024;

    /// <summary>Its names: of both fields, whole and as encoded words of another time.</summary>
    public static List<string> Names(MimePart part)
    {
        var names = new List<string>();
        foreach (var (key, value) in part.DispositionParameters.Concat(part.Parameters))
        {
            if (key is not ("filename" or "name") || value.Length == 0)
                continue;
            // RFC 2047 §5 forbids them here, and programs read them.
            var decoded = value.Contains("=?", StringComparison.Ordinal)
                ? MimeKit.Utils.Rfc2047.DecodeText(Encoding.UTF8.GetBytes(value.Length > 4096 ? value[..4096] : value))
                : value;
            if (!names.Contains(decoded, StringComparer.Ordinal))
                names.Add(decoded);
        }

        return names;
    }

    /// <summary>
    /// Its bytes: all of them where there may be more in it than its beginning shows, else its beginning alone, for a sender waits.
    /// </summary>
    public static async ValueTask<Scratch> ReadAsync(PendingBlob content, MimePart part, CancellationToken ct)
    {
        var scratch = new Scratch();
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        var decoded = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            var decoder = new Decoder(part.Encoding);
            var end = part.BodyOffset + part.BodyLength;
            var isWhole = false;
            for (var at = part.BodyOffset; at < end; )
            {
                if (!isWhole && scratch.Content.Length >= FileKind.HeadBytes)
                {
                    isWhole =
                        KindOf(scratch).IsContainer
                        || await EndsAsZipAsync(content, part.Encoding, Math.Max(at, end - TailBytes), end, ct);
                    if (!isWhole)
                        break;
                }

                var read = await content.ReadAsync(at, piece.AsMemory(0, (int)Math.Min(PieceBytes, end - at)), ct);
                if (read == 0)
                    break;
                at += read;
                scratch.Write(decoded.AsSpan(0, decoder.Decode(piece.AsSpan(0, read), decoded)));
            }

            return scratch;
        }
        catch
        {
            scratch.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
            ArrayPool<byte>.Shared.Return(decoded);
        }
    }

    private static FileKind KindOf(Scratch scratch)
    {
        var head = new byte[FileKind.HeadBytes];
        scratch.Content.Position = 0;
        var read = scratch.Content.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return FileKind.Of(head.AsSpan(0, read));
    }

    // The mark stands in the last 64 KiB of a zip archive. Where a group of four begins cannot be seen from the middle: all four are tried.
    private static async ValueTask<bool> EndsAsZipAsync(
        PendingBlob content,
        string encoding,
        long start,
        long end,
        CancellationToken ct
    )
    {
        var tail = new byte[end - start];
        for (var at = 0; at < tail.Length; )
        {
            var read = await content.ReadAsync(start + at, tail.AsMemory(at), ct);
            if (read == 0)
                break;
            at += read;
        }

        var code = encoding == "base64" ? Array.FindAll(tail, static b => b > ' ') : tail;
        var decoded = new byte[code.Length];
        for (var shift = 0; shift < (encoding == "base64" ? 4 : 1) && shift < code.Length; shift++)
        {
            var length = new Decoder(encoding).Decode(code.AsSpan(shift), decoded);
            if (decoded.AsSpan(0, length).IndexOf("PK\u0005\u0006"u8) >= 0)
                return true;
        }

        return false;
    }

    /// <summary>Decodes piece by piece; never more than goes in. What is no code is passed over, as readers do.</summary>
    private struct Decoder(string encoding)
    {
        private int _bits;
        private int _count;
        private int _escape;
        private int _high;

        public int Decode(ReadOnlySpan<byte> from, Span<byte> to)
        {
            switch (encoding)
            {
                case "base64":
                    return Base64(from, to);
                case "quoted-printable":
                    return QuotedPrintable(from, to);
                default:
                    from.CopyTo(to);
                    return from.Length;
            }
        }

        private int Base64(ReadOnlySpan<byte> from, Span<byte> to)
        {
            var written = 0;
            foreach (var b in from)
            {
                var value = b switch
                {
                    >= (byte)'A' and <= (byte)'Z' => b - 'A',
                    >= (byte)'a' and <= (byte)'z' => b - 'a' + 26,
                    >= (byte)'0' and <= (byte)'9' => b - '0' + 52,
                    (byte)'+' => 62,
                    (byte)'/' => 63,
                    _ => -1,
                };
                // Padding ends a group; some begin another behind it.
                if (b == '=')
                    (_bits, _count) = (0, 0);
                if (value < 0)
                    continue;
                _bits = ((_bits << 6) | value) & 0xfff;
                _count += 6;
                if (_count < 8)
                    continue;
                _count -= 8;
                to[written++] = (byte)(_bits >> _count);
            }

            return written;
        }

        private int QuotedPrintable(ReadOnlySpan<byte> from, Span<byte> to)
        {
            var written = 0;
            foreach (var b in from)
            {
                if (_escape == 0)
                {
                    if (b == '=')
                        _escape = 1;
                    else
                        to[written++] = b;
                    continue;
                }

                var digit = char.IsAsciiHexDigit((char)b) ? Convert.FromHexString([(char)b, (char)b])[0] & 15 : -1;
                if (_escape == 1 && digit >= 0)
                    (_high, _escape) = (digit, 2);
                else if (_escape == 2 && digit >= 0)
                    (to[written++], _escape) = ((byte)((_high << 4) | digit), 0);
                // "=" at the end of a line joins it with the next.
                else if (b is (byte)'\r' or (byte)' ' or (byte)'\t')
                    _escape = 3;
                else
                    _escape = 0;
            }

            return written;
        }
    }
}
