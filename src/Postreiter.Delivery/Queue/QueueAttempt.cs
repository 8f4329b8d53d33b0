using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Reports;
using Postreiter.Messages;
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
/// <param name="rewriting">Makes senders for forwarded mail; null to leave them.</param>
public sealed partial class QueueAttempt(
    IStore store,
    IRemoteDelivery remote,
    RecipientResolver resolver,
    NoticeFiler notices,
    Func<IMessageScanner> scanner,
    RetrySchedule schedule,
    TimeProvider time,
    Random random,
    ILogger<QueueAttempt> log,
    SenderRewriting? rewriting = null
)
{
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(5);

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
    /// <returns>Null when the destination could be spoken to, or need not be; otherwise why not.</returns>
    internal async Task<SmtpReply?> RunAsync(QueueItem item, CancellationToken stop)
    {
        IReadOnlyList<RecipientOutcome> outcomes;
        var open = new List<BlobWriter>();
        try
        {
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
            catch (Exception e)
            {
                // Our own fault never bounces mail: everything is tried again.
                LogFault(e, item.DeliveryId);
                filings.Clear();
                outcomes = [];
            }

            await ConcludeAsync(item, outcomes, filings, open, stop);
        }
        finally
        {
            foreach (var writer in open)
                await writer.DisposeAsync();
        }

        return outcomes.FirstOrDefault(o => o is { IsDestinationDown: true, Action: DeliveryAction.Deferred })?.Reply;
    }

    /// <summary>Defers an item without an attempt: another one has just found that its destination cannot be spoken to.</summary>
    internal async Task DeferAsync(QueueItem item, SmtpReply reason, CancellationToken stop)
    {
        var open = new List<BlobWriter>();
        try
        {
            RecipientOutcome[] outcomes =
            [
                .. item.Recipients.Select(r => new RecipientOutcome(r, DeliveryAction.Deferred, reason, null)),
            ];
            await ConcludeAsync(item, outcomes, [], open, stop);
        }
        finally
        {
            foreach (var writer in open)
                await writer.DisposeAsync();
        }
    }

    private async Task ConcludeAsync(
        QueueItem item,
        IReadOnlyList<RecipientOutcome> outcomes,
        List<Filing> filings,
        List<BlobWriter> open,
        CancellationToken stop
    )
    {
        var sum = new AttemptSum(item, outcomes, schedule, time.GetUtcNow(), Jitter());
        foreach (var result in sum.Results)
        {
            QueueMetrics.Result(result.Action);
            LogResult(item.DeliveryId, result.Recipient.Address, result.Action, result.Reply);
        }

        var isLocal = filings.Count > 0;
        AttemptOutcome outcome;
        try
        {
            foreach (var group in sum.Reports.GroupBy(r => r.Action))
            {
                await using var content = await OpenForNoticeAsync(item);
                var notice = await notices.WriteAsync(
                    item.Envelope,
                    item.Created,
                    [.. group],
                    content?.Length ?? 0,
                    content is null ? (_, _, _) => new(0) : content.ReadAsync,
                    open,
                    CancellationToken.None
                );
                if (notice is not null)
                    filings.Add(notice);
            }

            outcome = sum.Outcome(filings);
        }
        catch (StoreException e)
        {
            LogFault(e, item.DeliveryId);
            outcome = sum.OutcomeWithoutFilings(isLocal);
        }

        await WriteDownAsync(item, outcome, sum.OutcomeWithoutFilings(isLocal), stop);
    }

    /// <summary>F5: a message that cannot be read any more still has a sender who is to be told; null stands for it.</summary>
    private async ValueTask<MessageContent?> OpenForNoticeAsync(QueueItem item)
    {
        try
        {
            return await store.Queue.OpenAsync(item, CancellationToken.None);
        }
        catch (StoreException e) when (e.Fault == StoreFault.DamagedContent)
        {
            LogFault(e, item.DeliveryId);
            return null;
        }
    }

    /// <summary>
    /// What a server has taken must be written down, or it would get it again (P3). A store that cannot (disk full) is asked until
    /// it can; first it is spared the notices, whose recipients then wait for their next attempt.
    /// </summary>
    private async Task WriteDownAsync(
        QueueItem item,
        AttemptOutcome outcome,
        AttemptOutcome withoutFilings,
        CancellationToken stop
    )
    {
        while (true)
        {
            try
            {
                if (!await store.Queue.CompleteAsync(outcome, CancellationToken.None))
                    LogLostLease(item.DeliveryId);
                return;
            }
            catch (StoreException e) when (!stop.IsCancellationRequested)
            {
                LogFault(e, item.DeliveryId);
            }

            if (outcome.Notices.Count > 0)
                outcome = withoutFilings;
            else
                await Task.Delay(AfterFault, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
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
                    ? new SmtpReply(550, "5.1.1", "No such user here") { IsOurs = true }
                    : new SmtpReply(451, "4.3.5", "Address is misconfigured here") { IsOurs = true };
                outcomes.Add(new(recipient, isUnknown ? DeliveryAction.Failed : DeliveryAction.Deferred, reply, null));
                continue;
            }

            accounts.UnionWith(found.Accounts.Select(a => a.Id));
            forwards.AddRange(found.Remote.Select(a => recipient with { Address = a, LastResult = null }));
            // RFC 3461 §5.2.7.1: a forwarded copy takes NOTIFY with it; success is told where the mailbox is.
            var action = found.Accounts.Count > 0 ? DeliveryAction.Filed : DeliveryAction.Delivered;
            outcomes.Add(new(recipient, action, new SmtpReply(250, "2.0.0", "Delivered") { IsOurs = true }, null));
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

        var envelope = item.Envelope;
        if (rewriting is not null && forwards.Count > 0)
        {
            var sender = await rewriting.RewriteAsync(envelope.ReversePath, item.Destination, ct);
            envelope = envelope with { ReversePath = sender };
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
                        Envelope = envelope,
                        Recipients = [.. g],
                        Created = item.Created,
                        NextAttempt = now,
                    }),
            ],
        };
    }

    [SuppressMessage("Security", "CA5394", Justification = "It spreads load, it guards nothing.")]
    private double Jitter()
    {
        lock (random)
            return random.NextDouble();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Id} {Recipient} {Action}: {Reply}")]
    private partial void LogResult(TraceId id, EmailAddress recipient, DeliveryAction action, SmtpReply reply);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Id}: the attempt failed by our own fault")]
    private partial void LogFault(Exception e, TraceId id);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "{Id}: the lease ran out before the attempt ended; it is made again"
    )]
    private partial void LogLostLease(TraceId id);
}
