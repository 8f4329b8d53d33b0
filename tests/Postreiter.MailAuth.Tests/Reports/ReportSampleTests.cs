using System.Net;
using System.Text.Json;
using Postreiter.MailAuth.Reports;
using Postreiter.Messages;
using Postreiter.Testing;

namespace Postreiter.MailAuth.Tests.Reports;

/// <summary>Reports of real reporters, each a test of its own, beside what another library read in them.</summary>
public sealed class ReportSampleTests
{
    private static readonly string Folder = TestData.Folder("reports");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Aggregates() => Files("dmarc-aggregate", "*.xml");

    public static TheoryData<string> Feedbacks() => Files("arf", "*.eml");

    public static TheoryData<string> Transports() => Files("tlsrpt", "*.eml");

    private static TheoryData<string> Files(string kind, string pattern)
    {
        var folder = Path.Combine(Folder, kind);
        // Without the folder one case that says why it is skipped: a theory without any counts as failed.
        return Directory.Exists(folder)
            ?
            [
                .. Directory
                    .EnumerateFiles(folder, pattern)
                    .Select(f => Path.GetRelativePath(Folder, f))
                    .Order(StringComparer.Ordinal),
            ]
            : [""];
    }

    [Theory]
    [MemberData(nameof(Aggregates), DisableDiscoveryEnumeration = false)]
    public void Aggregate(string file)
    {
        Assert.SkipUnless(file.Length > 0, $"{Folder} is missing: the samples are not shipped");
        var path = Path.Combine(Folder, file);

        var report = AggregateReportReader.Read(File.ReadAllBytes(path), out var error);

        Assert.True(report is not null, error);
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(path, "json")));
        var expected = document.RootElement;
        var metadata = expected.GetProperty("report_metadata");
        Assert.Equal(Text(metadata, "org_name"), report.Organization);
        Assert.Equal(Text(metadata, "email"), report.Email);
        Assert.Equal(Text(metadata, "report_id"), report.ReportId);
        Assert.Equal(Text(metadata, "extra_contact_info") ?? "", report.ExtraContact);
        Assert.Equal(
            metadata.GetProperty("date_range").GetProperty("begin").GetInt64(),
            report.Begin.ToUnixTimeSeconds()
        );
        Assert.Equal(metadata.GetProperty("date_range").GetProperty("end").GetInt64(), report.End.ToUnixTimeSeconds());
        var policy = expected.GetProperty("policy_published");
        Assert.Equal(Text(policy, "domain"), report.Policy.Domain);
        Assert.Equal(Text(policy, "p"), Name(report.Policy.Policy));
        Assert.Equal(Text(policy, "sp"), Name(report.Policy.SubdomainPolicy));
        Assert.Equal(Text(policy, "adkim"), Name(report.Policy.DkimAlignment));
        Assert.Equal(Text(policy, "aspf"), Name(report.Policy.SpfAlignment));
        Assert.Equal(Text(policy, "fo"), report.Policy.FailureOptions);
        var records = expected.GetProperty("record").EnumerateArray().ToList();
        Assert.Equal(0, report.SkippedRows);
        Assert.Equal(records.Count, report.Rows.Count);
        for (var i = 0; i < records.Count; i++)
            SameRow(records[i], report.Rows[i]);
        Assert.Equal(records.Sum(static r => r.GetProperty("row").GetProperty("count").GetInt64()), report.Messages);
        Assert.Equal(report.Messages, report.Sum().Sum(static s => s.Count));
        // What we read we write, and read again.
        var again = AggregateReportReader.Read(AggregateReportWriter.WriteGzip(report), out error);
        Assert.True(again is not null, error);
        Assert.Equal(
            report.Rows.Select(AggregateReportWriter.RowText),
            again.Rows.Select(AggregateReportWriter.RowText)
        );
    }

    private static void SameRow(JsonElement expected, AggregateRow row)
    {
        var counted = expected.GetProperty("row");
        var evaluated = counted.GetProperty("policy_evaluated");
        Assert.Equal(IPAddress.Parse(Text(counted, "source_ip")!), row.Source);
        Assert.Equal(counted.GetProperty("count").GetInt64(), row.Count);
        // That library keeps "pass" apart from none.
        Assert.Equal(
            Text(evaluated, "disposition") is "Pass" ? "None" : Text(evaluated, "disposition"),
            row.Disposition.ToString()
        );
        Assert.Equal(Text(evaluated, "dkim") == "Pass", row.IsDkimAligned);
        Assert.Equal(Text(evaluated, "spf") == "Pass", row.IsSpfAligned);
        Assert.Equal(
            evaluated
                .GetProperty("reason")
                .EnumerateArray()
                .Select(static r => (Text(r, "type_")!, Text(r, "comment") ?? "")),
            row.Reasons.Select(static r =>
                // That library knows the words of RFC 9990 only, which has no sampling.
                (
                    r.Type == "sampled_out"
                        ? "Other"
                        : string.Concat(r.Type.Split('_').Select(static w => char.ToUpperInvariant(w[0]) + w[1..])),
                    r.Comment
                )
            )
        );
        var identifiers = expected.GetProperty("identifiers");
        Assert.Equal(Text(identifiers, "header_from"), row.HeaderFrom);
        Assert.Equal(Text(identifiers, "envelope_from") ?? "", row.EnvelopeFrom ?? "");
        Assert.Equal(Text(identifiers, "envelope_to"), row.EnvelopeTo);
        var results = expected.GetProperty("auth_results");
        Assert.Equal(
            results
                .GetProperty("dkim")
                .EnumerateArray()
                .Select(static d =>
                    (Text(d, "domain"), Text(d, "selector") ?? "", Text(d, "result")!.ToLowerInvariant())
                ),
            row.Dkim.Select(static d => ((string?)d.Domain, d.Selector ?? "", d.Result))
        );
        Assert.Equal(
            results
                .GetProperty("spf")
                .EnumerateArray()
                .Select(static s => (Text(s, "domain"), Text(s, "result")!.ToLowerInvariant())),
            row.Spf.Select(static s => ((string?)s.Domain, s.Result))
        );
    }

    [Theory]
    [MemberData(nameof(Feedbacks), DisableDiscoveryEnumeration = false)]
    public async Task Feedback(string file)
    {
        Assert.SkipUnless(file.Length > 0, $"{Folder} is missing: the samples are not shipped");
        var path = Path.Combine(Folder, file);

        var report = await ReadAsync(File.ReadAllBytes(path));

        Assert.NotNull(report);
        Assert.Equal((ReportKind.Feedback, null), (report.Kind, report.Error));
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(path, "json")));
        var expected = document.RootElement;
        var feedback = report.Feedback!;
        Assert.Equal(
            Text(expected, "feedback_type"),
            feedback.Type.Replace("-", "", StringComparison.Ordinal),
            ignoreCase: true
        );
        Assert.Equal(Text(expected, "source_ip"), feedback.Source?.ToString());
        Assert.Equal(expected.GetProperty("incidents").GetUInt32(), feedback.Incidents);
        Assert.Equal(Text(expected, "user_agent"), feedback.Find("User-Agent"));
        Assert.Equal(Text(expected, "original_mail_from"), feedback.Find("Original-Mail-From"));
        Assert.Equal(Text(expected, "original_rcpt_to"), feedback.Find("Original-Rcpt-To"));
        Assert.Equal(Text(expected, "dkim_domain"), feedback.Find("DKIM-Domain"));
        Assert.Equal(
            expected.GetProperty("reported_domain").EnumerateArray().Select(static d => d.GetString()),
            feedback.FindAll("Reported-Domain")
        );
    }

    [Theory]
    [MemberData(nameof(Transports), DisableDiscoveryEnumeration = false)]
    public async Task Transport(string file)
    {
        Assert.SkipUnless(file.Length > 0, $"{Folder} is missing: the samples are not shipped");

        var report = await ReadAsync(File.ReadAllBytes(Path.Combine(Folder, file)));

        Assert.Equal(ReportKind.Tls, report?.Kind);
    }

    private static ValueTask<ReceivedReport?> ReadAsync(byte[] message)
    {
        var scanner = MessageScanner.Create();
        scanner.Append(message);
        return ReceivedReport.ReadAsync(new MemoryStream(message), scanner.Complete(), null, Ct);
    }

    private static string Name<T>(T? value)
        where T : struct => value?.ToString() ?? "Unspecified";

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
