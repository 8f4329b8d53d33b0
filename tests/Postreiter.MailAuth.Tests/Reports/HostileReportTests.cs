using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Postreiter.MailAuth.Reports;
using Postreiter.Messages;

namespace Postreiter.MailAuth.Tests.Reports;

public sealed class HostileReportTests
{
    private const string Start =
        "<feedback><report_metadata><org_name>o</org_name><report_id>1</report_id><date_range><begin>1</begin><end>2</end></date_range></report_metadata>"
        + "<policy_published><domain>Example.org.</domain><p>none</p></policy_published>";

    private const string Row =
        "<record><row><source_ip>192.0.2.1</source_ip><count>2</count><policy_evaluated><disposition>none</disposition></policy_evaluated></row>"
        + "<identifiers><header_from>example.org</header_from></identifiers></record>";

    private const string Whole = Start + Row + "</feedback>";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static AggregateReport? Read(string xml, out string? error) =>
        AggregateReportReader.Read(Encoding.UTF8.GetBytes(xml), out error);

    [Fact]
    public void A_small_report_is_read()
    {
        var report = Read(Whole, out var error);

        Assert.Null(error);
        Assert.Equal(("example.org", 2), (report!.Policy.Domain, report.Messages));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("<html/>")]
    [InlineData("<feedback>")]
    [InlineData("<feedback/>")]
    [InlineData("<?xml version='1.0' encoding='no-such'?><feedback/>")]
    [InlineData("<!DOCTYPE feedback><feedback/>")]
    [InlineData("<!DOCTYPE f [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><feedback>&b;</feedback>")]
    [InlineData("<!DOCTYPE f [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><feedback>&x;</feedback>")]
    [InlineData("<feedback>&undefined;</feedback>")]
    [InlineData("<feedback>\0</feedback>")]
    public void What_is_no_report_has_a_reason(string xml)
    {
        Assert.Null(Read(xml, out var error));
        Assert.NotEmpty(error!);
    }

    [Theory]
    [InlineData("<report_id>1</report_id>")]
    [InlineData("<domain>Example.org.</domain>")]
    [InlineData("<begin>1</begin>")]
    [InlineData("<end>2</end>")]
    public void Every_report_needs_what_names_it(string needed)
    {
        Assert.Null(Read(Whole.Replace(needed, "", StringComparison.Ordinal), out var error));
        Assert.NotEmpty(error!);
    }

    [Theory]
    [InlineData("<count>2</count>", "<count>-2</count>")]
    [InlineData("<count>2</count>", "<count>99999999999999999999</count>")]
    [InlineData("<count>2</count>", "")]
    [InlineData("192.0.2.1", "192.0.2.300")]
    public void A_row_that_cannot_be_read_is_skipped_and_counted(string from, string to)
    {
        var report = Read(Whole.Replace(from, to, StringComparison.Ordinal), out _)!;

        Assert.Equal((0, 1), (report.Rows.Count, report.SkippedRows));
    }

    [Fact]
    public void A_liars_counts_do_not_overflow()
    {
        var row = Row.Replace("<count>2", "<count>9223372036854775807", StringComparison.Ordinal);

        var report = Read(Start + row + row + "</feedback>", out _)!;

        Assert.Equal(long.MaxValue, report.Messages);
        Assert.Equal(long.MaxValue, Assert.Single(report.Sum()).Count);
    }

    [Fact]
    public void L16_Nesting_names_tags_and_rows_have_their_bounds()
    {
        Assert.Null(Read(string.Concat(Enumerable.Repeat("<feedback>", 100_000)), out var error));
        Assert.Contains("nested", error!, StringComparison.Ordinal);
        Assert.Null(Read(Start + string.Concat(Enumerable.Range(0, 20_000).Select(static i => $"<n{i}/>")), out error));
        Assert.Contains("names", error!, StringComparison.Ordinal);
        Assert.Null(Read(Start + "<a b='" + new string('x', 100_000) + "'/></feedback>", out error));
        Assert.Contains("longer than", error!, StringComparison.Ordinal);
        Assert.Null(Read(Start + "<" + new string('x', 1_000) + "/></feedback>", out error));
        Assert.Contains("name", error!, StringComparison.Ordinal);

        var many = Read(Start + string.Concat(Enumerable.Repeat(Row, 50_003)) + "</feedback>", out _)!;
        Assert.Equal((50_000, 3), (many.Rows.Count, many.SkippedRows));
        var checks = string.Concat(Enumerable.Repeat("<dkim><domain>d</domain></dkim>", 10_000));
        var busy = Read(
            Start
                + Row.Replace(
                    "</identifiers>",
                    "</identifiers><auth_results>" + checks + "</auth_results>",
                    StringComparison.Ordinal
                )
                + "</feedback>",
            out _
        )!;
        Assert.Equal(50, busy.Rows[0].Dkim.Count);
    }

