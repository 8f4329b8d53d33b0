using System.Text;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>How one run of files in a 7z archive is packed.</summary>
/// <param name="Coders">From the packed bytes to the files: method, its properties, octets that come out.</param>
/// <param name="PackedAt">Where the packed bytes are in the archive.</param>
/// <param name="Packed">How many.</param>
internal sealed record SevenZipFolder(
    IReadOnlyList<(ulong Method, byte[] Properties, long Unpacked)> Coders,
    long PackedAt,
    long Packed
)
{
    /// <summary>Sizes of the files in it, in order.</summary>
    public IReadOnlyList<long> Sizes { get; set; } = [];
}

/// <summary>
/// Reads the header of a 7z archive. Each count in it is held against the octets that are left, so that a header never asks for more
/// memory than its own size.
/// </summary>
internal sealed class SevenZipHeader
{
    private const int SignatureBytes = 32;
    private readonly byte[] _bytes;

    // A few octets here are much more in memory. The longest chain: machine code in four streams, each packed, then encrypted.
    private const int MaxFolders = 10_000;
    private const int MaxCoders = 16;
    private const int MaxInputs = 4;
    private readonly int _maxFiles;
    private int _at;

    private SevenZipHeader(byte[] bytes, int maxFiles) => (_bytes, _maxFiles) = (bytes, maxFiles);

    /// <summary>Whether it is a packed header, whose folder is <see cref="Folders"/>' only one.</summary>
    public bool IsPacked { get; private set; }

    /// <summary>How the files are packed.</summary>
    public List<SevenZipFolder> Folders { get; } = [];

    /// <summary>Names of files with content, in the order of the folders' sizes; then the others.</summary>
    public List<string> Names { get; } = [];

    private int Left => _bytes.Length - _at;

    /// <summary>Reads it.</summary>
    /// <param name="bytes">The header, unpacked.</param>
    /// <param name="maxFiles">Most names that are kept.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static SevenZipHeader Read(byte[] bytes, int maxFiles)
    {
        var header = new SevenZipHeader(bytes, maxFiles);
        header.Read();
        return header;
    }

    private void Read()
    {
        // Without one the archive is empty.
        if (_bytes.Length == 0)
            return;
        var id = Byte();
        IsPacked = id == 0x17;
        if (IsPacked)
        {
            Streams();
            return;
        }

        Check(id == 1);
        for (id = Byte(); id != 0; id = Byte())
        {
            switch (id)
            {
                case 2:
                    while (Byte() != 0)
                        Skip(Number());
                    break;
                case 4:
                    Streams();
                    break;
                case 5:
                    Files();
                    return;
                default:
                    throw new InvalidDataException();
            }
        }
    }

    private void Streams()
    {
        long start = SignatureBytes;
        long[] packed = [];
        var raw = new List<RawFolder>();
        for (var id = Byte(); id != 0; id = Byte())
        {
            switch (id)
            {
                case 6:
                    start += Number();
                    packed = Packed();
                    break;
                case 7:
                    raw = Unpacked();
                    Place(raw, start, packed);
                    break;
                case 8:
                    SubStreams(raw);
                    break;
                default:
                    throw new InvalidDataException();
            }
        }
    }

    private long[] Packed()
    {
        var sizes = new long[Count(Math.Min(Left, MaxFolders * MaxInputs))];
        for (var id = Byte(); id != 0; id = Byte())
        {
            if (id == 9)
                Numbers(sizes);
            else if (id == 10)
                Digests(sizes.Length);
            else
                throw new InvalidDataException();
        }

        return sizes;
    }

    private List<RawFolder> Unpacked()
    {
        Check(Byte() == 11);
        var count = Count(MaxFolders);
        Check(Byte() == 0);
        var folders = new List<RawFolder>();
        for (var i = 0; i < count; i++)
            folders.Add(Folder());
        for (var id = Byte(); id != 0; id = Byte())
        {
            if (id == 12)
            {
                foreach (var folder in folders)
                    Numbers(folder.Sizes);
            }
            else if (id == 10)
            {
                var isDefined = Digests(count);
                for (var i = 0; i < count; i++)
                    folders[i].HasDigest = isDefined[i];
            }
            else
                throw new InvalidDataException();
        }

        return folders;
    }

    private RawFolder Folder()
    {
        var coders = new (ulong Method, byte[] Properties, int Inputs)[Count(MaxCoders)];
        Check(coders.Length > 0);
        for (var i = 0; i < coders.Length; i++)
        {
            var flags = Byte();
            Check((flags & 0x80) == 0);
            ulong method = 0;
            foreach (var b in Bytes(flags & 15))
                method = (method << 8) | b;
            var inputs = 1;
            if ((flags & 0x10) != 0)
            {
                inputs = Count(MaxInputs);
                Check(Number() == 1);
            }

            coders[i] = (method, (flags & 0x20) != 0 ? Bytes(Count()).ToArray() : [], inputs);
        }

        var pairs = new (long In, long Out)[coders.Length - 1];
        for (var i = 0; i < pairs.Length; i++)
            pairs[i] = (Number(), Number());
        var streams = coders.Sum(static c => c.Inputs) - pairs.Length;
        Check(streams > 0);
        var packed = new long[streams];
        if (streams > 1)
            Numbers(packed);
        else
            packed[0] = Enumerable.Range(0, coders.Sum(static c => c.Inputs)).First(i => !pairs.Any(p => p.In == i));
        return new RawFolder(coders, pairs, packed, new long[coders.Length]);
    }

