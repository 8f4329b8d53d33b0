using System.Formats.Tar;
using System.IO.Compression;

namespace Postreiter.Spam.Updates;

/// <summary>Unpacks an archive of rules: plain files without a path, and not too many of them.</summary>
internal static class RuleArchive
{
    /// <summary>Most files.</summary>
    public const int MaxFiles = 1000;

    /// <summary>Most octets of them together: 64 MiB.</summary>
    public const long MaxOctets = 64L << 20;

    // Headers of the files and what fills their blocks; an archive can be all headers.
    private const long MaxHeaders = 4L << 20;

    /// <summary>Unpacks.</summary>
    /// <param name="archive">Octets of a .tar.gz.</param>
    /// <param name="folder">An empty folder.</param>
    /// <exception cref="InvalidDataException">It holds what no archive of rules holds.</exception>
    public static void Unpack(byte[] archive, string folder)
    {
        try
        {
            using var unpacked = new GZipStream(new MemoryStream(archive), CompressionMode.Decompress);
            using var bounded = new BoundedStream(unpacked, MaxOctets + MaxHeaders);
            using var reader = new TarReader(bounded);
            var (files, octets) = (0, 0L);
            while (reader.GetNextEntry() is { } entry)
            {
                if (entry.EntryType is TarEntryType.Directory && entry.Name is "." or "./")
                    continue;
                if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                    throw new InvalidDataException(
                        $"the archive holds {entry.Name}, a {entry.EntryType}: only plain files belong there"
                    );
                if (++files > MaxFiles)
                    throw new InvalidDataException($"the archive holds more than {MaxFiles} files");
                if ((octets += entry.Length) > MaxOctets)
                    throw new InvalidDataException($"the archive holds more than {MaxOctets >> 20} MiB");
                entry.ExtractToFile(Path.Combine(folder, Name(entry.Name)), overwrite: false);
            }
        }
        // A reader of foreign bytes has several words for "this is not one".
        catch (Exception e)
            when (e is EndOfStreamException or FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"the archive is damaged: {e.Message}", e);
        }
    }

    private static string Name(string path)
    {
        var name = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        return
            name.Length is > 0 and <= 128
            && name[0] != '.'
            && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            ? name
            : throw new InvalidDataException($"the archive holds \"{path}\", which is no plain name of a file");
    }

    /// <summary>A stream that is no archive of rules once so much was read of it.</summary>
    private sealed class BoundedStream(Stream source, long most) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = source.Read(buffer);
            if ((_read += count) > most)
                throw new InvalidDataException($"the archive holds more than {MaxOctets >> 20} MiB");
            return count;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