    [Fact]
    public void L16_A_bomb_is_refused_before_it_is_whole()
    {
        foreach (var packed in new[] { Gzip(Bomb(256 << 20)), Zip("r.xml", Bomb(256 << 20)) })
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Null(AggregateReportReader.Read(packed, out var error));
            Assert.Contains("unpacks to more than", error!, StringComparison.Ordinal);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
        }
    }

    [Fact]
    public void L16_An_attachment_too_large_is_not_opened()
    {
        Assert.Null(AggregateReportReader.Read(new byte[11 << 20], out var error));
        Assert.Contains("larger than", error!, StringComparison.Ordinal);
    }

    [Fact]
    public void Gzip_and_zip_are_told_by_their_bytes()
    {
        foreach (
            var packed in new[]
            {
                Gzip([Encoding.UTF8.GetBytes(Whole)]),
                Zip("x!y!1!2.xml", [Encoding.UTF8.GetBytes(Whole)]),
                Zip("X.XML", [Encoding.UTF8.GetBytes(Whole)], CompressionLevel.NoCompression),
                ZipOf(("__MACOSX/._r.xml", "junk"), ("folder/", ""), ("r.xml", Whole)),
            }
        )
        {
            var report = AggregateReportReader.Read(packed, out var error);
            Assert.True(report is not null, error);
        }
    }

    [Fact]
    public void An_archive_in_an_archive_is_no_report()
    {
        Assert.Null(AggregateReportReader.Read(Gzip([Gzip([Encoding.UTF8.GetBytes(Whole)])]), out var error));
        Assert.NotEmpty(error!);
        Assert.Null(
            AggregateReportReader.Read(Zip("r.xml", [Zip("r.xml", [Encoding.UTF8.GetBytes(Whole)])]), out error)
        );
        Assert.NotEmpty(error!);
        Assert.Null(AggregateReportReader.Read(Zip("r.exe", [Encoding.UTF8.GetBytes(Whole)]), out error));
        Assert.NotEmpty(error!);
    }

    [Fact]
    public void A_zip_of_many_files_is_not_searched()
    {
        var archive = ZipOf([.. Enumerable.Range(0, 30).Select(static i => ($"{i}.txt", "x")), ("r.xml", Whole)]);

        Assert.Null(AggregateReportReader.Read(archive, out var error));
        Assert.NotEmpty(error!);
    }

    [Fact]
    public void Any_cut_and_any_changed_byte_is_a_report_or_a_reason()
    {
        const int Seed = 20_261_125;
        var random = new Random(Seed);
        foreach (
            var whole in new[]
            {
                Gzip([Encoding.UTF8.GetBytes(Whole)]),
                Zip("r.xml", [Encoding.UTF8.GetBytes(Whole)]),
                Encoding.UTF8.GetBytes(Whole),
            }
        )
        {
            for (var cut = 0; cut < whole.Length; cut++)
                Same(whole[..cut]);
            for (var round = 0; round < 2_000; round++)
            {
                var changed = whole.ToArray();
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
                Same(changed);
            }
        }

        static void Same(byte[] bytes) =>
            Assert.True(AggregateReportReader.Read(bytes, out var error) is null == error is not null);
    }

    [Theory]
    [InlineData(
        "Report Domain: example.org Submitter: x",
        "application/octet-stream",
        "a.xml.gz",
        ReportKind.Aggregate
    )]
    [InlineData("hello", "application/gzip", "x!example.org!1!2.xml.gz", ReportKind.Aggregate)]
    [InlineData("hello", "application/zip", "holiday.zip", ReportKind.None)]
    [InlineData("Report Domain: example.org", "text/plain", "a.txt", ReportKind.None)]
    [InlineData("hello", "application/tlsrpt+gzip", "x", ReportKind.Tls)]
    public async Task A_report_is_recognised_in_its_mail(string subject, string type, string name, ReportKind expected)
    {
        var message = Encoding.ASCII.GetBytes(
            $"Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
                + $"Content-Type: {type}; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + Convert.ToBase64String(
                    Gzip([Encoding.UTF8.GetBytes(Whole)]),
                    Base64FormattingOptions.InsertLineBreaks
                )
                + "\r\n--b--\r\n"
        );
        var scanner = MessageScanner.Create();
        scanner.Append(message);
        var facts = scanner.Complete();

        Assert.Equal(expected, ReceivedReport.Recognize(facts));
        var report = await ReceivedReport.ReadAsync(new MemoryStream(message), facts, null, Ct);
        Assert.Equal(expected == ReportKind.Aggregate, report?.Aggregate is not null);
    }

    private static IEnumerable<byte[]> Bomb(int size)
    {
        var piece = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<a>          </a>", 4_096)));
        yield return Encoding.UTF8.GetBytes("<feedback>");
        for (var written = 0; written < size; written += piece.Length)
            yield return piece;
    }

    private static byte[] Gzip(IEnumerable<byte[]> pieces)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            foreach (var piece in pieces)
                gzip.Write(piece);
        }

        return stream.ToArray();
    }

    private static byte[] Zip(
        string name,
        IEnumerable<byte[]> pieces,
        CompressionLevel level = CompressionLevel.Fastest
    )
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
        using (var entry = zip.CreateEntry(name, level).Open())
        {
            foreach (var piece in pieces)
                entry.Write(piece);
        }

        return stream.ToArray();
    }

    private static byte[] ZipOf(params (string Name, string Text)[] files)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            foreach (var (name, text) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        var bytes = stream.ToArray();
        Assert.Equal(0x04034b50u, BinaryPrimitives.ReadUInt32LittleEndian(bytes));
        return bytes;
    }
}
