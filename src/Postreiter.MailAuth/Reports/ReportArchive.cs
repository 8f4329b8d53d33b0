using System.Buffers.Binary;
using System.IO.Compression;

namespace Postreiter.MailAuth.Reports;

/// <summary>Takes the one file out of an attachment: plain, gzip (RFC 1952) or zip. It is told apart by its first bytes, for names and types lie.</summary>
internal static class ReportArchive
{
    private const int LocalHeader = 30;

    /// <summary>Opens what the attachment holds; nothing is unpacked before it is read.</summary>
    /// <param name="attachment">The attachment, decoded.</param>
    /// <param name="limits">What it may cost.</param>
    /// <param name="maxRun">Most bytes without a "&lt;", for XML.</param>
    /// <returns>A stream that throws <see cref="InvalidDataException"/> where it breaks or passes a limit.</returns>
    /// <exception cref="InvalidDataException">It is too large, or no archive that we read.</exception>
    public static Stream Open(ReadOnlyMemory<byte> attachment, ReportLimits limits, long maxRun = long.MaxValue)
    {
        if (attachment.Length > limits.MaxArchiveBytes)
            throw new InvalidDataException($"the attachment is larger than {limits.MaxArchiveBytes} bytes");
        var most = Math.Min(limits.MaxUnpackedBytes, Math.Max(1 << 20, (long)attachment.Length * limits.MaxRatio));
        Stream inner =
            IsGzip(attachment.Span) ? new GZipStream(AsStream(attachment), CompressionMode.Decompress)
            : IsZip(attachment.Span) ? OpenZip(attachment, limits)
            : AsStream(attachment);
        return new BoundedStream(inner, most) { MaxRun = maxRun };
    }

    private static bool IsGzip(ReadOnlySpan<byte> bytes) => bytes is [0x1F, 0x8B, ..];

    private static bool IsZip(ReadOnlySpan<byte> bytes) => bytes is [(byte)'P', (byte)'K', 3, 4, ..];

    // From the front, file by file: the directory at the end is another story that the same bytes can tell, and reading it costs
    // memory for each of its entries. The first file that may be a report is taken.
    private static Stream OpenZip(ReadOnlyMemory<byte> archive, ReportLimits limits)
    {
        var at = 0;
        for (var entries = 0; entries < limits.MaxEntries; entries++)
        {
            var rest = archive.Span[at..];
            if (rest.Length < LocalHeader || !IsZip(rest))
                break;
            var flags = BinaryPrimitives.ReadUInt16LittleEndian(rest[6..]);
            var method = BinaryPrimitives.ReadUInt16LittleEndian(rest[8..]);
            var packed = BinaryPrimitives.ReadUInt32LittleEndian(rest[18..]);
            var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[26..]);
            var start = LocalHeader + nameLength + BinaryPrimitives.ReadUInt16LittleEndian(rest[28..]);
            if (start > rest.Length)
                break;
            var name = rest.Slice(LocalHeader, nameLength);
            // Bit 3: the length stands behind the data. Deflate knows its end; what is only stored does not.
            var isOpenEnded = (flags & 8) != 0;
            if (IsWanted(name))
            {
                var data = archive[(at + start)..];
                if ((flags & 1) != 0)
                    throw new InvalidDataException("the file in the zip is encrypted");
                if (!isOpenEnded)
                    data = data[..(int)Math.Min(packed, (uint)data.Length)];
                return method switch
                {
                    0 when !isOpenEnded => AsStream(data),
                    8 => new DeflateStream(AsStream(data), CompressionMode.Decompress),
                    _ => throw new InvalidDataException($"the zip packs by method {method}, which is not read"),
                };
            }

            if (isOpenEnded || packed > rest.Length - start)
                break;
            at += start + (int)packed;
        }

        throw new InvalidDataException("the zip holds no report among its first files");
    }

    // Some packers add folders and files of their own.
    private static bool IsWanted(ReadOnlySpan<byte> name) =>
        !name.StartsWith("__MACOSX/"u8)
        && name.Length > 4
        && (
            System.Text.Ascii.EqualsIgnoreCase(name[^4..], ".xml"u8)
            || System.Text.Ascii.EqualsIgnoreCase(name[^5..], ".json"u8)
        );

    private static MemoryStream AsStream(ReadOnlyMemory<byte> bytes) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(bytes, out var segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
            : new MemoryStream(bytes.ToArray(), writable: false);
}
