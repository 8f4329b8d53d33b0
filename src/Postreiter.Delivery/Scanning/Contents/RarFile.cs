using SharpCompress.Common;
using SharpCompress.Readers;
using SharpCompress.Readers.Rar;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>A rar archive.</summary>
internal sealed class RarFile(ContentWalk walk, Stream content, string where, int depth)
{
    // Our unpacker holds as much of what it wrote as the archive says.
    private const int MaxDictionary = 64 << 20;
    private const int MaxName = 64 * 1024;
    private const int Weight = 2;

    /// <summary>Looks at its files.</summary>
    public void Look()
    {
        if (!HasSmallDictionaries())
        {
            walk.Add(
                ContentRule.Unreadable,
                where,
                $"a rar archive that is damaged, or needs more than {MaxDictionary >> 20} MiB of memory"
            );
            return;
        }

        content.Position = 0;
        try
        {
            using var reader = RarReader.OpenReader(content, new ReaderOptions { LeaveStreamOpen = true });
            while (!walk.IsOver && reader.MoveToNextEntry())
            {
                var entry = reader.Entry;
                var name = entry.Key ?? "";
                if (!walk.Spend(64 + name.Length, where))
                    return;
                if (entry.IsEncrypted)
                {
                    walk.NameOnly([name], where);
                    walk.Add(ContentRule.Encrypted, where, "a rar archive with a password");
                    continue;
                }

                if (entry.IsDirectory)
                    continue;
                if (entry.IsSplitAfter)
                {
                    walk.NameOnly([name], where);
                    walk.Add(ContentRule.Unreadable, where, "one volume of a rar archive");
                    return;
                }

                using var file = reader.OpenEntryStream();
                walk.Unpack(file, entry.CompressedSize, Weight, [name], where, depth);
            }
        }
        catch (CryptographicException)
        {
            walk.Add(ContentRule.Encrypted, where, "a rar archive with a password");
        }
        catch (MultiVolumeExtractionException)
        {
            walk.Add(ContentRule.Unreadable, where, "one volume of a rar archive");
        }
    }

    // Version 5 lets an archive ask for up to 4 GiB, in each file's header; versions before it for 4 MiB at most.
    private bool HasSmallDictionaries()
    {
        var head = new byte[8];
        content.Position = 0;
        if (content.ReadAtLeast(head, 8, throwOnEndOfStream: false) < 8 || head[6] != 1)
            return true;
        while (content.Position < content.Length - 4 && walk.Spend(16, where))
        {
            content.Position += 4;
            if (!TryNumber(out var size))
                return true;
            var start = content.Position;
            if (!TryNumber(out var type) || !TryNumber(out var flags))
                return true;
            if ((flags & 1) != 0 && !TryNumber(out _))
                return true;
            long data = 0;
            // The reader skips what follows files and services alone: a dictionary behind anything else would be one we have not seen.
            if ((flags & 2) != 0 && type is not (2 or 3))
                return false;
            if ((flags & 2) != 0 && !TryNumber(out data))
                return true;
            if (type is 2 or 3)
            {
                // File flags, unpacked size, attributes; then by the flags a time and a sum; then how it is packed.
                if (!TryNumber(out var fileFlags) || !TryNumber(out _) || !TryNumber(out _))
                    return true;
                content.Position += ((fileFlags & 2) != 0 ? 4 : 0) + ((fileFlags & 4) != 0 ? 4 : 0);
                if (!TryNumber(out var packing))
                    return true;
                // The system that made it, then its name.
                if (!TryNumber(out _) || !TryNumber(out var name) || name is < 0 or > MaxName)
                    return false;
                if ((128L << 10) << (int)((packing >> 10) & 15) > MaxDictionary)
                    return false;
            }

            // Encrypted headers cannot be walked; the end needs not be.
            if (
                type is 4 or 5
                || size < 0
                || data < 0
                || start > content.Length - size
                || start + size > content.Length - data
            )
                return true;
            content.Position = start + size + data;
        }

        return true;
    }

    // Seven bits an octet, the lowest first.
    private bool TryNumber(out long number)
    {
        number = 0;
        for (var shift = 0; shift < 63; shift += 7)
        {
            var b = content.ReadByte();
            if (b < 0)
                return false;
            number |= (long)(b & 127) << shift;
            if (b < 128)
                return true;
        }

        return false;
    }
}
