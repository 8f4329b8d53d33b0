using System.Buffers.Binary;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>How a file is looked into.</summary>
internal enum FileForm
{
    /// <summary>Not at all: it is what it is.</summary>
    Plain,

    /// <summary>A program.</summary>
    Program,

    /// <summary>A compound file of OLE.</summary>
    Ole,

    /// <summary>An archive of a kind that is opened here.</summary>
    Zip,

    /// <inheritdoc cref="Zip"/>
    Gzip,

    /// <inheritdoc cref="Zip"/>
    Bzip2,

    /// <inheritdoc cref="Zip"/>
    Tar,

    /// <inheritdoc cref="Zip"/>
    SevenZip,

    /// <inheritdoc cref="Zip"/>
    Rar,

    /// <summary>An archive of a kind that is not opened here.</summary>
    Closed,
}

/// <summary>What a file is by its content.</summary>
/// <param name="Form">How it is looked into.</param>
/// <param name="Type">Its usual extension; empty when it is not known.</param>
/// <param name="Name">For people.</param>
internal readonly record struct FileKind(FileForm Form, string Type, string Name)
{
    /// <summary>Octets of a file's beginning that are wanted.</summary>
    public const int HeadBytes = 36 * 1024;

    private static readonly (byte[] Magic, int At, FileKind Kind)[] Known =
    [
        ([0x7f, .. "ELF"u8], 0, new(FileForm.Program, "elf", "a program (ELF)")),
        ([0xfe, 0xed, 0xfa, 0xce], 0, new(FileForm.Program, "macho", "a program (Mach-O)")),
        ([0xfe, 0xed, 0xfa, 0xcf], 0, new(FileForm.Program, "macho", "a program (Mach-O)")),
        ([0xce, 0xfa, 0xed, 0xfe], 0, new(FileForm.Program, "macho", "a program (Mach-O)")),
        ([0xcf, 0xfa, 0xed, 0xfe], 0, new(FileForm.Program, "macho", "a program (Mach-O)")),
        ([0xca, 0xfe, 0xba, 0xbe], 0, new(FileForm.Program, "class", "a program (Java or Mach-O)")),
        ([0x4c, 0, 0, 0, 0x01, 0x14, 0x02, 0], 0, new(FileForm.Program, "lnk", "a shortcut")),
        ([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], 0, new(FileForm.Ole, "doc", "an OLE document")),
        ([.. "PK"u8, 3, 4], 0, new(FileForm.Zip, "zip", "a zip archive")),
        ([.. "PK"u8, 5, 6], 0, new(FileForm.Zip, "zip", "a zip archive")),
        // In several volumes, of which this is the first.
        ([.. "PK"u8, 7, 8, .. "PK"u8], 0, new(FileForm.Zip, "zip", "a zip archive")),
        ([.. "PK00PK"u8], 0, new(FileForm.Zip, "zip", "a zip archive")),
        ([0x1f, 0x8b, 8], 0, new(FileForm.Gzip, "gz", "a gzip file")),
        ([.. "BZh"u8], 0, new(FileForm.Bzip2, "bz2", "a bzip2 file")),
        ([.. "7z"u8, 0xbc, 0xaf, 0x27, 0x1c], 0, new(FileForm.SevenZip, "7z", "a 7z archive")),
        ([.. "Rar!"u8, 0x1a, 7], 0, new(FileForm.Rar, "rar", "a rar archive")),
        ([0xfd, .. "7zXZ"u8, 0], 0, new(FileForm.Closed, "xz", "an xz file")),
        ([0x28, 0xb5, 0x2f, 0xfd], 0, new(FileForm.Closed, "zst", "a zstd file")),
        ([.. "LZIP"u8], 0, new(FileForm.Closed, "lz", "an lzip file")),
        ([.. "MSCF"u8, 0, 0, 0, 0], 0, new(FileForm.Closed, "cab", "a cabinet")),
        ([0x60, 0xea], 0, new(FileForm.Closed, "arj", "an arj archive")),
        ([.. "**ACE**"u8], 7, new(FileForm.Closed, "ace", "an ace archive")),
        ([.. "-lh"u8], 2, new(FileForm.Closed, "lzh", "an lzh archive")),
        ([0x78, 0x9f, 0x3e, 0x22], 0, new(FileForm.Closed, "tnef", "a TNEF container")),
        ([.. "ITSF"u8], 0, new(FileForm.Program, "chm", "a compiled help file")),
        ([.. "vhdxfile"u8], 0, new(FileForm.Closed, "vhdx", "a disk image")),
        ([.. "conectix"u8], 0, new(FileForm.Closed, "vhd", "a disk image")),
        ([.. "CD001"u8], 32769, new(FileForm.Closed, "iso", "a disk image")),
        (
            [0xe4, 0x52, 0x5c, 0x7b, 0x8c, 0xd8, 0xa7, 0x4d, 0xae, 0xb1, 0x53, 0x78, 0xd0, 0x29, 0x96, 0xd3],
            0,
            new(FileForm.Plain, "one", "a OneNote section")
        ),
        ([.. "%PDF-"u8], 0, new(FileForm.Plain, "pdf", "a PDF document")),
        ([.. "{\\rtf"u8], 0, new(FileForm.Plain, "rtf", "an RTF document")),
        ([0x89, .. "PNG"u8], 0, new(FileForm.Plain, "png", "a picture")),
        ([.. "GIF8"u8], 0, new(FileForm.Plain, "gif", "a picture")),
        ([0xff, 0xd8, 0xff], 0, new(FileForm.Plain, "jpg", "a picture")),
        ([.. "CWS"u8], 0, new(FileForm.Plain, "swf", "a Flash film")),
        ([.. "FWS"u8], 0, new(FileForm.Plain, "swf", "a Flash film")),
        ([.. "#!"u8], 0, new(FileForm.Plain, "sh", "a script")),
    ];

    /// <summary>A file of which nothing is known.</summary>
    public static FileKind Unknown { get; } = new(FileForm.Plain, "", "a file");

    /// <summary>Whether more is in it than its head shows.</summary>
    public bool IsContainer => Form is FileForm.Ole or (>= FileForm.Zip and <= FileForm.Rar);

    /// <summary>Looks at the beginning of a file.</summary>
    public static FileKind Of(ReadOnlySpan<byte> head)
    {
        if (IsWindowsProgram(head))
            return new FileKind(FileForm.Program, "exe", "a program (Windows)");
        foreach (var (magic, at, kind) in Known)
        {
            if (head.Length >= at + magic.Length && head.Slice(at, magic.Length).SequenceEqual(magic))
                return kind;
        }

        return IsTar(head) ? new FileKind(FileForm.Tar, "tar", "a tar archive") : Unknown;
    }

    /// <summary>A checksum of the first header that is right: old archives have no other mark.</summary>
    public static bool IsTar(ReadOnlySpan<byte> head)
    {
        if (head.Length < 512 || head[0] == 0)
            return false;
        var sum = 0;
        for (var i = 0; i < 512; i++)
            sum += i is >= 148 and < 156 ? ' ' : head[i];
        var told = 0L;
        foreach (var b in head[148..156])
        {
            if (b is >= (byte)'0' and <= (byte)'7')
                told = (told * 8) + (b - '0');
            else if (told > 0)
                break;
        }

        return told == sum;
    }

    // "MZ" alone is a word too: there is a further header where it says, or at least the rest of its own.
    private static bool IsWindowsProgram(ReadOnlySpan<byte> head)
    {
        if (head.Length < 28 || !(head.StartsWith("MZ"u8) || head.StartsWith("ZM"u8)))
            return false;
        if (head.Length >= 64)
        {
            var at = BinaryPrimitives.ReadInt32LittleEndian(head[60..]);
            if (
                at >= 4
                && at <= head.Length - 2
                && head[at..] is [(byte)'P' or (byte)'N' or (byte)'L', (byte)'E' or (byte)'X', ..]
            )
                return true;
            // Where its header is cannot be seen from here.
            if (at > head.Length - 2 && at < 1 << 24)
                return true;
        }

        // A program of DOS: binary from the start. What is text is none.
        return head[2..28].Contains((byte)0);
    }
}
