using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Reports;
using Postreiter.Messages;
using Postreiter.Messages.Reports;
using Postreiter.Storage;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Queue;

/// <summary>One attempt for one queue item: remote or, where its destination has become ours, local.</summary>
/// <param name="store">Whose queue.</param>
/// <param name="remote">The way out.</param>
/// <param name="resolver">Knows which destinations are ours.</param>
/// <param name="notices">Writes reports.</param>
/// <param name="scanner">Makes a scanner for one message.</param>
/// <param name="schedule">When to try again.</param>
/// <param name="time">The clock.</param>
/// <param name="random">For the jitter.</param>
/// <param name="log">Told of our own faults.</param>
public sealed partial class QueueAttempt(
    IStore store,
    IRemoteDelivery remote,
    RecipientResolver resolver,
    NoticeFiler notices,
    Func<IMessageScanner> scanner,
    RetrySchedule schedule,
    TimeProvider time,
    Random random,
    ILogger<QueueAttempt> log
)
{
    private static readonly SmtpReply OwnFault = new(451, "4.3.0", "Temporary failure here");

    /// <summary>Gives a leased item back untouched.</summary>
    internal static AttemptOutcome Postpone(QueueItem item, DateTimeOffset until) =>
        new()
        {
            ItemId = item.Id,
            Lease = item.Lease,
            Remaining = item.Recipients,
            NextAttempt = until,
            Attempts = item.Attempts,
            DelayNoticeSent = item.DelayNoticeSent,
        };

    /// <summary>Makes the attempt and writes down its outcome.</summary>
    /// <returns>Whether the destination answered for at least one recipient.</returns>
    internal async Task<bool> RunAsync(QueueItem item, CancellationToken stop)
    {
        var open = new List<BlobWriter>();
        try
        {
            return await RunAsync(item, open, stop);
        }
        finally
        {
            foreach (var writer in open)
                await writer.DisposeAsync();
        }
    }

    private async Task<bool> RunAsync(QueueItem item, List<BlobWriter> open, CancellationToken stop)
    {
        IReadOnlyList<RecipientOutcome> outcomes;
        var filings = new List<Filing>();
        try
        {
            outcomes = await resolver.Directory.IsLocalDomainAsync(item.Destination, stop)
                ? await DeliverHereAsync(item, filings, open, stop)
                : await remote.DeliverAsync(item, token => store.Queue.OpenAsync(item, token), stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await store.Queue.CompleteAsync(Postpone(item, time.GetUtcNow()), CancellationToken.None);
            throw;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Our own fault never bounces mail: everything is tried again.
            LogFault(e, item.DeliveryId);
            filings.Clear();
            outcomes = [];
        }

        var outcome = await ConcludeAsync(item, outcomes, filings, open);
        if (!await store.Queue.CompleteAsync(outcome, CancellationToken.None))
            LogLostLease(item.DeliveryId);
        return outcomes.Any(o => o.Action != DeliveryAction.Deferred);
    }

    private async Task<AttemptOutcome> ConcludeAsync(
        QueueItem item,
        IReadOnlyList<RecipientOutcome> outcomes,
        List<Filing> filings,
        List<BlobWriter> open
    )
    {
        var now = time.GetUtcNow();
        var expires = item.Created + schedule.GiveUp;
        var remaining = new List<QueueRecipient>();
        var reports = new List<ReportedRecipient>();
        var isLate = !item.DelayNoticeSent && now - item.Created >= schedule.WarnAfter;
        foreach (var recipient in item.Recipients)
        {
            var outcome =
                outcomes.FirstOrDefault(o => o.Recipient.Address == recipient.Address)
                ?? new RecipientOutcome(recipient, DeliveryAction.Deferred, OwnFault, null);
            var notify = recipient.Notify;
            switch (outcome.Action)
            {
                case DeliveryAction.Relayed when notify.HasFlag(DsnNotify.Success):
                    reports.Add(Report(outcome, ReportAction.Relayed, new EnhancedStatus(2, 0, 0)));
                    break;
                case DeliveryAction.Failed when Wants(notify, DsnNotify.Failure):
                    reports.Add(Report(outcome, ReportAction.Failed, StatusOf(outcome.Reply)));
                    break;
                case DeliveryAction.Deferred when now >= expires:
                    // RFC 3463 §3.5: X.4.7, delivery time expired.
                    if (Wants(notify, DsnNotify.Failure))
                        reports.Add(Report(outcome, ReportAction.Failed, new EnhancedStatus(5, 4, 7)));
                    break;
                case DeliveryAction.Deferred:
                    remaining.Add(recipient with { LastResult = outcome.Reply.ToString() });
                    if (isLate && Wants(notify, DsnNotify.Delay))
                        reports.Add(
                            Report(outcome, ReportAction.Delayed, StatusOf(outcome.Reply)) with
                            {
                                RetryUntil = expires,
                            }
                        );
                    break;
            }
        }

        foreach (var group in reports.GroupBy(r => r.Action))
        {
            await using var content = await store.Queue.OpenAsync(item, CancellationToken.None);
            var notice = await notices.WriteAsync(
                item.Envelope,
                item.Created,
                [.. group],
                content.Length,
                content.ReadAsync,
                open,
                CancellationToken.None
            );
            if (notice is not null)
                filings.Add(notice);
        }

        var next = now + schedule.DelayAfter(item.Attempts + 1, Jitter());
        return new AttemptOutcome
        {
            ItemId = item.Id,
            Lease = item.Lease,
            Remaining = remaining,
            // The last attempt is made when the time is up, not a step later.
            NextAttempt = next > expires && expires > now ? expires : next,
            Attempts = item.Attempts + 1,
            DelayNoticeSent = item.DelayNoticeSent || (isLate && remaining.Count > 0),
            Notices = filings,
        };
    }

    /// <summary>A destination that has become ours: into mailboxes, in the unit of work that ends the item (P3).</summary>
    private async Task<List<RecipientOutcome>> DeliverHereAsync(
        QueueItem item,
        List<Filing> filings,
        List<BlobWriter> open,
        CancellationToken ct
    )
    {
        var outcomes = new List<RecipientOutcome>();
        var accounts = new HashSet<long>();
        var forwards = new List<QueueRecipient>();
        foreach (var recipient in item.Recipients)
        {
            var found = await resolver.ResolveAsync(recipient.Address, ct);
            if (found.Status != ResolutionStatus.Found)
            {
                var isUnknown = found.Status == ResolutionStatus.Unknown;
                var reply = isUnknown
                    ? new SmtpReply(550, "5.1.1", "No such user here")
                    : new SmtpReply(451, "4.3.5", "Address is misconfigured here");
                outcomes.Add(new(recipient, isUnknown ? DeliveryAction.Failed : DeliveryAction.Deferred, reply, null));
                continue;
            }

            accounts.UnionWith(found.Accounts.Select(a => a.Id));
            forwards.AddRange(found.Remote.Select(a => recipient with { Address = a, LastResult = null }));
            outcomes.Add(new(recipient, DeliveryAction.Delivered, new SmtpReply(250, "2.0.0", "Delivered"), null));
        }

        if (accounts.Count + forwards.Count > 0)
            filings.Add(await CopyAsync(item, accounts, forwards, open, ct));
        return outcomes;
    }

    private async Task<Filing> CopyAsync(
        QueueItem item,
        HashSet<long> accounts,
        List<QueueRecipient> forwards,
        List<BlobWriter> open,
        CancellationToken ct
    )
    {
        var now = time.GetUtcNow();
        var writer = store.Blobs.Begin();
        open.Add(writer);
        await using var content = await store.Queue.OpenAsync(item, ct);
        var scan = scanner();
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            long offset = 0;
            while (await content.ReadAsync(offset, buffer, ct) is > 0 and var count)
            {
                await writer.WriteAsync(buffer.AsMemory(0, count), ct);
                scan.Append(buffer.AsSpan(0, count));
                offset += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        var copies = new List<MailboxCopy>();
        foreach (var id in accounts)
        {
            copies.Add(
                new MailboxCopy
                {
                    AccountId = id,
                    MailboxId = await resolver.Directory.FindInboxAsync(id, ct),
                    Prefix = System.Text.Encoding.UTF8.GetBytes(TraceField.ReturnPath(item.Envelope.ReversePath)),
                    InternalDate = now,
                }
            );
        }

        return new Filing
        {
            DeliveryId = item.DeliveryId,
            Content = await writer.CompleteAsync(ct),
            Structure = scan.Complete().Structure,
            Copies = copies,
            Queue =
            [
                .. forwards
                    .DistinctBy(r => r.Address)
                    .GroupBy(r => r.Address.Domain)
                    .Select(g => new NewQueueItem
                    {
                        Destination = g.Key,
                        Envelope = item.Envelope,
                        Recipients = [.. g],
                        Created = item.Created,
                        NextAttempt = now,
                    }),
            ],
        };
    }

    private static bool Wants(DsnNotify notify, DsnNotify what) =>
        notify == DsnNotify.Unspecified || notify.HasFlag(what);

    private static ReportedRecipient Report(RecipientOutcome outcome, ReportAction action, EnhancedStatus status) =>
        new(outcome.Recipient.Address, action, status)
        {
            OriginalRecipient = outcome.Recipient.OriginalRecipient,
            Diagnostic = outcome.Reply.ToString(),
            RemoteHost = outcome.RemoteHost,
        };

    private static EnhancedStatus StatusOf(SmtpReply reply) =>
        reply.Enhanced ?? new EnhancedStatus(Math.Clamp(reply.Code / 100, 4, 5), 0, 0);

    [SuppressMessage("Security", "CA5394", Justification = "It spreads load, it guards nothing.")]
    private double Jitter()
    {
        lock (random)
            return random.NextDouble();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Id}: the attempt failed by our own fault")]
    private partial void LogFault(Exception e, TraceId id);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "{Id}: the lease ran out before the attempt ended; it is made again"
    )]
    private partial void LogLostLease(TraceId id);
}
