using System.Buffers.Binary;
using System.IO.Compression;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.LZMA;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>A 7z archive. Its header is read by our own reader, and its packed streams by a library's.</summary>
internal sealed class SevenZipFile(ContentWalk walk, Stream content, string where, int depth)
{
    private const int MaxHeader = 16 << 20;
    private const long MaxDictionary = 64 << 20;
    private const int Weight = 2;
    private const int FolderBytes = 64;

    // Filters of machine code change addresses in it and leave its head alone: what a file is can be told without them.
    private const ulong FirstFilter = 0x03030103;
    private const ulong LastFilter = 0x03030fff;

    /// <summary>Looks at its files.</summary>
    public void Look()
    {
        var start = new byte[32];
        content.Position = 0;
        content.ReadExactly(start);
        var (at, size) = (
            BinaryPrimitives.ReadInt64LittleEndian(start.AsSpan(12)),
            BinaryPrimitives.ReadInt64LittleEndian(start.AsSpan(20))
        );
        if (at < 0 || size is < 0 or > MaxHeader || at > content.Length - 32 - size)
            throw new InvalidDataException();
        var bytes = new byte[size];
        content.Position = 32 + at;
        content.ReadExactly(bytes);
        SevenZipHeader header;
        for (var layers = 0; ; layers++)
        {
            if (!walk.Spend(bytes.Length, where))
                return;
            header = SevenZipHeader.Read(bytes, 100_000);
            if (!header.IsPacked)
                break;
            if (layers == 4 || header.Folders is not [var packed] || packed.Sizes is not [<= MaxHeader])
                throw new InvalidDataException();
            using var unpacked = Open(packed);
            if (unpacked is null)
                return;
            bytes = new byte[packed.Sizes[0]];
            unpacked.ReadExactly(bytes);
        }

        Files(header);
    }

    private void Files(SevenZipHeader header)
    {
        var name = 0;
        foreach (var folder in header.Folders)
        {
            if (walk.IsOver)
                return;
            var names = header.Names.Skip(name).Take(folder.Sizes.Count).ToList();
            name += folder.Sizes.Count;
            if (!walk.Spend(FolderBytes, where))
                return;
            // Nothing comes out of it: what it would take to unpack nothing is not taken.
            if (folder.Sizes.Count == 0)
                continue;
            try
            {
                using var unpacked = Open(folder);
                if (unpacked is null)
                {
                    foreach (var one in names)
                        walk.NameOnly([one], where);
                    continue;
                }

                // All files of a folder are one stream; what each has of its packed size nobody knows.
                for (var i = 0; i < folder.Sizes.Count && !walk.IsOver; i++)
                {
                    using var file = new Front(unpacked, folder.Sizes[i]);
                    var packed = folder.Sizes.Count == 1 ? folder.Packed : Math.Max(folder.Packed, 1);
                    walk.Unpack(file, packed, Weight, i < names.Count ? [names[i]] : [], where, depth);
                }
            }
            catch (Exception e) when (ContentWalk.IsDamage(e))
            {
                walk.Add(ContentRule.Unreadable, where, $"a 7z archive that is damaged ({e.GetType().Name})");
            }
        }

        foreach (var one in header.Names.Skip(name))
            walk.NameOnly([one], where);
    }

    private Stream? Open(SevenZipFolder folder)
    {
        Stream stream = new Slice(
            content,
            folder.PackedAt,
            Math.Clamp(folder.Packed, 0, Math.Max(0, content.Length - folder.PackedAt))
        );
        var memory = MaxDictionary;
        foreach (var (method, properties, unpacked) in folder.Coders)
        {
            if (method == 0x06f10701)
            {
                walk.Add(ContentRule.Encrypted, where, "a 7z archive with a password");
                return null;
            }

            var next = method switch
            {
                0 => stream,
                >= FirstFilter and <= LastFilter => stream,
                0x04 or 0x05 or 0x06 or 0x07 or 0x08 or 0x09 or 0x0a or 0x0b => stream,
                0x030101 => Lzma(stream, properties, folder.Packed, unpacked, ref memory),
                0x21 => Lzma2(stream, properties, folder.Packed, unpacked, ref memory),
                0x040108 => new DeflateStream(stream, CompressionMode.Decompress),
                0x040202 => BZip2Stream.Create(stream, SharpCompress.Compressors.CompressionMode.Decompress, false),
                _ => null,
            };
            if (next is null)
            {
                walk.Add(
                    ContentRule.Unreadable,
                    where,
                    $"a 7z archive packed by method {method:x}, or for much memory"
                );
                return null;
            }

            stream = next;
        }

        return stream;
    }

    // A dictionary larger than what comes out of it is never filled: it need not be as large as the archive says.
    private static LzmaStream? Lzma(Stream packed, byte[] properties, long size, long unpacked, ref long memory)
    {
        if (properties.Length != 5)
            throw new InvalidDataException();
        var own = (byte[])properties.Clone();
        var dictionary = Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(own.AsSpan(1)), Math.Max(unpacked, 4096));
        if ((memory -= dictionary) < 0)
            return null;
        BinaryPrimitives.WriteUInt32LittleEndian(own.AsSpan(1), (uint)Math.Max(dictionary, 4096));
        return LzmaStream.Create(own, packed, size, unpacked);
    }

    private static LzmaStream? Lzma2(Stream packed, byte[] properties, long size, long unpacked, ref long memory)
    {
        if (properties is not [<= 40])
            throw new InvalidDataException();
        byte bits = 0;
        while (bits < properties[0] && Dictionary(bits) < unpacked)
            bits++;
        return (memory -= Dictionary(bits)) < 0 ? null : LzmaStream.Create([bits], packed, size, unpacked);
    }

    private static long Dictionary(byte bits) => (2L | (bits & 1)) << ((bits >> 1) + 11);

    /// <summary>The next octets of a stream, which goes on behind them.</summary>
    private sealed class Front(Stream inner, long length) : Stream
    {
        private long _left = length;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = inner.Read(buffer, offset, (int)Math.Min(count, _left));
            _left -= read;
            // A folder that ends in the middle of a file is damaged, and not endlessly empty.
            return read == 0 && count > 0 && _left > 0 ? throw new EndOfStreamException() : read;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
