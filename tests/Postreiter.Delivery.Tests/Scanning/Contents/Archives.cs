using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Postreiter.Delivery.Tests.Scanning.Contents;

/// <summary>Makes archives and documents, good ones and such as no program makes.</summary>
internal static class Archives
{
    /// <summary>The beginning of a program for Windows.</summary>
    public static byte[] Program { get; } = MakeProgram();

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using var to = new MemoryStream();
        using (var zip = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return to.ToArray();
    }

    public static byte[] Gzip(byte[] content)
    {
        using var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(content);
        return to.ToArray();
    }

    public static byte[] Tar(TarEntryFormat format, params (string Name, byte[] Content)[] files)
    {
        using var to = new MemoryStream();
        using (var tar = new TarWriter(to, format, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                TarEntry entry = format switch
                {
                    TarEntryFormat.Pax => new PaxTarEntry(TarEntryType.RegularFile, name),
                    TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, name),
                    _ => new V7TarEntry(TarEntryType.V7RegularFile, name),
                };
                entry.DataStream = new MemoryStream(content);
                tar.WriteEntry(entry);
            }
        }

        return to.ToArray();
    }

    /// <summary>A zip archive in another, so many times.</summary>
    public static byte[] Nested(int times, byte[] innermost)
    {
        // Each level puts its header in front and its list behind: written from both ends, for octets are many.
        var (front, back) = (RawZip(new RawEntry("a.zip", [])).Length - 73, 73);
        var whole = new byte[innermost.Length + (times * (front + back))];
        innermost.CopyTo(whole, times * front);
        for (var i = 0; i < times; i++)
        {
            var length = whole.Length - ((i + 1) * (front + back));
            var level = RawZip(new RawEntry("a.zip", []) { Packed = length, Unpacked = length });
            level.AsSpan(0, front).CopyTo(whole.AsSpan(i * front));
            var end = level.AsSpan(front);
            BinaryPrimitives.WriteUInt32LittleEndian(end[^6..], (uint)(front + length));
            end.CopyTo(whole.AsSpan(whole.Length - ((i + 1) * back)));
        }

        return whole;
    }

    /// <summary>A zip archive, octet by octet: files are stored, and what its headers say is the test's.</summary>
    public static byte[] RawZip(params RawEntry[] entries)
    {
        using var to = new MemoryStream();
        var list = new MemoryStream();
        foreach (var entry in entries)
        {
            var at = (uint)to.Position;
            var (local, central) = (
                Encoding.Latin1.GetBytes(entry.LocalName ?? entry.Name),
                Encoding.Latin1.GetBytes(entry.Name)
            );
            Put(
                to,
                0x04034b50u,
                (ushort)20,
                entry.Flags,
                entry.Method,
                0u,
                0u,
                (uint)entry.Packed,
                (uint)entry.Unpacked
            );
            Put(to, (ushort)local.Length, (ushort)0);
            to.Write(local);
            to.Write(entry.Content);
            Put(list, 0x02014b50u, (ushort)20, (ushort)20, entry.Flags, entry.Method, 0u, 0u);
            Put(
                list,
                (uint)entry.Packed,
                (uint)entry.Unpacked,
                (ushort)central.Length,
                (ushort)0,
                (ushort)0,
                (ushort)0,
                (ushort)0,
                0u
            );
            Put(list, entry.At ?? at);
            list.Write(central);
        }

        var start = (uint)to.Position;
        to.Write(list.ToArray());
        Put(
            to,
            0x06054b50u,
            (ushort)0,
            (ushort)0,
            (ushort)entries.Length,
            (ushort)entries.Length,
            (uint)list.Length,
            start,
            (ushort)0
        );
        return to.ToArray();
    }

    /// <summary>A rar archive of version 5 whose files are stored ([RAR 5.0 archive format]).</summary>
    public static byte[] Rar5(string name, byte[] content, int dictionary = 0, byte[]? main = null)
    {
        using var to = new MemoryStream();
        to.Write([.. "Rar!"u8, 0x1a, 7, 1, 0]);
        Block(main ?? [1, 0, 0]);
        var bytes = Encoding.UTF8.GetBytes(name);
        Block([
            2,
            2,
            .. Number(content.Length),
            4,
            .. Number(content.Length),
            0x20,
            .. Little(Crc(content)),
            .. Number(dictionary << 10),
            1,
            .. Number(bytes.Length),
            .. bytes,
        ]);
        to.Write(content);
        Block([5, 0, 0]);
        return to.ToArray();

        void Block(byte[] header)
        {
            byte[] sized = [.. Number(header.Length), .. header];
            to.Write(Little(Crc(sized)));
            to.Write(sized);
        }
    }

    /// <summary>A rar archive of version 4 whose file is stored.</summary>
    public static byte[] Rar4(string name, byte[] content, ushort flags = 0)
    {
        using var to = new MemoryStream();
        to.Write([.. "Rar!"u8, 0x1a, 7, 0]);
        Block([0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0]);
        var bytes = Encoding.ASCII.GetBytes(name);
        Block([
            0x74,
            .. Short((ushort)(0x8000 | flags)),
            .. Short((ushort)(32 + bytes.Length)),
            .. Little((uint)content.Length),
            .. Little((uint)content.Length),
            2,
            .. Little(Crc(content)),
            0,
            0,
            0,
            0,
            20,
            0x30,
            .. Short((ushort)bytes.Length),
            0,
            0,
            0,
            0,
            .. bytes,
        ]);
        to.Write(content);
        return to.ToArray();

        void Block(byte[] header)
        {
            to.Write(Short((ushort)Crc(header)));
            to.Write(header);
        }
    }

    /// <summary>A compound file of OLE with a root, and streams or storages of these names without content.</summary>
    public static byte[] Ole(params string[] names) => Ole(names, workbook: []);

    /// <summary>As that, with the content of its last name.</summary>
    public static byte[] Ole(string[] names, byte[] workbook, byte[]? rootClass = null)
    {
        var directories = (names.Length + 1 + 3) / 4;
        var book = (workbook.Length + 511) / 512;
        var file = new byte[512 * (2 + directories + book)];
        var span = file.AsSpan();
        new byte[] { 0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1 }.CopyTo(span);
        BinaryPrimitives.WriteUInt16LittleEndian(span[30..], 9);
        BinaryPrimitives.WriteUInt32LittleEndian(span[44..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(span[48..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(span[68..], 0xfffffffe);
        span[76..512].Fill(0xff);
        BinaryPrimitives.WriteUInt32LittleEndian(span[76..], 0);
        var table = span[512..1024];
        table.Fill(0xff);
        BinaryPrimitives.WriteUInt32LittleEndian(table, 0xfffffffd);
        for (var i = 1; i <= directories; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(table[(4 * i)..], i == directories ? 0xfffffffe : (uint)i + 1);
        for (var i = 1; i <= book; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(
                table[(4 * (directories + i))..],
                i == book ? 0xfffffffe : (uint)(directories + i + 1)
            );
        var all = new List<string> { "Root Entry" };
        all.AddRange(names);
        for (var i = 0; i < all.Count; i++)
        {
            var entry = span.Slice(1024 + (128 * i), 128);
            var length = Encoding.Unicode.GetBytes(all[i], entry);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[64..], (ushort)(length + 2));
            entry[66] = (byte)(i == 0 ? 5 : 2);
            if (i == 0)
                rootClass?.CopyTo(entry[80..]);
            if (i == all.Count - 1 && book > 0)
                BinaryPrimitives.WriteUInt32LittleEndian(entry[116..], (uint)directories + 1);
        }

        workbook.CopyTo(span[(512 * (2 + directories))..]);
        return file;
    }

    private static void Put(MemoryStream to, params object[] values)
    {
        foreach (var value in values)
            to.Write(value is ushort two ? Short(two) : Little((uint)value));
    }

    private static byte[] Short(ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Little(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Number(long value)
    {
        var bytes = new List<byte>();
        for (; value > 127; value >>= 7)
            bytes.Add((byte)(value | 128));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static uint Crc(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xedb88320);
        }

        return ~crc;
    }

    private static byte[] MakeProgram()
    {
        var bytes = new byte[512];
        "MZ"u8.CopyTo(bytes);
        bytes[60] = 128;
        "PE\0\0"u8.CopyTo(bytes.AsSpan(128));
        return bytes;
    }
}

/// <summary>One file of a zip archive, with what its headers say of it.</summary>
internal sealed record RawEntry(string Name, byte[] Content)
{
    public string? LocalName { get; init; }
    public ushort Flags { get; init; }
    public ushort Method { get; init; }
    public long Packed { get; init; } = Content.Length;
    public long Unpacked { get; init; } = Content.Length;
    public uint? At { get; init; }
}
