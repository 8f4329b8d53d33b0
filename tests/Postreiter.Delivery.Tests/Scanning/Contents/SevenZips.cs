using System.Diagnostics;
using Postreiter.Delivery.Scanning.Contents;
using static Postreiter.Delivery.Tests.Scanning.Contents.Archives;

namespace Postreiter.Delivery.Tests.Scanning.Contents;

/// <summary>Archives by the programs that people make them with, where these are installed.</summary>
public sealed class SevenZips
{
    private const string SevenZip = "/usr/bin/7zz";

    /// <summary>A 7z archive with the file "c.txt" ("hello"), copied and not packed, made by hand.</summary>
    internal static byte[] Small { get; } = MakeSmall();

    /// <summary>The program, its arguments but for archive and files, the archive's name.</summary>
    public static TheoryData<string, string, string> Ways =>
        new()
        {
            { SevenZip, "a -t7z", "a.7z" },
            { SevenZip, "a -t7z -m0=lzma", "a.7z" },
            { SevenZip, "a -t7z -m0=bzip2", "a.7z" },
            { SevenZip, "a -t7z -m0=deflate", "a.7z" },
            { SevenZip, "a -t7z -m0=copy", "a.7z" },
            { SevenZip, "a -t7z -mf=BCJ2", "a.7z" },
            { SevenZip, "a -t7z -mhc=off -ms=off", "a.7z" },
            { SevenZip, "a -t7z -mx=9 -md=512m", "a.7z" },
            { SevenZip, "a -tzip", "a.zip" },
            { SevenZip, "a -tzip -mm=Deflate64", "a.zip" },
            { SevenZip, "a -tzip -mm=BZip2", "a.zip" },
            { SevenZip, "a -tbzip2", "a.bz2" },
            { "/usr/bin/zip", "-q", "a.zip" },
            { "/usr/bin/tar", "-cf", "a.tar" },
            { "/usr/bin/tar", "-czf", "a.tgz" },
            { "/usr/bin/tar", "-cjf", "a.tbz2" },
            { "/usr/bin/bsdtar", "--format=7zip -cf", "a.7z" },
        };

    [Theory, MemberData(nameof(Ways))]
    public async Task A_program_is_found_in_an_archive_by(string program, string arguments, string archive)
    {
        using var folder = new Folder();
        var bytes = await folder.PackAsync(
            program,
            arguments,
            archive,
            ("photo.jpg", [.. Program, .. new byte[5000]]),
            ("b.txt", Text("text"))
        );
        var finding = Assert.Single(Look(bytes, archive).Findings);
        Assert.Equal((ContentRule.Executable, "a program (Windows)"), (finding.Rule, finding.Detail));
    }

    [Theory]
    [InlineData("a -t7z -psecret", "a.7z")]
    [InlineData("a -t7z -psecret -mhe=on", "a.7z")]
    [InlineData("a -tzip -psecret", "a.zip")]
    [InlineData("a -tzip -psecret -mem=AES256", "a.zip")]
    public async Task A_password_is_seen_of_an_archive_by_7z(string arguments, string archive)
    {
        using var folder = new Folder();
        var bytes = await folder.PackAsync(
            SevenZip,
            arguments,
            archive,
            ("b.txt", Text("a text of some length, a text of some length"))
        );
        Assert.Equal(ContentRule.Encrypted, Assert.Single(Look(bytes, archive).Findings).Rule);
    }

    [Fact]
    public async Task L16_a_bomb_by_7z_ends()
    {
        using var folder = new Folder();
        var bytes = await folder.PackAsync(SevenZip, "a -t7z", "a.7z", ("zeros", new byte[60 << 20]));
        Assert.InRange(bytes.Length, 1, 100_000);
        var walk = Look(bytes, "a.7z");
        Assert.True(walk.IsOver);
        Assert.Equal(ContentRule.Oversize, Assert.Single(walk.Findings).Rule);
    }

    [Fact]
    public void A_7z_made_by_hand_is_read()
    {
        var walk = Look(Small, "a.7z");
        Assert.Empty(walk.Findings);
        Assert.Equal(2, walk.Files);
    }

    [Theory]
    [InlineData(0x7fffffffL)]
    [InlineData(0x7fffffffffffL)]
    public void A_header_of_7z_that_counts_more_than_it_has_asks_for_no_memory(long count)
    {
        // Files, packed streams and folders: each by as many as there is no room for.
        byte[] number = [0xff, .. BitConverter.GetBytes(count)];
        foreach (
            var header in new byte[][]
            {
                [1, 5, .. number],
                [1, 4, 6, 0, .. number],
                [1, 4, 6, 0, 1, 9, 1, 0, 7, 11, .. number],
            }
        )
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(ContentRule.Unreadable, Assert.Single(Look(Whole([], header), "a.7z").Findings).Rule);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        }
    }

    private static ContentWalk Look(byte[] bytes, string name) =>
        ContentWalkTests.Look(new ContentRules { Executables = ContentAction.Mark, MaxFile = 50 << 20 }, name, bytes);

    private static byte[] MakeSmall()
    {
        byte[] name = [.. System.Text.Encoding.Unicode.GetBytes("c.txt\0")];
        return Whole(
            "hello"u8,
            [
                1,
                4,
                6,
                0,
                1,
                9,
                5,
                0,
                7,
                11,
                1,
                0,
                1,
                1,
                0,
                12,
                5,
                0,
                8,
                0,
                0,
                5,
                1,
                17,
                (byte)(name.Length + 1),
                0,
                .. name,
                0,
                0,
            ]
        );
    }

    private static byte[] Whole(ReadOnlySpan<byte> packed, byte[] header) =>
        [
            .. "7z"u8,
            0xbc,
            0xaf,
            0x27,
            0x1c,
            0,
            4,
            0,
            0,
            0,
            0,
            .. BitConverter.GetBytes((long)packed.Length),
            .. BitConverter.GetBytes((long)header.Length),
            0,
            0,
            0,
            0,
            .. packed,
            .. header,
        ];

    private sealed class Folder : IDisposable
    {
        private readonly string _path = Directory.CreateTempSubdirectory("postreiter-archives-").FullName;

        public async Task<byte[]> PackAsync(
            string program,
            string arguments,
            string archive,
            params (string Name, byte[] Content)[] files
        )
        {
            Assert.SkipUnless(File.Exists(program), $"{program} is not installed");
            foreach (var (name, content) in files)
                await File.WriteAllBytesAsync(
                    Path.Combine(_path, name),
                    content,
                    TestContext.Current.CancellationToken
                );
            var start = new ProcessStartInfo(program)
            {
                WorkingDirectory = _path,
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            var names = archive.EndsWith(".bz2", StringComparison.Ordinal) ? files.Take(1) : files;
            foreach (var argument in arguments.Split(' ').Append(archive).Concat(names.Select(static f => f.Name)))
                start.ArgumentList.Add(argument);
            using var process = Process.Start(start)!;
            var (output, error) = (
                process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
                process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)
            );
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(process.ExitCode == 0, await output + await error);
            return await File.ReadAllBytesAsync(Path.Combine(_path, archive), TestContext.Current.CancellationToken);
        }

        public void Dispose() => Directory.Delete(_path, recursive: true);
    }
}
