using System.Net;
using System.Text;
using MimeKit;
using Postreiter.Core;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Reports;
using Postreiter.MailAuth.Spf;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Reports;

public sealed class OwnReportTests
{
    private static readonly DmarcRecord Record = DmarcRecord.Parse("v=DMARC1; p=reject; adkim=s; pct=50; fo=1", out _)!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static AggregateRow Row(string envelopeFrom = "example.org") =>
        AggregateReportWriter.Row(
            IPAddress.Parse("::ffff:192.0.2.1"),
            new DmarcOutcome(DmarcResult.Fail, DmarcPolicy.Reject, "example.org", "x")
            {
                Record = Record,
                Overrides = [new(DmarcOverrideKind.TrustedForwarder, "list <x> & \u0001\u00e9")],
            },
            new SpfOutcome(
                SpfResult.SoftFail,
                envelopeFrom.Length > 0 ? envelopeFrom : "helo.example.org",
                "",
                null,
                []
            ),
            envelopeFrom,
            [new DkimOutcome(DkimResult.Fail, "list.example", "s1", "", "rsa-sha256", "", false, "")],
            DmarcPolicy.None
        );

    private static AggregateReport Report(params AggregateRow[] rows) =>
        new(
            "Example Mail",
            "postmaster@mx.example",
            "2026-11-24.example.org",
            DateTimeOffset.FromUnixTimeSeconds(1_795_478_400),
            DateTimeOffset.FromUnixTimeSeconds(1_795_564_799),
            PublishedPolicy.Of("example.org", Record),
            rows
        );

    [Fact]
    public void A_message_is_a_row_and_its_text_names_the_kind()
    {
        var row = Row();
        var text = AggregateReportWriter.RowText(row);

        Assert.Equal(text, AggregateReportWriter.RowText(row with { Count = 17 }));
        Assert.NotEqual(text, AggregateReportWriter.RowText(Row("")));
        var again = AggregateReportReader.ReadRow(text);
        Assert.Equal((IPAddress.Parse("192.0.2.1"), 1, "example.org"), (again.Source, again.Count, again.HeaderFrom));
        Assert.Equal(("trusted_forwarder", "list <x> & ??"), Assert.Single(again.Reasons));
        Assert.Equal(new AggregateDkim("list.example", "s1", "fail"), Assert.Single(again.Dkim));
        Assert.Equal(new AggregateSpf("example.org", "mfrom", "softfail"), Assert.Single(again.Spf));
        Assert.Equal(new AggregateSpf("helo.example.org", "helo", "softfail"), Assert.Single(Row("").Spf));
        Assert.ThrowsAny<Exception>(() => AggregateReportReader.ReadRow("<x/>"));
    }

    [Fact]
    public void The_XML_has_the_order_of_the_schema()
    {
        var xml = Encoding.UTF8.GetString(AggregateReportWriter.WriteXml(Report(Row() with { Count = 3 })));

        string[] names =
        [
            "<feedback>",
            "<version>1.0",
            "<report_metadata>",
            "<org_name>Example Mail",
            "<email>",
            "<report_id>",
            "<date_range>",
            "<begin>1795478400",
            "<end>1795564799",
            "<policy_published>",
            "<domain>example.org",
            "<adkim>s",
            "<aspf>r",
            "<p>reject",
            "<sp>reject",
            "<pct>50",
            "<fo>1",
            "<record>",
            "<row>",
            "<source_ip>192.0.2.1",
            "<count>3",
            "<policy_evaluated>",
            "<disposition>none",
            "<dkim>fail",
            "<spf>fail",
            "<reason>",
            "<type>trusted_forwarder",
            "<identifiers>",
            "<envelope_from>",
            "<header_from>",
            "<auth_results>",
            "<dkim>",
            "<spf>",
        ];
        var at = 0;
        foreach (var name in names)
        {
            var found = xml.IndexOf(name, at, StringComparison.Ordinal);
            Assert.True(found >= at, $"{name} is not behind {at} in\n{xml}");
            at = found + 1;
        }
    }

