using System.Globalization;
using System.Text;

namespace Postreiter.Messages.Reports;

/// <summary>
/// Writes a report as a message: multipart/report (RFC 6522) of plain English, message/delivery-status (RFC 3464) and what is
/// returned of the original; with addresses outside ASCII the forms of RFC 6533.
/// </summary>
public static class ReportWriter
{
    private const int MaxDiagnostic = 800;

    /// <summary>The whole message, CRLF line ends; its envelope has the empty reverse-path (RFC 3464 §2).</summary>
    public static byte[] Write(DeliveryReport report)
    {
        ArgumentOutOfRangeException.ThrowIfZero(report.Recipients.Count);
        var isUtf8 = report.Recipients.Any(r => r.Address.NeedsUtf8) || report.To.NeedsUtf8;
        var boundary = "=_" + report.Id;
        var text = new StringBuilder(4096);
        void Line(string line = "") => text.Append(line).Append("\r\n");

        Line($"From: Mail Delivery System <MAILER-DAEMON@{report.ReportingHost}>");
        Line($"To: <{report.To}>");
        Line($"Subject: {Subject(report.Recipients[0].Action)}");
        Line($"Date: {Date(report.Now)}");
        Line($"Message-ID: <{report.Id}@{report.ReportingHost}>");
        // RFC 3834 §5: so that no answering machine answers.
        Line("Auto-Submitted: auto-replied");
        Line("MIME-Version: 1.0");
        Line($"Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"");
        Line();
        Line($"--{boundary}");
        Line("Content-Type: text/plain; charset=utf-8");
        Line($"Content-Transfer-Encoding: {(isUtf8 ? "8bit" : "7bit")}");
        Line();
        WriteText(report, Line);
        Line($"--{boundary}");
        Line($"Content-Type: message/{(isUtf8 ? "global-delivery-status" : "delivery-status")}");
        if (isUtf8)
            Line("Content-Transfer-Encoding: 8bit");
        Line();
        WriteStatus(report, isUtf8, Line);
        Line($"--{boundary}");
        var has8Bit = report.Original.Span.ContainsAnyExceptInRange((byte)0, (byte)127);
        Line($"Content-Type: {OriginalType(report.IsOriginalWhole, isUtf8)}");
        if (has8Bit)
            Line("Content-Transfer-Encoding: 8bit");
        Line();

        byte[] head = Encoding.UTF8.GetBytes(text.ToString());
        byte[] tail = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        return [.. head, .. report.Original.Span, .. tail];
    }

    private static string OriginalType(bool isWhole, bool isUtf8) =>
        (isWhole, isUtf8) switch
        {
            (true, false) => "message/rfc822",
            (true, true) => "message/global",
            (false, false) => "text/rfc822-headers",
            (false, true) => "message/global-headers",
        };

    private static string Subject(ReportAction action) =>
        action switch
        {
            ReportAction.Failed => "Your message could not be delivered",
            ReportAction.Delayed => "Your message is delayed",
            ReportAction.Delivered => "Your message was delivered",
            _ => "Your message was passed on",
        };

    private static void WriteText(DeliveryReport report, Action<string> line)
    {
        line($"This is the mail server at {report.ReportingHost}.");
        line("");
        line(
            report.Recipients[0].Action switch
            {
                ReportAction.Failed => "Your message could not be delivered to:",
                ReportAction.Delayed =>
                    "Your message has not been delivered yet; you need not send it again. It waits for:",
                ReportAction.Delivered => "Your message was delivered to:",
                _ => "Your message was passed on, to a server that will not report delivery, for:",
            }
        );
        line("");
        foreach (var recipient in report.Recipients)
        {
            line($"  {recipient.Address}");
            if (recipient.Diagnostic is { } words)
                line($"    {(recipient.RemoteHost is { } host ? Clean(host) + " said: " : "")}{Clean(words)}");
            if (recipient.RetryUntil is { } until)
                line($"    It will be tried until {Date(until)}.");
        }

        line("");
        if (report.Recipients[0].Action == ReportAction.Failed)
        {
            line("It will not be tried again. If the reason above is one that passes, please send the message anew.");
            line("");
        }

        line(
            $"Details for programs follow, then {(report.IsOriginalWhole ? "the message" : "the header of the message")}."
        );
        line("");
    }

    private static void WriteStatus(DeliveryReport report, bool isUtf8, Action<string> line)
    {
        if (report.EnvelopeId is { } id)
            line($"Original-Envelope-Id: {Clean(id)}");
        line($"Reporting-MTA: dns; {report.ReportingHost}");
        line($"Arrival-Date: {Date(report.Arrival)}");
        foreach (var recipient in report.Recipients)
        {
            line("");
            if (recipient.OriginalRecipient is { } original)
                line($"Original-Recipient: {OriginalRecipient(original, isUtf8)}");
            line($"Final-Recipient: {(isUtf8 ? "utf-8" : "rfc822")}; {recipient.Address}");
            line($"Action: {recipient.Action.ToString().ToLowerInvariant()}");
            line($"Status: {recipient.Status}");
            if (recipient.RemoteHost is { } host)
                line($"Remote-MTA: dns; {Clean(host)}");
            // RFC 3464 §2.3.6: "smtp" is for what a server said; what we found ourselves is no reply.
            if (recipient.Diagnostic is { } words)
                line($"Diagnostic-Code: {(recipient.RemoteHost is null ? "x-postreiter" : "smtp")}; {Clean(words)}");
            if (recipient.RetryUntil is { } until)
                line($"Will-Retry-Until: {Date(until)}");
        }

        line("");
    }

    /// <summary>
    /// <c>type;address</c> as the sender gave it. RFC 6533 §3: beyond ASCII as it is where the report is UTF-8, else by its numbers.
    /// </summary>
    private static string OriginalRecipient(string text, bool isUtf8)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (result.Length > MaxDiagnostic)
                break;
            if (rune.Value is >= ' ' and <= '~' || (isUtf8 && rune.Value > 0x9F))
                result.Append(rune);
            else if (rune.Value > '~')
                result.Append(CultureInfo.InvariantCulture, $"\\x{{{rune.Value:X2}}}");
            else
                result.Append('?');
        }

        return result.ToString();
    }

    /// <summary>What a peer wrote, made safe for a line of ours: printable ASCII, bounded.</summary>
    private static string Clean(string text)
    {
        var end = Math.Min(text.Length, MaxDiagnostic);
        return string.Create(
            end,
            text,
            static (to, from) =>
            {
                for (var i = 0; i < to.Length; i++)
                    to[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
            }
        );
    }

    private static string Date(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("ddd, d MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);
}
