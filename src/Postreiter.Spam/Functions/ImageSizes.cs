using System.Buffers.Binary;
using System.Text;
using Postreiter.Spam.Mail;

namespace Postreiter.Spam.Functions;

/// <summary>The pictures attached to a mail and what their first octets say of their size.</summary>
internal sealed class ImageSizes
{
    private static readonly byte[] PngMark = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];
    private readonly List<Image> _images = [];

    private ImageSizes(SpamMail mail)
    {
        foreach (var part in mail.Leaves)
        {
            var kind = part.Type switch
            {
                "image/gif" => "gif",
                "image/png" => "png",
                "image/jpeg" or "image/jpg" => "jpeg",
                _ => null,
            };
            if (kind is null || part.Encoding != "base64")
                continue;
            var octets = Encoding.Latin1.GetBytes(part.Decoded ?? "");
            var (width, height) = kind switch
            {
                "gif" => Gif(octets),
                "png" => Png(octets),
                _ => Jpeg(octets),
            };
            _images.Add(new Image(kind, width, height, part.Name));
        }
    }

    /// <summary>The pictures in order.</summary>
    public IReadOnlyList<Image> All => _images;

    /// <summary>The pictures of a mail.</summary>
    public static ImageSizes Of(MailFacts facts) => facts.Shared(static f => new ImageSizes(f.Mail));

    /// <summary>Those of a kind: `gif`, `png`, `jpeg`, `all`; null for another word.</summary>
    public IEnumerable<Image>? Of(string? kind) =>
        kind switch
        {
            "all" => _images,
            "gif" or "png" or "jpeg" => _images.Where(image => image.Kind == kind),
            _ => null,
        };

    private static (long, long) Gif(ReadOnlySpan<byte> octets) =>
        octets.Length >= 10 && (octets.StartsWith("GIF87a"u8) || octets.StartsWith("GIF89a"u8))
            ? (
                BinaryPrimitives.ReadUInt16LittleEndian(octets[6..]),
                BinaryPrimitives.ReadUInt16LittleEndian(octets[8..])
            )
            : (0, 0);

    // The header chunk is looked for at every eighth octet: in a good picture it is the first.
    private static (long, long) Png(ReadOnlySpan<byte> octets)
    {
        if (!octets.StartsWith(PngMark))
            return (0, 0);
        for (var at = 8; at + 8 <= octets.Length; at += 8)
        {
            var chunk = octets[at..];
            if (chunk[4..].StartsWith("IEND"u8))
                break;
            if (chunk[4..].StartsWith("IHDR"u8) && BinaryPrimitives.ReadUInt32BigEndian(chunk) == 13)
            {
                return chunk.Length < 16
                    ? (0, 0)
                    : (
                        BinaryPrimitives.ReadUInt32BigEndian(chunk[8..]),
                        BinaryPrimitives.ReadUInt32BigEndian(chunk[12..])
                    );
            }
        }

        return (0, 0);
    }

    // Segments up to the frame header; the picture itself is not looked at.
    private static (long, long) Jpeg(ReadOnlySpan<byte> octets)
    {
        if (!octets.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
            return (0, 0);
        for (var at = 2; at + 4 <= octets.Length; )
        {
            var (mark, length) = (octets[at + 1], BinaryPrimitives.ReadUInt16BigEndian(octets[(at + 2)..]));
            if (octets[at] != 0xFF || mark is 0xDA or 0xD9 || length < 2)
                break;
            var segment = octets[(at + 4)..];
            if (mark is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                return segment.Length < 5
                    ? (0, 0)
                    : (
                        BinaryPrimitives.ReadUInt16BigEndian(segment[3..]),
                        BinaryPrimitives.ReadUInt16BigEndian(segment[1..])
                    );
            }

            at += length + 2;
        }

        return (0, 0);
    }

    /// <summary>A picture.</summary>
    /// <param name="Kind">`gif`, `png` or `jpeg`.</param>
    /// <param name="Width">Pixels; 0 where the picture does not tell.</param>
    /// <param name="Height">Pixels; 0 where the picture does not tell.</param>
    /// <param name="Name">The file's name.</param>
    internal sealed record Image(string Kind, long Width, long Height, string? Name)
    {
        /// <summary>Whether it has both sizes.</summary>
        public bool HasSize => Width > 0 && Height > 0;

        /// <summary>Square pixels.</summary>
        public double Area => (double)Width * Height;
    }
}
