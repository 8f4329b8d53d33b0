using System.Formats.Tar;
using Postreiter.Spam.Scanning;
using Postreiter.Spam.Updates;

namespace Postreiter.Spam.Tests.Updates;

/// <summary>What is put in force, and what is not.</summary>
public sealed class UpdateFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("postreiter-test-").FullName;
    private readonly UpdateFolder _updates;
    private readonly UpdateChannel _channel;

    public UpdateFolderTests()
    {
        _updates = new UpdateFolder(Path.Combine(_root, "updates"));
        Assert.True(UpdateChannel.TryParse("updates.spamassassin.org", out var channel));
        _channel = channel;
    }

    [Fact]
    public void An_update_is_in_force_whole_and_the_next_takes_its_place()
    {
        Assert.Null(_updates.Installed(_channel));
        Assert.Equal(
            2,
            Install(7, ("10.cf", "body ONE /one/\n"), ("./20.cf", "body TWO /two/\n"), ("STATISTICS.txt", ""))
        );
        Assert.Equal((7, "ONE TWO"), (_updates.Installed(_channel), InForce()));
        Install(8, ("10.cf", "body THREE /three/\n"));
        Assert.Equal((8, "THREE"), (_updates.Installed(_channel), InForce()));
        Install(9, ("10.cf", "body FOUR /four/\n"));
        // The one before is kept, older ones are not.
        Assert.Equal(
            ["updates_spamassassin_org.8", "updates_spamassassin_org.9"],
            Directory.GetDirectories(_updates.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void The_same_serial_given_again_leaves_what_is_in_force_where_it_is()
    {
        Install(7, ("10.cf", "body ONE /one/\n"));
        var folder = Path.Combine(_updates.Root, "updates_spamassassin_org.7");
        File.WriteAllText(Path.Combine(folder, "mark"), "");
        Assert.Equal(1, Install(7, ("10.cf", "body TWO /two/\n")));
        Assert.True(File.Exists(Path.Combine(folder, "mark")));
        Assert.Equal((7, "ONE"), (_updates.Installed(_channel), InForce()));
        Assert.Single(Directory.GetDirectories(_updates.Root));
        Assert.Contains(
            "2 lines",
            Fault(7, UpdateArchives.Of(("10.cf", "body BAD /(/\nnonsense 1\n"))),
            StringComparison.Ordinal
        );
        // Where somebody took the folder away, it comes back.
        Directory.Delete(folder, recursive: true);
        Install(7, ("10.cf", "body THREE /three/\n"));
        Assert.Equal("THREE", InForce());
    }

    [Fact]
    public void Two_updates_do_not_go_on_at_one_time()
    {
        Install(7, ("10.cf", "body ONE /one/\n"));
        using (new FileStream(Path.Combine(_updates.Root, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            var fault = Assert.Throws<IOException>(() => Install(8, ("10.cf", "body TWO /two/\n")));
            Assert.Contains("another update is under way", fault.Message, StringComparison.Ordinal);
        }

        Assert.Equal((7, "ONE"), (_updates.Installed(_channel), InForce()));
        Install(8, ("10.cf", "body TWO /two/\n"));
        Assert.Equal("TWO", InForce());
    }

    [Fact]
    public void An_archive_of_one_endless_header_is_refused()
    {
        using var octets = new MemoryStream();
        using (
            var packed = new System.IO.Compression.GZipStream(
                octets,
                System.IO.Compression.CompressionLevel.Fastest,
                leaveOpen: true
            )
        )
        {
            // A pax header that says 1 GiB of attributes, and so many zeros: 1 MiB packed.
            var header = new byte[512];
            "name"u8.CopyTo(header);
            "0000644\0"u8.CopyTo(header.AsSpan(100));
            "10000000000\0"u8.CopyTo(header.AsSpan(124));
            "        "u8.CopyTo(header.AsSpan(148));
            header[156] = (byte)'x';
            "ustar\000"u8.CopyTo(header.AsSpan(257));
            var sum = header.Sum(static b => (int)b);
            System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
            packed.Write(header);
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 80; i++)
                packed.Write(zeros);
        }

        Assert.Contains("more than 64 MiB", Fault(8, octets.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_line_keeps_the_old_rules()
    {
        Install(7, ("10.cf", "body ONE /one/\n"));
        var message = Fault(8, UpdateArchives.Of(("10.cf", "body TWO /two/\nbody BAD /(/\nnonsense 1\n")));
        Assert.Contains("2 lines of the update are wrong: 10.cf:2: ", message, StringComparison.Ordinal);
        Assert.Equal((7, "ONE"), (_updates.Installed(_channel), InForce()));
        Assert.Single(Directory.GetDirectories(_updates.Root));
    }

    [Fact]
    public void An_attempt_that_was_cut_short_is_begun_again()
    {
        Directory.CreateDirectory(Path.Combine(_updates.Root, "updates_spamassassin_org.7.new"));
        File.WriteAllText(Path.Combine(_updates.Root, "updates_spamassassin_org.7.new", "99.cf"), "nonsense\n");
        Directory.CreateDirectory(Path.Combine(_updates.Root, "updates_spamassassin_org.7"));
        Install(7, ("10.cf", "body ONE /one/\n"));
        Assert.Equal("ONE", InForce());
    }

    [Fact]
    public void Other_channels_stand_beside_the_packaged_rules_and_the_own_one_in_their_place()
    {
        Assert.True(UpdateChannel.TryParse("rules.example", out var other));
        var paths = new[] { RuleSources.Packaged, "/etc/rules" };
        Assert.Equal(paths, RuleSources.WithUpdates(paths, _updates.Root));
        _updates.Install(other, UpdateArchives.Update(1, UpdateArchives.Of(("1.cf", "body A /a/\n"))));
        Assert.Equal([paths[0], _updates.Root, paths[1]], RuleSources.WithUpdates(paths, _updates.Root));
        Install(7, ("10.cf", "body ONE /one/\n"));
        Assert.Equal([_updates.Root, paths[1]], RuleSources.WithUpdates(paths, _updates.Root));
        Assert.Equal([_updates.Root, "/etc/rules"], RuleSources.WithUpdates(["/etc/rules"], _updates.Root));
    }

    [Theory]
    [InlineData("../10.cf")]
    [InlineData("/etc/10.cf")]
    [InlineData("sub/10.cf")]
    [InlineData(".10.cf")]
    [InlineData("a b.cf")]
    public void A_path_in_the_archive_is_refused(string name) =>
        Assert.Contains(
            "no plain name",
            Fault(7, UpdateArchives.Of((name, "body ONE /one/\n"))),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_link_in_the_archive_is_refused()
    {
        var link = new PaxTarEntry(TarEntryType.SymbolicLink, "10.cf") { LinkName = "/etc/passwd" };
        Assert.Contains("only plain files", Fault(7, UpdateArchives.Of(link)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bomb_is_refused()
    {
        var bomb = new PaxTarEntry(TarEntryType.RegularFile, "10.cf")
        {
            DataStream = new MemoryStream(new byte[65 << 20]),
        };
        Assert.Contains("more than 64 MiB", Fault(7, UpdateArchives.Of(bomb)), StringComparison.Ordinal);
        var many = Enumerable.Range(0, 1001).Select(static i => ($"{i}.cf", "")).ToArray();
        Assert.Contains("more than 1000 files", Fault(7, UpdateArchives.Of(many)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cut_archive_is_refused()
    {
        var archive = UpdateArchives.Of(
            ("10.cf", string.Concat(Enumerable.Range(0, 500).Select(static i => $"body R{i} /{i}/\n")))
        );
        foreach (var length in new[] { 0, 1, 20, archive.Length / 2 })
            Assert.NotEmpty(Fault(7, archive[..length]));
        Assert.NotEmpty(Fault(7, "no archive"u8.ToArray()));
        Assert.Contains("no .cf file", Fault(7, UpdateArchives.Of(("README", ""))), StringComparison.Ordinal);
        Assert.Null(_updates.Installed(_channel));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private int Install(long serial, params (string, string)[] files) =>
        _updates.Install(_channel, UpdateArchives.Update(serial, UpdateArchives.Of(files)));

    private string Fault(long serial, byte[] archive) =>
        Assert
            .Throws<InvalidDataException>(() => _updates.Install(_channel, UpdateArchives.Update(serial, archive)))
            .Message;

    private string InForce() =>
        string.Join(
            ' ',
            RuleSources.Read([_updates.Root])!.Rules.Select(static r => r.Name).Order(StringComparer.Ordinal)
        );
}
