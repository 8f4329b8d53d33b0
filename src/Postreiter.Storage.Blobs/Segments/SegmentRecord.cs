using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Postreiter.Storage.Blobs.Segments;

/// <summary>
/// A record of a segment: magic <c>PRB1</c>, content length (4 bytes), CRC-32C of both and of hash and content (4 bytes),
/// SHA-256, content; numbers little-endian.
/// </summary>
internal static class SegmentRecord
{
    /// <summary>Bytes in front of the content.</summary>
    public const int HeaderBytes = 12 + BlobId.Size;

    private const uint Magic = 0x31425250;
    private const int BufferBytes = 64 * 1024;

    /// <summary>Writes the header in front of the content, which is there already.</summary>
    public static void Seal(Span<byte> record, BlobId id)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], record.Length - HeaderBytes);
        id.CopyTo(record[12..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], ~Crc(Crc(~0u, record[..8]), record[12..]));
    }

    /// <summary>Where the whole records that follow one another from an offset on end.</summary>
    public static long EndOfWhole(IBlobFile file, long offset)
    {
        var size = file.Length;
        while (size - offset >= HeaderBytes && LengthAt(file, offset) is var length and >= 0)
        {
            var end = offset + HeaderBytes + length;
            if (end > size || Read(file, offset, length) is null)
                break;
            offset = end;
        }

        return offset;
    }

    /// <summary>Whether the record of a content is whole: header, checksum and hash.</summary>
    /// <param name="file">The segment.</param>
    /// <param name="content">Where the content begins.</param>
    /// <param name="length">Its length.</param>
    /// <param name="id">Its name.</param>
    public static bool IsWhole(IBlobFile file, long content, long length, BlobId id) =>
        content >= HeaderBytes
        && LengthAt(file, content - HeaderBytes) == length
        && Read(file, content - HeaderBytes, length) == id;

    /// <summary>Whether a record agrees with its checksum.</summary>
    /// <param name="file">The segment.</param>
    /// <param name="content">Where the content begins.</param>
    /// <param name="length">Its length.</param>
    /// <param name="into">Takes the content, when it is not null.</param>
    public static bool IsIntact(IBlobFile file, long content, long length, byte[]? into)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (
            content < HeaderBytes
            || file.Read(content - HeaderBytes, header) < HeaderBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic
            || BinaryPrimitives.ReadInt32LittleEndian(header[4..]) != length
        )
            return false;
        var crc = Crc(Crc(~0u, header[..8]), header[12..]);
        if (into is null)
        {
            if (!Walk(file, content, length, bytes => crc = Crc(crc, bytes.Span)))
                return false;
        }
        else
        {
            var bytes = into.AsSpan(0, (int)length);
            if (file.Read(content, bytes) < bytes.Length)
                return false;
            crc = Crc(crc, bytes);
        }

        return ~crc == BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
    }

    /// <summary>Whether a file of its own is whole.</summary>
    public static bool IsWhole(IBlobFile file, long length, BlobId id)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        return file.Length == length
            && Walk(file, 0, length, bytes => hash.AppendData(bytes.Span))
            && new BlobId(hash.GetHashAndReset()) == id;
    }

    // -1 when no record begins there.
    private static long LengthAt(IBlobFile file, long offset)
    {
        Span<byte> start = stackalloc byte[8];
        return file.Read(offset, start) == start.Length && BinaryPrimitives.ReadUInt32LittleEndian(start) == Magic
            ? BinaryPrimitives.ReadInt32LittleEndian(start[4..])
            : -1;
    }

    // The name of a whole record's content; null when checksum or hash is wrong.
    private static BlobId? Read(IBlobFile file, long offset, long length)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.Read(offset, header) < HeaderBytes)
            return null;
        var id = new BlobId(header[12..]);
        var crc = Crc(Crc(~0u, header[..8]), header[12..]);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var isWhole = Walk(
            file,
            offset + HeaderBytes,
            length,
            bytes =>
            {
                crc = Crc(crc, bytes.Span);
                hash.AppendData(bytes.Span);
            }
        );
        return
            isWhole
            && ~crc == BinaryPrimitives.ReadUInt32LittleEndian(header[8..])
            && new BlobId(hash.GetHashAndReset()) == id
            ? id
            : null;
    }

    private static bool Walk(IBlobFile file, long offset, long length, Action<ReadOnlyMemory<byte>> take)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (var done = 0L; done < length; )
            {
                var read = file.Read(offset + done, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - done)));
                if (read == 0)
                    return false;
                take(buffer.AsMemory(0, read));
                done += read;
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
