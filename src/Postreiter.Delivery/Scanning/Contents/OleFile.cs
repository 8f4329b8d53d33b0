using System.Buffers.Binary;
using System.Text;

namespace Postreiter.Delivery.Scanning.Contents;

/// <summary>A compound file of OLE ([MS-CFB]): documents of Office before 2007, installers, documents with a password.</summary>
internal sealed class OleFile(ContentWalk walk, Stream content, string where)
{
    private const uint LastSector = 0xfffffffa;
    private const int MaxDirectory = 4 << 20;
    private const int EntryBytes = 128;
    private const int MaxWorkbook = 1 << 20;

    // What an installer's root is called by (Windows Installer), first bytes as they stand in the file.
    private static readonly byte[] Installer = [0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

    private readonly byte[] _header = new byte[512];
    private List<uint> _table = [];
    private int _sectorBytes;

    /// <summary>Looks at its directory.</summary>
    public void Look()
    {
        content.Position = 0;
        content.ReadExactly(_header);
        var shift = BinaryPrimitives.ReadUInt16LittleEndian(_header.AsSpan(30));
        if (shift is not (9 or 12))
        {
            walk.Add(ContentRule.Unreadable, where, "an OLE document that is damaged");
            return;
        }

        _sectorBytes = 1 << shift;
        _table = TableSectors();
        var directory = Chain(BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(48)), MaxDirectory);
        if (directory.Length == 0)
            walk.Add(ContentRule.Unreadable, where, "an OLE document that is damaged");
        for (var at = 0; at + EntryBytes <= directory.Length; at += EntryBytes)
            Judge(directory.AsSpan(at, EntryBytes), isRoot: at == 0);
    }

    private void Judge(ReadOnlySpan<byte> entry, bool isRoot)
    {
        int length = BinaryPrimitives.ReadUInt16LittleEndian(entry[64..]);
        if (length is < 2 or > 64 || entry[66] == 0)
            return;
        var name = Encoding.Unicode.GetString(entry[..(length - 2)]);
        if (isRoot && entry[80..96].SequenceEqual(Installer))
            walk.Add(ContentRule.Executable, where, "a program (Windows Installer)");
        switch (name.ToUpperInvariant())
        {
            // The storage of a project, its streams, and the project that a spreadsheet keeps.
            case "VBA" or "_VBA_PROJECT" or "_VBA_PROJECT_CUR" or "MACROS":
                walk.Add(ContentRule.Macros, where, "macros (VBA)");
                break;
            case "ENCRYPTEDPACKAGE" or "ENCRYPTEDSUMMARY":
                walk.Add(ContentRule.Encrypted, where, "a document with a password");
                break;
            case "WORKBOOK" or "BOOK":
                Workbook(BinaryPrimitives.ReadUInt32LittleEndian(entry[116..]));
                break;
        }
    }

    // [MS-XLS]: records of id, length and content. A sheet that is listed as a macro sheet holds macros of Excel 4.
    private void Workbook(uint sector)
    {
        var book = Chain(sector, MaxWorkbook).AsSpan();
        while (book.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(book);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(book[2..]);
            if (length > book.Length - 4)
                return;
            var record = book.Slice(4, length);
            if (id == 0x85 && length > 5 && record[5] == 1)
                walk.Add(ContentRule.Macros, where, "macros (Excel 4)");
            if (id == 0x2f)
                walk.Add(ContentRule.Encrypted, where, "a document with a password");
            // The first substream is over: what follows are the sheets.
            if (id == 0x0a)
                return;
            book = book[(4 + length)..];
        }
    }

    // Where the table of chains is: 109 of its sectors in the header, the others in sectors of their own.
    private List<uint> TableSectors()
    {
        var sectors = new List<uint>();
        Take(_header.AsSpan(76));
        var next = BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(68));
        var sector = new byte[_sectorBytes];
        // One that leads back to itself ends when as many were read as there can be.
        for (var left = content.Length / _sectorBytes; left > 0 && next < LastSector && TryRead(next, sector); left--)
        {
            if (!walk.Spend(_sectorBytes, where))
                break;
            Take(sector.AsSpan(0, _sectorBytes - 4));
            next = BinaryPrimitives.ReadUInt32LittleEndian(sector.AsSpan(_sectorBytes - 4));
        }

        return sectors;

        void Take(ReadOnlySpan<byte> numbers)
        {
            for (; numbers.Length >= 4 && sectors.Count <= content.Length / _sectorBytes; numbers = numbers[4..])
            {
                if (BinaryPrimitives.ReadUInt32LittleEndian(numbers) is var number and < LastSector)
                    sectors.Add(number);
            }
        }
    }

    private byte[] Chain(uint sector, int most)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[_sectorBytes];
        var entry = new byte[4];
        while (sector < LastSector && bytes.Length < most && walk.Spend(_sectorBytes, where) && TryRead(sector, buffer))
        {
            bytes.Write(buffer);
            var index = sector / (uint)(_sectorBytes / 4);
            if (index >= _table.Count)
                break;
            content.Position = ((_table[(int)index] + 1L) * _sectorBytes) + (sector % (uint)(_sectorBytes / 4) * 4L);
            if (content.ReadAtLeast(entry, 4, throwOnEndOfStream: false) < 4)
                break;
            sector = BinaryPrimitives.ReadUInt32LittleEndian(entry);
        }

        return bytes.ToArray();
    }

    private bool TryRead(uint sector, byte[] buffer)
    {
        var at = (sector + 1L) * _sectorBytes;
        if (at >= content.Length)
            return false;
        content.Position = at;
        Array.Clear(buffer);
        // The last sector may be cut.
        _ = content.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return true;
    }
}
