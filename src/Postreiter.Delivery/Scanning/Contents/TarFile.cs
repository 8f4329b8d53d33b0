using System.Text;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>A tar archive: headers of 512 octets with their files behind them, with long names of GNU and pax.</summary>
internal sealed class TarFile(ContentWalk walk, Stream content, string where, int depth)
{
    private const int Block = 512;
    private const int MaxName = 4096;

    /// <summary>Looks at its files.</summary>
    public void Look()
    {
        var header = new byte[Block];
        string? longName = null;
        for (long at = 0; at + Block <= content.Length && !walk.IsOver; )
        {
            content.Position = at;
            content.ReadExactly(header);
            at += Block;
            if (!walk.Spend(Block, where))
                return;
            if (header[0] == 0)
                continue;
            if (!FileKind.IsTar(header))
            {
                walk.Add(ContentRule.Unreadable, where, "a tar archive that is damaged");
                return;
            }

            var size = Size(header.AsSpan(124, 12));
            if (size < 0 || size > content.Length - at)
            {
                walk.Add(ContentRule.Unreadable, where, "a tar archive that ends in a file");
                size = content.Length - at;
            }

            using var file = new Slice(content, at, size);
            switch (header[156])
            {
                case (byte)'L':
                    longName = Text(file);
                    break;
                case (byte)'x':
                    longName = Path(Text(file)) ?? longName;
                    break;
                case (byte)'g' or (byte)'K' or (byte)'5' or (byte)'1' or (byte)'2':
                    break;
                default:
                    walk.Unpack(file, size, 1, Names(header, longName), where, depth);
                    break;
            }

            if (header[156] is not ((byte)'L' or (byte)'x' or (byte)'K'))
                longName = null;
            at += (size + Block - 1) / Block * Block;
        }
    }

    private static List<string> Names(byte[] header, string? longName)
    {
        var names = new List<string> { Field(header.AsSpan(0, 100)) };
        if (longName is not null)
            names.Insert(0, longName);
        return names;
    }

    // Octal digits, or a number in base 256 (GNU).
    private static long Size(ReadOnlySpan<byte> field)
    {
        long size = 0;
        if ((field[0] & 0x80) != 0)
        {
            for (var i = 1; i < field.Length; i++)
            {
                if (size > long.MaxValue >> 8)
                    return -1;
                size = (size << 8) | field[i];
            }

            return size;
        }

        foreach (var b in field)
        {
            if (b is >= (byte)'0' and <= (byte)'7')
                size = (size * 8) + (b - '0');
            else if (size > 0)
                break;
        }

        return size;
    }

    private static string Text(Slice file)
    {
        var bytes = new byte[Math.Min(file.Length, MaxName)];
        var read = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return Field(bytes.AsSpan(0, read));
    }

    // "27 path=a/b\n": only that one of the fields is wanted.
    private static string? Path(string fields)
    {
        foreach (var line in fields.Split('\n'))
        {
            var at = line.IndexOf(" path=", StringComparison.Ordinal);
            if (at >= 0)
                return line[(at + 6)..];
        }

        return null;
    }

    private static string Field(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
