using System.Globalization;
using System.Text;
using Postreiter.Core;

namespace Postreiter.MailAuth.Reports;

/// <summary>The mail that carries an aggregate report (RFC 7489 §7.2.1.1).</summary>
/// <param name="Submitter">Whose report it is: our host or domain.</param>
/// <param name="From">The sender; its domain must be one that passes DMARC itself.</param>
/// <param name="To">Where it goes.</param>
/// <param name="Now">For Date.</param>
/// <param name="Id">A text for Message-ID and boundary: letters, digits, hyphens.</param>
public sealed record AggregateReportMail(
    DomainName Submitter,
    EmailAddress From,
    EmailAddress To,
    DateTimeOffset Now,
    string Id
)
{
    /// <summary>The name of the attachment: <c>receiver!domain!begin!end!id.xml.gz</c>.</summary>
    public string FileName(AggregateReport report) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Submitter.Ascii}!{Safe(report.Policy.Domain)}!{report.Begin.ToUnixTimeSeconds()}!{report.End.ToUnixTimeSeconds()}!{Safe(report.ReportId)}.xml.gz"
        );

    /// <summary>The subject, from which receivers tell reports by: <c>Report Domain: … Submitter: … Report-ID: …</c>.</summary>
    public string Subject(AggregateReport report) =>
        $"Report Domain: {Safe(report.Policy.Domain)} Submitter: {Submitter.Ascii} Report-ID: <{Safe(report.ReportId)}>";

    /// <summary>The whole message, ASCII, CRLF line ends.</summary>
    public byte[] Write(AggregateReport report)
    {
        var boundary = "=_" + Safe(Id);
        var name = FileName(report);
        var text = new StringBuilder(4096);
        void Line(string line = "") => text.Append(line).Append("\r\n");

        Line($"From: <{From}>");
        Line($"To: <{To}>");
        // Folded where it may be: a domain has 253 characters.
        Line(
            "Subject: "
                + Subject(report)
                    .Replace(" Submitter:", "\r\n Submitter:", StringComparison.Ordinal)
                    .Replace(" Report-ID:", "\r\n Report-ID:", StringComparison.Ordinal)
        );
        Line(
            $"Date: {Now.ToUniversalTime().ToString("ddd, d MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture)}"
        );
        Line($"Message-ID: <{Safe(Id)}@{Submitter.Ascii}>");
        // RFC 3834 §5: so that no answering machine answers.
        Line("Auto-Submitted: auto-generated");
        Line("MIME-Version: 1.0");
        Line($"Content-Type: multipart/mixed;\r\n\tboundary=\"{boundary}\"");
        Line();
        Line($"--{boundary}");
        Line("Content-Type: text/plain; charset=us-ascii");
        Line();
        Line($"This is an aggregate report of DMARC from {Submitter.Ascii}");
        Line($"about mail of {Safe(report.Policy.Domain)}.");
        Line();
        Line($"--{boundary}");
        Line("Content-Type: application/gzip");
        Line("Content-Transfer-Encoding: base64");
        Line($"Content-Disposition: attachment;\r\n\tfilename=\"{name}\"");
        Line();
        var encoded = Convert.ToBase64String(AggregateReportWriter.WriteGzip(report));
        for (var i = 0; i < encoded.Length; i += 76)
            text.Append(encoded, i, Math.Min(76, encoded.Length - i)).Append("\r\n");
        Line();
        Line($"--{boundary}--");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    private static string Safe(string text) =>
        string.Concat(text.Take(253).Where(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@'));
}
