using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.Deflate64;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>
/// A zip archive, read by its list at the end as programs read it that open it. Headers that say different things of one file are taken
/// for what each of them says.
/// </summary>
internal sealed class ZipFile(ContentWalk walk, Stream content, string where, int depth)
{
    private const int EndBytes = 22;
    private const int EntryBytes = 46;
    private const int LocalBytes = 30;
    private const int MaxNames = 4096;
    private const uint EndMark = 0x06054b50;
    private const uint EntryMark = 0x02014b50;
    private const uint LocalMark = 0x04034b50;
    private const uint Locator64Mark = 0x07064b50;
    private const uint End64Mark = 0x06064b50;

    /// <summary>Whether a file ends as a zip archive does, whatever it begins with.</summary>
    public static bool HasEnd(Stream content) => FindEnd(content, out _) >= 0;

    /// <summary>Looks at its files.</summary>
    public void Look()
    {
        var end = FindEnd(content, out var record);
        if (end < 0)
        {
            walk.Add(ContentRule.Unreadable, where, "a zip archive without its list");
            return;
        }

        var volume = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(4));
        long size = BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(12));
        long start = BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(16));
        var listEnd = end;
        if (start == uint.MaxValue || size == uint.MaxValue)
            (start, size, listEnd) = Read64(end, start, size);
        else if (volume is not 0)
            walk.Add(ContentRule.Unreadable, where, "one volume of a zip archive");
        // What stands before the archive is not counted in its offsets.
        var shift = listEnd - size - start;
        if (shift < 0 || !IsEntry(start + shift))
            shift = 0;
        if (size > 0 && !IsEntry(start + shift))
        {
            walk.Add(ContentRule.Unreadable, where, "a zip archive whose list is not where it says");
            return;
        }

        // The last end counts, and another one may have been put behind that of the files.
        var listed = BinaryPrimitives.ReadUInt16LittleEndian(record.AsSpan(10));
        var seen = Entries(start + shift, end, shift);
        if (!walk.IsOver && ((listed != ushort.MaxValue && seen < listed) || (seen == 0 && IsFile(0))))
            walk.Add(ContentRule.Unreadable, where, "a zip archive whose list is not whole");
    }

    private bool IsFile(long at)
    {
        var local = new byte[LocalBytes];
        return TryRead(at, local) && Mark(local) == LocalMark;
    }

    private int Entries(long at, long end, long shift)
    {
        var seen = 0;
        var fixedPart = new byte[EntryBytes];
        while (at + EntryBytes <= end && !walk.IsOver && TryRead(at, fixedPart) && Mark(fixedPart) == EntryMark)
        {
            int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(fixedPart.AsSpan(28));
            int extraLength = BinaryPrimitives.ReadUInt16LittleEndian(fixedPart.AsSpan(30));
            int commentLength = BinaryPrimitives.ReadUInt16LittleEndian(fixedPart.AsSpan(32));
            var variable = new byte[nameLength + extraLength];
            if (!walk.Spend(EntryBytes + variable.Length + commentLength, where) || !TryRead(at + EntryBytes, variable))
                break;
            var entry = new Entry(
                BinaryPrimitives.ReadUInt16LittleEndian(fixedPart.AsSpan(8)),
                BinaryPrimitives.ReadUInt16LittleEndian(fixedPart.AsSpan(10)),
                BinaryPrimitives.ReadUInt32LittleEndian(fixedPart.AsSpan(20)),
                BinaryPrimitives.ReadUInt32LittleEndian(fixedPart.AsSpan(24)),
                BinaryPrimitives.ReadUInt32LittleEndian(fixedPart.AsSpan(42))
            );
            entry = With64(entry, variable.AsSpan(nameLength));
            var names = new List<string> { Name(variable.AsSpan(0, nameLength), entry.Flags) };
            if (Extra(variable.AsSpan(nameLength), 0x7075) is { Length: > 5 } unicode)
                AddName(names, Encoding.UTF8.GetString(unicode[5..]));
            Look(entry, names, shift);
            seen++;
            at += EntryBytes + variable.Length + commentLength;
        }

        return seen;
    }

    private void Look(Entry entry, List<string> names, long shift)
    {
        var local = new byte[LocalBytes];
        var at = entry.Offset + shift;
        if (at < 0 || !TryRead(at, local) || Mark(local) != LocalMark)
        {
            walk.NameOnly(names, where);
            walk.Add(ContentRule.Unreadable, where, "a zip archive that lists what is not there");
            return;
        }

        var flags = BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(6));
        var method = BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(8));
        var name = new byte[BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(26))];
        if (!walk.Spend(LocalBytes + name.Length, where))
            return;
        if (TryRead(at + LocalBytes, name))
            AddName(names, Name(name, flags));
        var data = at + LocalBytes + name.Length + BinaryPrimitives.ReadUInt16LittleEndian(local.AsSpan(28));
        if (method != entry.Method)
            walk.Add(ContentRule.Unreadable, where, "a zip archive whose headers say different things");
        if (((flags | entry.Flags) & 0x2041) != 0 || method == 99 || entry.Method == 99)
        {
            walk.NameOnly(names, where);
            walk.Add(ContentRule.Encrypted, where, "a zip archive with a password");
            return;
        }

        // An empty folder has nothing in it.
        if (entry is { Packed: 0, Unpacked: 0 } && names[0].EndsWith('/'))
            return;
        var packed = Math.Clamp(entry.Packed, 0, Math.Max(0, content.Length - data));
        using var slice = new Slice(content, data, packed);
        using var unpacked = Open(entry.Method, slice);
        if (unpacked is null)
        {
            walk.NameOnly(names, where);
            walk.Add(ContentRule.Unreadable, where, $"a zip archive packed by method {entry.Method}");
            return;
        }

        try
        {
            walk.Unpack(unpacked, packed, entry.Method == 12 ? 4 : 1, names, where, depth);
        }
        catch (Exception e) when (ContentWalk.IsDamage(e))
        {
            // One that is damaged is no reason not to look at the others.
            walk.Add(ContentRule.Unreadable, where, $"a zip archive that is damaged ({e.GetType().Name})");
        }
    }

    private static Stream? Open(int method, Stream packed) =>
        method switch
        {
            0 => packed,
            8 => new DeflateStream(packed, CompressionMode.Decompress),
            9 => new Deflate64Stream(packed, SharpCompress.Compressors.CompressionMode.Decompress),
            12 => BZip2Stream.Create(packed, SharpCompress.Compressors.CompressionMode.Decompress, false),
            _ => null,
        };

    private (long Start, long Size, long ListEnd) Read64(long end, long start, long size)
    {
        var locator = new byte[20];
        if (end < 20 || !TryRead(end - 20, locator) || Mark(locator) != Locator64Mark)
            return (start, size, end);
        var at = BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8));
        var record = new byte[56];
        // It stands right before the locator when what it says of its place is not so.
        foreach (var place in new[] { at, end - 20 - 56 })
        {
            if (place >= 0 && TryRead(place, record) && Mark(record) == End64Mark)
                return (
                    BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(48)),
                    BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(40)),
                    place
                );
        }

        return (start, size, end);
    }

    private static Entry With64(Entry entry, ReadOnlySpan<byte> extra)
    {
        var field = Extra(extra, 1);
        var (packed, unpacked, offset) = (entry.Packed, entry.Unpacked, entry.Offset);
        foreach (var which in "upo")
        {
            var isHere =
                (
                    which == 'u' ? unpacked
                    : which == 'p' ? packed
                    : offset
                ) == uint.MaxValue;
            if (!isHere || field.Length < 8)
                continue;
            var value = BinaryPrimitives.ReadInt64LittleEndian(field);
            field = field[8..];
            if (which == 'u')
                unpacked = value;
            else if (which == 'p')
                packed = value;
            else
                offset = value;
        }

        return entry with
        {
            Packed = packed,
            Unpacked = unpacked,
            Offset = offset,
        };
    }

    private static ReadOnlySpan<byte> Extra(ReadOnlySpan<byte> extra, int id)
    {
        while (extra.Length >= 4)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4)
                break;
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == id)
                return extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }

        return [];
    }

    // Without the flag it is some code page of DOS or of the packer's machine: what extensions are made of is ASCII in all of them.
    private static string Name(ReadOnlySpan<byte> bytes, int flags)
    {
        if (bytes.Length > MaxNames)
            bytes = bytes[^MaxNames..];
        return ((flags & 0x800) != 0 ? Encoding.UTF8 : Encoding.Latin1).GetString(bytes);
    }

    private static void AddName(List<string> names, string name)
    {
        if (!names.Contains(name, StringComparer.Ordinal))
            names.Add(name);
    }

    private bool IsEntry(long at)
    {
        var mark = new byte[4];
        return at >= 0 && TryRead(at, mark) && Mark(mark) == EntryMark;
    }

    private bool TryRead(long at, byte[] buffer)
    {
        if (at < 0 || at > content.Length - buffer.Length)
            return false;
        content.Position = at;
        content.ReadExactly(buffer);
        return true;
    }

    private static uint Mark(byte[] bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static long FindEnd(Stream content, out byte[] record)
    {
        record = new byte[EndBytes];
        var length = (int)Math.Min(content.Length, EndBytes + ushort.MaxValue);
        if (length < EndBytes)
            return -1;
        var tail = new byte[length];
        content.Position = content.Length - length;
        content.ReadExactly(tail);
        for (var at = length - EndBytes; at >= 0; at--)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at)) != EndMark)
                continue;
            // Some put more behind it than it says: readers take it all the same.
            tail.AsSpan(at, EndBytes).CopyTo(record);
            return content.Length - length + at;
        }

        return -1;
    }

    private readonly record struct Entry(int Flags, int Method, long Packed, long Unpacked, long Offset);
}