    // From the last coder back along the first inputs, which carry the files; the others carry what filters took out.
    private void Place(List<RawFolder> folders, long start, long[] packed)
    {
        var (stream, at) = (0, start);
        foreach (var folder in folders)
        {
            var chain = new List<(ulong, byte[], long)>();
            var coder = Array.FindIndex(
                [.. Enumerable.Range(0, folder.Coders.Length)],
                i => !folder.Pairs.Any(p => p.Out == i)
            );
            long input = -1;
            for (var steps = 0; coder >= 0; steps++)
            {
                Check(steps <= folder.Coders.Length && coder < folder.Coders.Length);
                chain.Insert(0, (folder.Coders[coder].Method, folder.Coders[coder].Properties, folder.Sizes[coder]));
                input = folder.Coders.Take(coder).Sum(static c => c.Inputs);
                var pair = Array.FindIndex(folder.Pairs, p => p.In == input);
                coder = pair < 0 ? -1 : (int)Math.Min(folder.Pairs[pair].Out, int.MaxValue);
            }

            var index = Array.IndexOf(folder.Packed, input);
            Check(index >= 0 && stream + folder.Packed.Length <= packed.Length);
            Folders.Add(
                new SevenZipFolder(chain, at + packed[stream..(stream + index)].Sum(), packed[stream + index])
                {
                    Sizes = [chain[^1].Item3],
                }
            );
            for (var i = 0; i < folder.Packed.Length; i++)
                at += packed[stream++];
        }
    }

    private void SubStreams(List<RawFolder> raw)
    {
        var counts = raw.ConvertAll(static _ => 1);
        var id = Byte();
        if (id == 13)
        {
            for (var i = 0; i < counts.Count; i++)
                counts[i] = Count(Left + 1);
            id = Byte();
        }

        for (var i = 0; i < Folders.Count; i++)
        {
            // More than one each have their size, an octet at least.
            Check(counts[i] <= 1 || id == 9);
            var sizes = new List<long>();
            var rest = Folders[i].Sizes[0];
            for (var j = 0; j < counts[i]; j++)
            {
                // The last one is what is left.
                var size =
                    j == counts[i] - 1 ? rest
                    : id == 9 ? Number()
                    : 0;
                Check(size >= 0 && size <= rest);
                rest -= size;
                sizes.Add(size);
            }

            Folders[i].Sizes = sizes;
        }

        if (id == 9)
            id = Byte();
        while (id != 0)
        {
            Check(id == 10);
            var unknown = 0L;
            for (var i = 0; i < counts.Count; i++)
                unknown += counts[i] == 1 && raw[i].HasDigest ? 0 : counts[i];
            Check(unknown <= Left * 8L);
            Digests((int)unknown);
            id = Byte();
        }
    }

    private void Files()
    {
        var count = Count(Left);
        var names = new List<string>();
        var isEmpty = new bool[count];
        for (var id = Byte(); id != 0; id = Byte())
        {
            var size = Count();
            var end = _at + size;
            if (id == 14)
                isEmpty = Bits(count);
            else if (id == 17 && Byte() == 0)
            {
                for (var i = 0; i < count && names.Count <= _maxFiles; i++)
                    names.Add(Name(end));
            }

            _at = end;
        }

        Names.AddRange(names.Where((_, i) => !isEmpty[i]));
        Names.AddRange(names.Where((_, i) => isEmpty[i]));
    }

    private string Name(int end)
    {
        var start = _at;
        while (_at + 1 < end && (_bytes[_at] | _bytes[_at + 1]) != 0)
            _at += 2;
        Check(_at + 1 < end);
        var name = Encoding.Unicode.GetString(_bytes, start, _at - start);
        _at += 2;
        return name;
    }

    private bool[] Digests(int count)
    {
        var isDefined = Enumerable.Repeat(true, count).ToArray();
        if (Byte() == 0)
            isDefined = Bits(count);
        Skip(4L * isDefined.Count(static d => d));
        return isDefined;
    }

    private bool[] Bits(int count)
    {
        var bytes = Bytes((count + 7) / 8);
        var bits = new bool[count];
        for (var i = 0; i < count; i++)
            bits[i] = (bytes[i / 8] & (0x80 >> (i % 8))) != 0;
        return bits;
    }

    private void Numbers(long[] to)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] = Number();
    }

    // What is counted takes an octet at least, or a bit of one.
    private int Count(int most = int.MaxValue)
    {
        var count = Number();
        Check(count <= Math.Min(most, Left * 8L));
        return (int)count;
    }

    // The ones at the top of the first octet say how many follow; what is left of it are the highest bits.
    private long Number()
    {
        var first = Byte();
        var mask = 0x80;
        ulong value = 0;
        for (var i = 0; i < 8; i++, mask >>= 1)
        {
            if ((first & mask) == 0)
            {
                value |= (ulong)(first & (mask - 1)) << (8 * i);
                break;
            }

            value |= (ulong)Byte() << (8 * i);
        }

        Check(value <= long.MaxValue >> 8);
        return (long)value;
    }

    private byte Byte()
    {
        Check(Left > 0);
        return _bytes[_at++];
    }

    private ReadOnlySpan<byte> Bytes(int count)
    {
        Check(count <= Left);
        _at += count;
        return _bytes.AsSpan(_at - count, count);
    }

    private void Skip(long count)
    {
        Check(count >= 0 && count <= Left);
        _at += (int)count;
    }

    private static void Check(bool holds)
    {
        if (!holds)
            throw new InvalidDataException();
    }

    private sealed record RawFolder(
        (ulong Method, byte[] Properties, int Inputs)[] Coders,
        (long In, long Out)[] Pairs,
        long[] Packed,
        long[] Sizes
    )
    {
        public bool HasDigest { get; set; }
    }
}
