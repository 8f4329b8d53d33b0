using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Xml;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;

namespace Postreiter.MailAuth.Reports;

/// <summary>Writes aggregate reports of what came in here (RFC 7489 §7.2, appendix C).</summary>
public static class AggregateReportWriter
{
    private static readonly XmlWriterSettings Settings = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        Indent = true,
        NewLineChars = "\n",
        CheckCharacters = true,
    };

    /// <summary>What one message adds to a report, count 1.</summary>
    /// <param name="client">The host that sent it.</param>
    /// <param name="outcome">The verdict; one with a record.</param>
    /// <param name="spf">The result for MAIL FROM; null when it was not checked.</param>
    /// <param name="envelopeFrom">The domain of MAIL FROM; empty for the null sender.</param>
    /// <param name="dkim">Results of all signatures.</param>
    /// <param name="disposition">What became of it in truth.</param>
    public static AggregateRow Row(
        IPAddress client,
        DmarcOutcome outcome,
        SpfOutcome? spf,
        string envelopeFrom,
        IReadOnlyList<DkimOutcome> dkim,
        DmarcPolicy disposition
    ) =>
        new(
            client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client,
            1,
            disposition,
            outcome.IsDkimAligned,
            outcome.IsSpfAligned,
            outcome.Domain
        )
        {
            EnvelopeFrom = envelopeFrom,
            Reasons = [.. outcome.Overrides.Select(static o => (Word(o.Kind), o.Comment))],
            Dkim =
            [
                .. dkim.Where(static d => d.Domain.Length > 0)
                    .Select(static d => new AggregateDkim(
                        d.Domain,
                        d.Selector,
                        d.Result.ToString().ToLowerInvariant()
                    )),
            ],
            // The schema wants one; for the null sender it is the HELO that was checked.
            Spf =
            [
                new AggregateSpf(
                    spf?.Domain ?? envelopeFrom,
                    envelopeFrom.Length == 0 ? "helo" : "mfrom",
                    (spf?.Result ?? SpfResult.None).ToString().ToLowerInvariant()
                ),
            ],
        };

    /// <summary>A row as one text, the same for the same kind of message, for a store that counts; <see cref="AggregateReportReader.ReadRow"/> reads it.</summary>
    public static string RowText(AggregateRow row)
    {
        var text = new StringBuilder();
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true };
        using (var xml = XmlWriter.Create(text, settings))
            WriteRow(xml, row with { Count = 1 });
        return text.ToString();
    }

    /// <summary>The report as XML.</summary>
    public static byte[] WriteXml(AggregateReport report)
    {
        using var stream = new MemoryStream();
        using (var xml = XmlWriter.Create(stream, Settings))
        {
            xml.WriteStartElement("feedback");
            Element(xml, "version", "1.0");
            xml.WriteStartElement("report_metadata");
            Element(xml, "org_name", report.Organization);
            Element(xml, "email", report.Email);
            if (report.ExtraContact.Length > 0)
                Element(xml, "extra_contact_info", report.ExtraContact);
            Element(xml, "report_id", report.ReportId);
            xml.WriteStartElement("date_range");
            Element(xml, "begin", Seconds(report.Begin));
            Element(xml, "end", Seconds(report.End));
            xml.WriteEndElement();
            foreach (var error in report.Errors)
                Element(xml, "error", error);
            xml.WriteEndElement();
            WritePolicy(xml, report.Policy);
            foreach (var row in report.Rows)
                WriteRow(xml, row);
            xml.WriteEndElement();
        }

        return stream.ToArray();
    }

    /// <summary>The report as it is attached: gzip of the XML (RFC 7489 §7.2.1.1).</summary>
    public static byte[] WriteGzip(AggregateReport report)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal))
            gzip.Write(WriteXml(report));
        return stream.ToArray();
    }

    private static void WritePolicy(XmlWriter xml, PublishedPolicy policy)
    {
        xml.WriteStartElement("policy_published");
        Element(xml, "domain", policy.Domain);
        if (policy.DkimAlignment is { } adkim)
            Element(xml, "adkim", adkim == DmarcAlignment.Strict ? "s" : "r");
        if (policy.SpfAlignment is { } aspf)
            Element(xml, "aspf", aspf == DmarcAlignment.Strict ? "s" : "r");
        Element(xml, "p", Word(policy.Policy ?? DmarcPolicy.None));
        Element(xml, "sp", Word(policy.SubdomainPolicy ?? policy.Policy ?? DmarcPolicy.None));
        Element(xml, "pct", (policy.Percent ?? 100).ToString(CultureInfo.InvariantCulture));
        if (policy.FailureOptions is { } fo)
            Element(xml, "fo", fo);
        xml.WriteEndElement();
    }

    private static void WriteRow(XmlWriter xml, AggregateRow row)
    {
        xml.WriteStartElement("record");
        xml.WriteStartElement("row");
        Element(xml, "source_ip", row.Source.ToString());
        Element(xml, "count", row.Count.ToString(CultureInfo.InvariantCulture));
        xml.WriteStartElement("policy_evaluated");
        Element(xml, "disposition", Word(row.Disposition));
        Element(xml, "dkim", row.IsDkimAligned ? "pass" : "fail");
        Element(xml, "spf", row.IsSpfAligned ? "pass" : "fail");
        foreach (var (type, comment) in row.Reasons)
        {
            xml.WriteStartElement("reason");
            Element(xml, "type", type);
            if (comment.Length > 0)
                Element(xml, "comment", comment);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteStartElement("identifiers");
        if (row.EnvelopeTo is { } to)
            Element(xml, "envelope_to", to);
        if (row.EnvelopeFrom is { } from)
            Element(xml, "envelope_from", from);
        Element(xml, "header_from", row.HeaderFrom);
        xml.WriteEndElement();
        xml.WriteStartElement("auth_results");
        foreach (var dkim in row.Dkim)
        {
            xml.WriteStartElement("dkim");
            Element(xml, "domain", dkim.Domain);
            if (dkim.Selector is { } selector)
                Element(xml, "selector", selector);
            Element(xml, "result", dkim.Result);
            if (dkim.HumanResult is { } human)
                Element(xml, "human_result", human);
            xml.WriteEndElement();
        }

        foreach (var spf in row.Spf)
        {
            xml.WriteStartElement("spf");
            Element(xml, "domain", spf.Domain);
            if (spf.Scope is { } scope)
                Element(xml, "scope", scope);
            Element(xml, "result", spf.Result);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    // Domains and comments are strangers' text: XML cannot hold most control characters at all.
    private static void Element(XmlWriter xml, string name, string value) =>
        xml.WriteElementString(name, Printable.Cut(value, 500));

    private static string Seconds(DateTimeOffset time) =>
        time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private static string Word(DmarcPolicy policy) => policy.ToString().ToLowerInvariant();

    private static string Word(DmarcOverrideKind kind) =>
        kind switch
        {
            DmarcOverrideKind.Forwarded => "forwarded",
            DmarcOverrideKind.SampledOut => "sampled_out",
            DmarcOverrideKind.TrustedForwarder => "trusted_forwarder",
            DmarcOverrideKind.MailingList => "mailing_list",
            DmarcOverrideKind.LocalPolicy => "local_policy",
            _ => "other",
        };
}
