using System.Net;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Reports;
using Postreiter.Storage;
using Postreiter.Storage.MailAuth;

namespace Postreiter.Delivery.Reports;

/// <summary>
/// Counts what came in from domains that ask for reports. In memory for a minute, then in the store: a crash loses a minute's
/// counts, and no message waits for them.
/// </summary>
/// <param name="store">Keeps the counts.</param>
/// <param name="time">The clock.</param>
internal sealed class DmarcResultCounter(IStore store, TimeProvider time)
{
    // Of one minute, and of one day: who sends ever new kinds of mail fills no disk.
    private const int MaxKinds = 5_000;
    private const int MaxKindsOfDay = 100_000;

    private readonly Lock _lock = new();
    private Dictionary<(DateOnly Day, DomainName Domain, string Kind), long> _counts = [];
    private DateOnly _day;
    private int _kindsOfDay;

    /// <summary>Whether anything is counted. Default off.</summary>
    public bool IsOn { get; set; }

    /// <summary>Counts one message.</summary>
    public void Count(IPAddress client, EmailAddress? reversePath, SenderVerdict verdict)
    {
        var dmarc = verdict.Dmarc;
        if (
            !IsOn
            || verdict.Action == SenderAction.Defer
            || dmarc is not { Record.AggregateDestinations.Count: > 0, PolicyDomain: { } place }
            || !DomainName.TryParse(place, out var domain)
        )
            return;
        var disposition = verdict.Action switch
        {
            SenderAction.Reject => DmarcPolicy.Reject,
            SenderAction.Quarantine => DmarcPolicy.Quarantine,
            _ => DmarcPolicy.None,
        };
        var from = reversePath?.Domain.Ascii ?? "";
        var row = AggregateReportWriter.Row(client, dmarc, verdict.Spf, from, verdict.Dkim, disposition);
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var key = (today, domain, AggregateReportWriter.RowText(row));
        lock (_lock)
        {
            if (_day != today)
                (_day, _kindsOfDay) = (today, 0);
            if (_counts.TryGetValue(key, out var count))
                _counts[key] = count + 1;
            else if (_counts.Count < MaxKinds && _kindsOfDay < MaxKindsOfDay)
            {
                _kindsOfDay++;
                _counts.Add(key, 1);
            }
        }
    }

    /// <summary>Moves the counts into the store; after a fault they stay.</summary>
    /// <exception cref="StoreException">The store failed.</exception>
    public async Task FlushAsync(CancellationToken ct)
    {
        Dictionary<(DateOnly Day, DomainName Domain, string Kind), long> counts;
        lock (_lock)
        {
            if (_counts.Count == 0)
                return;
            (counts, _counts) = (_counts, []);
        }

        try
        {
            await store.MailAuth.CountDmarcResultsAsync(
                [.. counts.Select(c => new DmarcTally(c.Key.Day, c.Key.Domain, c.Key.Kind, c.Value))],
                ct
            );
        }
        catch
        {
            lock (_lock)
            {
                foreach (var (key, count) in counts)
                    _counts[key] = _counts.GetValueOrDefault(key) + count;
            }

            throw;
        }
    }
}
