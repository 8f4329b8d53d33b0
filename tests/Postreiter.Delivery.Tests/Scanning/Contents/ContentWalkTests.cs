using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using Postreiter.Delivery.Scanning.Contents;
using static Postreiter.Delivery.Tests.Scanning.Contents.Archives;

namespace Postreiter.Delivery.Tests.Scanning.Contents;

/// <summary>What is found in attachments, by what they are, also in archives; and what no archive gets us to do.</summary>
public sealed class ContentWalkTests
{
    private static readonly ContentRules Everything = new()
    {
        Executables = ContentAction.Mark,
        Types = ["iso", "swf", "sh"],
        MaxUnpacked = 50 << 20,
        MaxFile = 20 << 20,
    };

    private static readonly byte[] Harmless = Text("Nothing to see here, move along.");
    private static readonly byte[] ExcelMacroSheet = [0x09, 8, 0, 0, 0x85, 0, 6, 0, 0, 0, 0, 0, 0, 1, 0x0a, 0, 0, 0];
    private static readonly byte[] ExcelSheet = [0x09, 8, 0, 0, 0x85, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0, 0];

    private static readonly byte[] Installer = [0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

    /// <summary>A name for the case, the file's name, its content, what is found (RULE FILE; …), empty for nothing.</summary>
    public static TheoryData<string, string, byte[], string> Cases =>
        new()
        {
            { "a text", "readme.txt", Harmless, "" },
            {
                "a text that begins with MZ, in capitals",
                "readme.txt",
                Text("MZ IST DAS KENNZEICHEN VON MAINZ AM RHEIN, UND NICHT VON MURNAU."),
                ""
            },
            { "a text that begins with MZ", "readme.txt", Text("MZ is what programs begin with, said he."), "" },
            { "a program called so", "setup.exe", Program, "Executable setup.exe" },
            { "a program called otherwise", "photo.jpg", Program, "Executable photo.jpg" },
            { "a script by its name", "order.JS", Harmless, "Executable order.JS" },
            { "a listed script by its first line", "notes", Text("#!/bin/sh\nrm -rf /"), "Listed notes" },
            { "a program of Linux", "x", [0x7f, (byte)'E', (byte)'L', (byte)'F', 2], "Executable x" },
            { "a name with dots and blanks behind it", "x.exe. . ", Harmless, "Executable x.exe. . " },
            { "a name with a stream", "x.exe::$DATA", Harmless, "Executable x.exe::$DATA" },
            { "a name with wide letters", "x.ＥＸＥ", Harmless, "Executable x.???" },
            { "a name in a path", "..\\..\\windows\\x.scr", Harmless, "Executable ..\\..\\windows\\x.scr" },
            {
                "two extensions",
                "invoice.pdf.exe",
                Harmless,
                "Executable invoice.pdf.exe; HiddenExtension invoice.pdf.exe"
            },
            {
                "an extension far away",
                "invoice          .exe",
                Harmless,
                "Executable invoice          .exe; HiddenExtension invoice          .exe"
            },
            {
                "a name turned around",
                "ann\u202egpj.exe",
                Harmless,
                "Executable ann?gpj.exe; HiddenExtension ann?gpj.exe"
            },
            { "two extensions that hide nothing", "notes.v1.pdf", Harmless, "" },
            { "a listed type by its name", "disk.iso", Harmless, "Listed disk.iso" },
            { "a listed type by its content", "film.bin", Text("FWS 9"), "Listed film.bin" },
            { "macros in an old document", "report.doc", Ole("WordDocument", "VBA"), "Macros report.doc" },
            { "an old document without macros", "report.doc", Ole("WordDocument", "1Table", "Data", "CompObj"), "" },
            { "a sheet of Excel 4 macros", "t.xls", Ole(["Workbook"], ExcelMacroSheet), "Macros t.xls" },
            { "a workbook without macros", "t.xls", Ole(["Workbook"], ExcelSheet), "" },
            { "a document with a password", "t.xlsx", Ole("EncryptionInfo", "EncryptedPackage"), "Encrypted t.xlsx" },
            { "an installer", "t.dat", Ole(["x"], [], Installer), "Executable t.dat" },
            {
                "macros in a new document",
                "report.docm",
                Zip(("[Content_Types].xml", Harmless), ("word/vbaProject.bin", Harmless)),
                "Macros report.docm/word/vbaProject.bin"
            },
            {
                "macros under another name in a new document",
                "report.docx",
                Zip(("[Content_Types].xml", Harmless), ("word/theme.bin", Ole("VBA"))),
                "Macros report.docx/word/theme.bin"
            },
            {
                "a macro sheet in a new workbook",
                "t.xlsx",
                Zip(("[Content_Types].xml", Harmless), ("xl/macrosheets/sheet1.xml", Harmless)),
                "Macros t.xlsx/xl/macrosheets/sheet1.xml"
            },
            { "a program in a zip", "a.zip", Zip(("b.txt", Harmless), ("c.txt", Program)), "Executable a.zip/c.txt" },
            { "a program in a zip called otherwise", "a.jpg", Zip(("c.txt", Program)), "Executable a.jpg/c.txt" },
            { "a program in a zip in a zip", "a.zip", Zip(("b.zip", Zip(("c", Program)))), "Executable a.zip/b.zip/c" },
            {
                "a zip behind a picture",
                "a.gif",
                [.. "GIF89a"u8, .. new byte[100], .. Zip(("c.js", Harmless))],
                "Executable a.gif/c.js"
            },
            { "a program in a gzip", "a.gz", Gzip(Program), "Executable a.gz/a" },
            {
                "a program in the second part of a gzip",
                "a.tgz",
                [
                    .. Gzip(Tar(TarEntryFormat.Ustar, ("x", Harmless))),
                    .. Gzip(Tar(TarEntryFormat.Ustar, ("c.exe", Harmless))),
                ],
                "Executable a.tgz/a.tar/c.exe"
            },
            {
                "a program in a tar",
                "a.tar",
                Tar(TarEntryFormat.V7, ("b", Harmless), ("c", Program)),
                "Executable a.tar/c"
            },
            {
                "a program in a tar.gz",
                "a.tgz",
                Gzip(Tar(TarEntryFormat.Gnu, ("c", Program))),
                "Executable a.tgz/a.tar/c"
            },
            {
                "a long name in a tar of pax",
                "a.tar",
                Tar(TarEntryFormat.Pax, (new string('d', 120) + "/c.exe", Harmless)),
                "Executable a.tar/" + new string('d', 120) + "/c.exe"
            },
            {
                "a long name in a tar of GNU",
                "a.tar",
                Tar(TarEntryFormat.Gnu, (new string('d', 120) + "/c.exe", Harmless)),
                "Executable a.tar/" + new string('d', 120) + "/c.exe"
            },
            { "a program in a rar of version 5", "a.rar", Rar5("c", Program), "Executable a.rar/c" },
            { "a program in a rar of version 4", "a.rar", Rar4("c", Program), "Executable a.rar/c" },
            { "a rar with a password", "a.rar", Rar4("c.txt", Harmless, flags: 4), "Encrypted a.rar" },
            { "a rar for much memory", "a.rar", Rar5("c", Program, dictionary: 15), "Unreadable a.rar" },
            {
                "a rar for much memory behind what only looks like data",
                "a.rar",
                Rar5("c", Program, dictionary: 15, main: [1, 2, 100, 0]),
                "Unreadable a.rar"
            },
            {
                "a zip behind which there is another end",
                "a.zip",
                [.. Zip(("c.exe", Program)), .. "PK\x05\x06"u8, .. new byte[18]],
                "Unreadable a.zip"
            },
            {
                "a zip with a password",
                "a.zip",
                RawZip(new RawEntry("c.exe", Harmless) { Flags = 1 }),
                "Executable a.zip/c.exe; Encrypted a.zip"
            },
            {
                "a zip whose method is not known",
                "a.zip",
                RawZip(new RawEntry("c", Harmless) { Method = 98 }),
                "Unreadable a.zip"
            },
            {
                "a zip whose two names differ",
                "a.zip",
                RawZip(new RawEntry("c.txt", Harmless) { LocalName = "c.exe" }),
                "Executable a.zip/c.txt"
            },
            {
                "a zip that says that its file is small",
                "a.zip",
                RawZip(new RawEntry("c", [.. Program]) { Unpacked = 1 }),
                "Executable a.zip/c"
            },
            {
                "a zip that says that its file is larger than the archive",
                "a.zip",
                RawZip(new RawEntry("c", Program) { Packed = uint.MaxValue - 1, Unpacked = uint.MaxValue - 1 }),
                "Executable a.zip/c"
            },
            {
                "a zip that lists what is not there",
                "a.zip",
                RawZip(new RawEntry("c", Harmless) { At = 7_000_000 }),
                "Unreadable a.zip"
            },
            { "a zip without its list", "a.zip", Zip(("c", Program))[..60], "Unreadable a.zip" },
            {
                "names that climb, that are absolute, that no code page has",
                "a.zip",
                RawZip(
                    new RawEntry("../../../../etc/cron.d/x", Harmless),
                    new RawEntry("/etc/passwd", Harmless),
                    new RawEntry("C:\\x\\..\\y", Harmless),
                    new RawEntry("\xff\xfe\x00\x1b[2J", Harmless),
                    new RawEntry("caf\x82.exe\0.txt", Harmless) { Flags = 0x800 }
                ),
                "Executable a.zip/caf?.exe?.txt; HiddenExtension a.zip/caf?.exe?.txt"
            },
            { "a cut tar", "a.tar", Tar(TarEntryFormat.Ustar, ("c", new byte[2000]))[..1024], "Unreadable a.tar" },
            { "a cut gzip", "a.gz", Gzip(Program)[..^8], "Executable a.gz/a" },
            { "a damaged gzip", "a.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255], "Unreadable a.gz" },
            { "a cabinet", "a.cab", [.. "MSCF"u8, 0, 0, 0, 0, 1], "Unreadable a.cab" },
            { "an OLE document that is cut", "a.doc", Ole("VBA")[..600], "Unreadable a.doc" },
            { "a 7z that is cut", "a.7z", [.. "7z"u8, 0xbc, 0xaf, 0x27, 0x1c, 0, 4, 1, 2, 3, 4], "Unreadable a.7z" },
        };

    [Theory, MemberData(nameof(Cases))]
    public void Is_found(string what, string name, byte[] content, string found)
    {
        var walk = Look(Everything, name, content);
        Assert.True(
            found
                .Split("; ", StringSplitOptions.RemoveEmptyEntries)
                .Order()
                .SequenceEqual(Found(walk).Order(), StringComparer.Ordinal),
            $"{what}: {string.Join("; ", walk.Findings)}"
        );
    }

    [Fact]
    public void L16_a_bomb_of_one_file_ends_at_its_size_and_its_ratio()
    {
        var bomb = Gzip(new byte[60 << 20]);
        Assert.Contains(
            "larger than 20 MiB",
            Only(Look(Everything with { MaxRatio = 1_000_000 }, "a.gz", bomb), ContentRule.Oversize),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "more than 200 times",
            Only(Look(Everything with { MaxFile = 1 << 30 }, "a.gz", bomb), ContentRule.Oversize),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void L16_a_bomb_of_many_files_ends_at_the_sum()
    {
        var one = Zip([.. Enumerable.Range(0, 20).Select(i => ($"{i}", new byte[9 << 20]))]);
        var clock = Stopwatch.StartNew();
        Assert.Contains(
            "more than 50 MiB",
            Only(Look(Everything, "a.zip", Zip(("a.zip", one), ("b.zip", one))), ContentRule.Oversize),
            StringComparison.Ordinal
        );
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 10);
    }

    [Fact]
    public void L16_files_that_overlap_count_each_time()
    {
        // One content of 9 MiB, which the list names a thousand times.
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            deflate.Write(new byte[9 << 20]);
        var content = packed.ToArray();
        var entries = Enumerable
            .Range(0, 1000)
            .Select(i => new RawEntry("kernel", i == 0 ? content : [])
            {
                Method = 8,
                At = 0,
                Packed = content.Length,
                Unpacked = 9 << 20,
            });
        Assert.Contains(
            "more than 50 MiB",
            Only(Look(Everything, "a.zip", RawZip([.. entries])), ContentRule.Oversize),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void L16_ten_thousand_archives_in_each_other_end_at_the_depth()
    {
        // Sizes grow by some 100 octets a level, so these are a megabyte at the outside.
        var walk = Look(Everything, "a.zip", Nested(10_000, Program));
        Assert.Contains("deeper than 16", Only(walk, ContentRule.Oversize), StringComparison.Ordinal);
        Assert.Equal(17, walk.Files);
        Assert.Empty(Look(Everything, "a.zip", Nested(16, Harmless)).Findings);
        Assert.Equal(
            ContentRule.Executable,
            Assert.Single(Look(Everything, "a.zip", Nested(16, Program)).Findings).Rule
        );
    }

    [Fact]
    public void L16_a_zip_that_contains_itself_ends()
    {
        // The list names the whole archive as its own file: each level is as large as the one before.
        var zip = RawZip(new RawEntry("a.zip", new byte[400]));
        var quine = RawZip(new RawEntry("a.zip", zip) { At = 0 }, new RawEntry("b.zip", zip) { At = 0 });
        Assert.True(Look(Everything, "a.zip", quine).Files < 100);
    }

    [Fact]
    public void L16_more_files_than_allowed_end_it()
    {
        var zip = RawZip([.. Enumerable.Range(0, 1001).Select(i => new RawEntry($"{i}", []))]);
        var walk = Look(Everything with { MaxFiles = 1000 }, "a.zip", zip);
        Assert.Contains("more than 1000 files", Only(walk, ContentRule.Oversize), StringComparison.Ordinal);
    }

    [Fact]
    public void What_decides_is_not_pushed_out_by_what_only_marks()
    {
        var files = Enumerable
            .Range(0, 200)
            .Select(i => new RawEntry($"{i}", Harmless) { Flags = 1, At = null })
            .ToList();
        files.AddRange(Enumerable.Range(0, 200).Select(i => new RawEntry($"{i}.js", Harmless)));
        files.Add(new RawEntry("x.swf", Harmless));
        var walk = Look(Everything, "a.zip", RawZip([.. files]));
        Assert.Contains(walk.Findings, f => f is { Rule: ContentRule.Listed, File: "a.zip/x.swf" });
        Assert.InRange(walk.Findings.Count, 3, 60);
    }

    [Fact]
    public void Whatever_is_cut_or_changed_nothing_but_a_finding_comes_of_it()
    {
        var random = new Random(7);
        byte[][] files =
        [
            Zip(("a.txt", Harmless), ("b.zip", Zip(("c", Program)))),
            Gzip(Tar(TarEntryFormat.Pax, ("c", Program))),
            Tar(TarEntryFormat.Gnu, ("a", Harmless), (new string('d', 120), Program)),
            Rar5("c", Program),
            Rar4("c", Program),
            Ole(["VBA", "Workbook"], ExcelMacroSheet),
            SevenZips.Small,
        ];
        foreach (var file in files)
        {
            for (var i = 0; i < 400; i++)
            {
                var changed = file[..(i % 4 == 0 ? random.Next(file.Length) : file.Length)];
                for (var j = 0; j < i % 4 && changed.Length > 0; j++)
                    changed[random.Next(changed.Length)] = (byte)random.Next(256);
                _ = Look(Everything, "a", changed).Findings;
            }
        }
    }

    [Fact]
    public void A_rule_that_passes_finds_nothing()
    {
        var rules = new ContentRules { Executables = ContentAction.Pass, HiddenExtensions = ContentAction.Pass };
        Assert.Empty(Look(rules, "a.pdf.exe", Program).Findings);
    }

    internal static ContentWalk Look(ContentRules rules, string name, byte[] content)
    {
        var walk = new ContentWalk(rules, TestContext.Current.CancellationToken);
        walk.Look(new MemoryStream(content), [name]);
        return walk;
    }

    internal static IEnumerable<string> Found(ContentWalk walk) =>
        walk.Findings.Select(static f => $"{f.Rule} {f.File}");

    private static string Only(ContentWalk walk, ContentRule rule)
    {
        Assert.True(walk.IsOver);
        return Assert.Single(walk.Findings, f => f.Rule == rule).Detail;
    }
}