    [Fact]
    public void The_mail_is_what_receivers_look_for()
    {
        var mail = new AggregateReportMail(
            DomainName.Parse("mx.example"),
            EmailAddress.Parse("dmarc@mx.example"),
            EmailAddress.Parse("reports@example.org"),
            DateTimeOffset.FromUnixTimeSeconds(1_795_568_400),
            "20261125-1"
        );
        var report = Report([.. Enumerable.Range(1, 50).Select(static i => Row() with { Count = i })]);

        var bytes = mail.Write(report);

        Assert.Equal(
            "mx.example!example.org!1795478400!1795564799!2026-11-24.example.org.xml.gz",
            mail.FileName(report)
        );
        Assert.All(
            Encoding.ASCII.GetString(bytes).Split("\r\n"),
            static line =>
                Assert.InRange(line.Length, 0, line.Contains("filename", StringComparison.Ordinal) ? 998 : 78)
        );
        using var message = MimeMessage.Load(new MemoryStream(bytes), Ct);
        Assert.Equal(
            "Report Domain: example.org Submitter: mx.example Report-ID: <2026-11-24.example.org>",
            message.Subject
        );
        var part = Assert.IsType<MimeKit.MimePart>(message.Attachments.Single());
        Assert.Equal(("application/gzip", mail.FileName(report)), (part.ContentType.MimeType, part.FileName));
        using var content = new MemoryStream();
        part.Content!.DecodeTo(content, Ct);
        var again = AggregateReportReader.Read(content.ToArray(), out var error);
        Assert.True(again is not null, error);
        Assert.Equal(report.Messages, again.Messages);
        var scanner = Messages.MessageScanner.Create();
        scanner.Append(bytes);
        Assert.Equal(ReportKind.Aggregate, ReceivedReport.Recognize(scanner.Complete()));
    }

    [Theory]
    // the destination; what the other domain says; where reports go
    [InlineData("mailto:a@example.org", null, "a@example.org")]
    [InlineData("mailto:a@dmarc.example.org", null, "a@dmarc.example.org")]
    [InlineData("mailto:a@collector.example", "v=DMARC1", "a@collector.example")]
    [InlineData("mailto:a@collector.example", "v=DMARC1; rua=mailto:b@collector.example!1k", "b@collector.example")]
    [InlineData("mailto:a@collector.example", "v=DMARC1; rua=mailto:b@victim.example", "a@collector.example")]
    [InlineData("mailto:a@collector.example", null, "")]
    [InlineData("mailto:a@collector.example", "v=spf1 -all", "")]
    [InlineData("https://example.org/x", null, "")]
    public async Task Strangers_are_asked_whether_they_want_reports(string rua, string? consent, string expected)
    {
        var dns = new FakeDns();
        if (consent is not null)
            dns.Txt("mail.example.org._report._dmarc.collector.example", consent);

        var list = await FindAsync(dns, rua);

        Assert.Equal(expected, string.Join(' ', list.Destinations.Select(static d => d.Address.ToString())));
        Assert.Equal(expected.Length == 0 ? 1 : 0, list.Refused.Count);
        Assert.True(list.IsComplete);
    }

    [Fact]
    public async Task F8_No_answer_means_later()
    {
        var list = await FindAsync(
            new FakeDns().Fail("mail.example.org._report._dmarc.collector.example"),
            "mailto:a@collector.example,mailto:b@example.org,mailto:b@example.org"
        );

        Assert.False(list.IsComplete);
        Assert.Equal(["b@example.org"], list.Destinations.Select(static d => d.Address.ToString()));
    }

    private static async Task<ReportDestinationList> FindAsync(FakeDns dns, string rua) =>
        await new ReportDestinations(dns, PublicSuffixList.Shipped).FindAsync(
            DomainName.Parse("mail.example.org"),
            DmarcRecord.Parse("v=DMARC1; p=none; rua=" + rua, out _)!,
            Ct
        );
}
