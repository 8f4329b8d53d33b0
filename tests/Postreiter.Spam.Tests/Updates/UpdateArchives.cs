using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Postreiter.Spam.Updates;

namespace Postreiter.Spam.Tests.Updates;

/// <summary>Archives of rules for tests.</summary>
internal static class UpdateArchives
{
    public static byte[] Of(params (string Name, string Text)[] files) =>
        Of([
            .. files.Select(static f => new PaxTarEntry(TarEntryType.RegularFile, f.Name)
            {
                DataStream = new MemoryStream(Encoding.Latin1.GetBytes(f.Text)),
            }),
        ]);

    public static byte[] Of(params TarEntry[] entries)
    {
        using var octets = new MemoryStream();
        using (var packed = new GZipStream(octets, CompressionMode.Compress, leaveOpen: true))
        using (var writer = new TarWriter(packed))
        {
            foreach (var entry in entries)
                writer.WriteEntry(entry);
        }

        return octets.ToArray();
    }

    public static ChannelUpdate Update(long serial, byte[] archive) =>
        new(serial, archive, Sha512(archive), null, null);

    public static string Sha512(byte[] octets) =>
        Convert.ToHexStringLower(SHA512.HashData(octets)) + "  update.tar.gz\n";
}
