using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Reports;
using Postreiter.Messages;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Delivery.Reports;

/// <summary>
/// Sums up the DMARC aggregate reports that come to an address of ours. The mail itself is filed as any other: a report that cannot
/// be read, or that nobody vouches for, is only not counted.
/// </summary>
/// <param name="store">Keeps the sums.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of each report.</param>
public sealed partial class DmarcReportIntake(IStore store, TimeProvider time, ILogger<DmarcReportIntake> log)
{
    // One unit of work, beside which others wait.
    private const int MaxSums = 5_000;
    private const int MaxName = 200;

    /// <summary>Where reports come; may change at any time. Default none.</summary>
    public IReadOnlyList<EmailAddress> Addresses { get; set; } = [];

    /// <summary>Looks at a whole message before it is filed; the same report, brought again, counts once.</summary>
    internal async ValueTask LookAsync(
        SmtpEnvelope envelope,
        MessageFacts facts,
        PendingBlob content,
        SenderVerdict? verdict,
        CancellationToken ct
    )
    {
        if (
            Addresses.Count == 0
            || !envelope.Recipients.Any(r => Addresses.Contains(r.Arguments.Recipient))
            || ReceivedReport.Recognize(facts) != ReportKind.Aggregate
        )
            return;
        // Anybody can write numbers; they count when the domain that sends them is known to have sent them.
        if (verdict is { Dmarc.Result: not DmarcResult.Pass })
        {
            LogNotCounted(envelope.Id, $"dmarc={verdict.Dmarc.Result}: nobody vouches for its sender");
            return;
        }

        try
        {
            await using var stream = new ContentStream(content);
            var received = await ReceivedReport.ReadAsync(stream, facts, limits: null, ct);
            if (received?.Aggregate is { } report)
                await CountAsync(envelope.Id, report, ct);
            else
                LogNotCounted(envelope.Id, received?.Error ?? "it is no report");
        }
        catch (Exception e) when (e is StoreException or IOException)
        {
            LogFault(e, envelope.Id);
        }
    }

    private async ValueTask CountAsync(TraceId id, AggregateReport report, CancellationToken ct)
    {
        if (
            !DomainName.TryParse(report.Policy.Domain, out var domain)
            || !await store.Directory.IsLocalDomainAsync(domain, ct)
        )
        {
            LogNotCounted(id, "it is about no domain of ours");
            return;
        }

        var reporter = Cut(report.Organization);
        var sums = report.Sum();
        var record = new DmarcReportRecord(
            reporter,
            Cut(report.ReportId),
            domain,
            time.GetUtcNow(),
            [
                .. sums.Take(MaxSums)
                    .Select(s => new DmarcSum(
                        DateOnly.FromDateTime(report.Begin.UtcDateTime),
                        reporter,
                        s.Source,
                        Cut(s.HeaderFrom),
                        s.Disposition.ToString().ToLowerInvariant(),
                        s.IsDkimAligned,
                        s.IsSpfAligned,
                        s.Count
                    )),
            ]
        );
        if (await store.MailAuth.AddDmarcReportAsync(record, ct))
            LogCounted(id, reporter, domain, report.Messages, report.SkippedRows + Math.Max(0, sums.Count - MaxSums));
        else
            LogNotCounted(id, "it was counted before");
    }

    private static string Cut(string text)
    {
        var clean = string.Concat(text.Take(MaxName).Select(static c => char.IsControl(c) ? '?' : c));
        return clean.Length == 0 ? "?" : clean;
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Id} is a DMARC report of {Reporter} about {Domain}: {Messages} messages, {Skipped} rows left out"
    )]
    private partial void LogCounted(TraceId id, string reporter, DomainName domain, long messages, int skipped);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Id} is a DMARC report and is not counted: {Reason}")]
    private partial void LogNotCounted(TraceId id, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Id} is a DMARC report and cannot be counted")]
    private partial void LogFault(Exception e, TraceId id);
}
