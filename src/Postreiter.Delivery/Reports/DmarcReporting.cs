using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Dns;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Reports;
using Postreiter.Messages;
using Postreiter.Storage;
using Postreiter.Storage.Mail;
using Postreiter.Storage.MailAuth;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Reports;

/// <summary>Sends each domain that asks for it the sums of a day of its mail (RFC 7489 §7.2). Off unless the site wants it.</summary>
public sealed partial class DmarcReporting
{
    // A name server that is down for a week keeps nobody's sums for ever.
    private const int MaxAgeDays = 7;
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly IStore _store;
    private readonly IDnsResolver _dns;
    private readonly ReportDestinations _destinations;
    private readonly SigningKeys _keys;
    private readonly Func<IMessageScanner> _scanner;
    private readonly DomainName _hostName;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger<DmarcReporting> _log;

    /// <summary>Reports of one site.</summary>
    /// <param name="store">Keeps the counts, takes the reports into its queue.</param>
    /// <param name="dns">For the records and the consent of destinations.</param>
    /// <param name="suffixes">Tells which destinations belong to a domain.</param>
    /// <param name="keys">Sign the reports.</param>
    /// <param name="scanner">Makes a scanner for one message.</param>
    /// <param name="hostName">Ours.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For the reports' names.</param>
    /// <param name="log">Told of each report.</param>
    public DmarcReporting(
        IStore store,
        IDnsResolver dns,
        PublicSuffixList suffixes,
        SigningKeys keys,
        Func<IMessageScanner> scanner,
        DomainName hostName,
        TimeProvider time,
        Random random,
        ILogger<DmarcReporting> log
    )
    {
        (_store, _dns, _keys, _scanner, _hostName) = (store, dns, keys, scanner, hostName);
        (_time, _random, _log) = (time, random, log);
        _destinations = new ReportDestinations(dns, suffixes);
        Counter = new DmarcResultCounter(store, time);
    }

    /// <summary>Whether it counts and sends; may change at any time. Default off.</summary>
    public bool IsOn
    {
        get => Counter.IsOn;
        set => Counter.IsOn = value;
    }

    /// <summary>The sender of the reports; may change at any time. Default null: postmaster at the host's name.</summary>
    public EmailAddress? From { get; set; }

    internal EmailAddress Sender => From ?? EmailAddress.Parse("postmaster@" + _hostName.Ascii);

    internal DmarcResultCounter Counter { get; }

    /// <summary>Keeps the counts each minute and sends what is due, until stopped.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var next = DateTimeOffset.MinValue;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await Counter.FlushAsync(ct);
                // What the DNS owes is asked for each hour.
                if (IsOn && _time.GetUtcNow() >= next)
                {
                    next = _time.GetUtcNow() + TimeSpan.FromHours(1);
                    await SendDueAsync(ct);
                }
            }
            catch (StoreException e)
            {
                LogFault(e);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(Pause, _time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        try
        {
            await Counter.FlushAsync(CancellationToken.None);
        }
        catch (StoreException e)
        {
            LogFault(e);
        }
    }

    /// <summary>Puts the reports of all days that are over into the queue.</summary>
    /// <exception cref="StoreException">The store failed; what was not sent is tried again.</exception>
    public async Task SendDueAsync(CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        var tallies = await _store.MailAuth.ListDmarcResultsAsync(today, ct);
        foreach (var group in tallies.GroupBy(t => (t.Domain, t.Day)))
        {
            var isDone = await SendAsync(group.Key.Domain, group.Key.Day, [.. group], ct);
            if (isDone || group.Key.Day.AddDays(MaxAgeDays) < today)
                await _store.MailAuth.RemoveDmarcResultsAsync(group.Key.Domain, group.Key.Day, ct);
        }
    }

    /// <returns>False when the DNS gave no answer.</returns>
    private async Task<bool> SendAsync(
        DomainName domain,
        DateOnly day,
        IReadOnlyList<DmarcTally> tallies,
        CancellationToken ct
    )
    {
        // The record of now: who has changed his mind about reports gets none.
        var answer = await _dns.ResolveTxtAsync(DomainName.Parse("_dmarc." + domain.Ascii), ct);
        if (answer.Status == DnsStatus.TemporaryFailure)
            return false;
        if (
            answer.Records.Where(DmarcRecord.IsDmarc).ToList() is not [var text]
            || DmarcRecord.Parse(text, out _) is not { AggregateDestinations.Count: > 0 } record
        )
            return true;
        var wanted = await _destinations.FindAsync(domain, record, ct);
        if (!wanted.IsComplete)
            return false;
        foreach (var refused in wanted.Refused)
            LogRefused(domain, refused);
        if (wanted.Destinations.Count == 0)
            return true;
        var begin = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
        var report = new AggregateReport(
            _hostName.Ascii,
            Sender.ToString(),
            $"{domain.Ascii}-{day:yyyyMMdd}",
            begin,
            begin.AddDays(1).AddSeconds(-1),
            PublishedPolicy.Of(domain.Ascii, record),
            [.. tallies.Select(t => AggregateReportReader.ReadRow(t.Kind) with { Count = t.Count })]
        );
        foreach (var destination in wanted.Destinations)
            await FileAsync(domain, report, destination, ct);
        return true;
    }

    private async Task FileAsync(
        DomainName domain,
        AggregateReport report,
        ReportDestination destination,
        CancellationToken ct
    )
    {
        var (now, from, to) = (_time.GetUtcNow(), Sender, destination.Address);
        var id = NewId(now);
        var mail = new AggregateReportMail(_hostName, from, to, now, id.ToString()).Write(report);
        // RFC 7489 §6.2: the destination says how much it takes.
        if (mail.Length > destination.MaxBytes)
        {
            LogRefused(domain, $"{to} takes {destination.MaxBytes} bytes, the report has {mail.Length}");
            return;
        }

        await using var writer = _store.Blobs.Begin();
        await writer.WriteAsync(mail, ct);
        var scan = _scanner();
        scan.Append(mail);
        var filing = new Filing
        {
            DeliveryId = id,
            Content = await writer.CompleteAsync(ct),
            Structure = scan.Complete().Structure,
            Queue =
            [
                new NewQueueItem
                {
                    Destination = to.Domain,
                    Envelope = new QueueEnvelope { ReversePath = from },
                    Recipients = [new QueueRecipient(to, DsnNotify.Never)],
                    Prefix = await MessageSigning.SignWholeAsync(_keys, from.Domain, mail, _time, ct),
                    Created = now,
                    NextAttempt = now,
                },
            ],
        };
        await _store.Mail.FileAsync(filing, ct);
        LogSent(id, domain, to, report.Messages);
    }

    [SuppressMessage("Security", "CA5394", Justification = "A name, not a secret.")]
    private TraceId NewId(DateTimeOffset now)
    {
        lock (_random)
            return TraceId.Create(now, _random);
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Id} is the DMARC report about {Domain} for {To}: {Messages} messages"
    )]
    private partial void LogSent(TraceId id, DomainName domain, EmailAddress to, long messages);

    [LoggerMessage(Level = LogLevel.Information, Message = "A DMARC report about {Domain} is not sent: {Reason}")]
    private partial void LogRefused(DomainName domain, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The DMARC reports cannot be made; tried again")]
    private partial void LogFault(StoreException e);
}
