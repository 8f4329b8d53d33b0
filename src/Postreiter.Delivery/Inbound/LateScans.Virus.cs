using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Reports;
using Postreiter.Delivery.Scanning;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Quarantine;

namespace Postreiter.Delivery.Inbound;

/// <content>
/// Messages that were taken before the scanners of viruses were through with them (F7): they are asked again about what was stored, and what
/// is infected goes to Junk, or into the quarantine where infected mail does.
/// </content>
internal sealed partial class LateScans
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>Has a message scanned.</summary>
    /// <param name="id">The message.</param>
    /// <param name="filter">Whose scanners.</param>
    /// <param name="envelope">Its sender and recipients, for the quarantine.</param>
    /// <param name="copies">Where it was filed.</param>
    public void Begin(
        TraceId id,
        VirusFilter filter,
        (EmailAddress? Sender, IReadOnlyList<EmailAddress> Recipients) envelope,
        IReadOnlyList<LateCopy> copies
    )
    {
        if (_open.Count >= Most || copies.Count == 0 || _stopping.IsCancellationRequested)
        {
            LogGivenUp(log, id);
            return;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_open.TryAdd((id, true), done.Task))
            return;
        _ = FollowAsync();

        async Task FollowAsync()
        {
            try
            {
                // Not on the session's way.
                await Task.Yield();
                await EndAsync(id, filter, envelope, copies, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                LogGivenUp(log, id);
            }
            // The message is safe where it is.
            catch (Exception e)
            {
                LogFault(log, e, id);
            }
            finally
            {
                _open.TryRemove((id, true), out _);
                done.SetResult();
            }
        }
    }

    private async Task EndAsync(
        TraceId id,
        VirusFilter filter,
        (EmailAddress? Sender, IReadOnlyList<EmailAddress> Recipients) envelope,
        IReadOnlyList<LateCopy> copies,
        CancellationToken ct
    )
    {
        // All copies have one content: the first that is still there stands for all.
        StoredMessage? first = null;
        foreach (var copy in copies)
            await InTurnAsync(async () => first ??= await FindAsync(copy.Copy, ct), ct);
        if (first is null)
        {
            LogGone(log, id);
            return;
        }

        ScanStep? found;
        await using (var content = await store.Mail.OpenAsync(first, ct))
            found = await filter.ScanLateAsync(() => new ContentStream(content.Length, content.ReadAsync), ct);
        LogScanned(log, id, found is null ? "clean" : "infected", found?.Answer.Detail ?? "");
        if (found is null)
            return;
        foreach (var copy in copies)
            await InTurnAsync(() => TakeAwayAsync(copy), ct);

        async Task TakeAwayAsync(LateCopy copy)
        {
            if (!filter.Options.QuarantinesInfected)
                await MoveAsync(copy, ct);
            else if (await FindAsync(copy.Copy, ct) is { } message)
                await SetApartAsync(id, copy, message, envelope, $"virus: {found.Answer.Detail}", ct);
            else
                LogGone(log, id);
        }
    }

    // Kept first, then taken away: whatever happens between the two, it is there.
    private async Task SetApartAsync(
        TraceId id,
        LateCopy copy,
        StoredMessage message,
        (EmailAddress? Sender, IReadOnlyList<EmailAddress> Recipients) envelope,
        string reason,
        CancellationToken ct
    )
    {
        await using var writer = store.Blobs.Begin();
        await using (var content = await store.Mail.OpenAsync(message, ct))
        {
            var piece = new byte[PieceBytes];
            for (long at = message.Prefix.Length; at < content.Length; )
            {
                var read = await content.ReadAsync(at, piece, ct);
                if (read == 0)
                    break;
                await writer.WriteAsync(piece.AsMemory(0, read), ct);
                at += read;
            }
        }

        var filing = new Filing
        {
            DeliveryId = id,
            Content = await writer.CompleteAsync(ct),
            Structure = message.Structure,
            Quarantine =
            [
                new NewQuarantined
                {
                    AccountId = copy.Account,
                    Sender = envelope.Sender,
                    Recipients = envelope.Recipients,
                    Reason = reason,
                    Received = message.InternalDate,
                    Prefix = message.Prefix,
                },
            ],
        };
        if ((await store.Mail.FileAsync(filing, ct)).Status == FilingStatus.Filed)
            await store.Mail.RemoveAsync(copy.Copy.MailboxId, [new UidRange(copy.Copy.Uid, copy.Copy.Uid)], ct);
    }

    private async Task<StoredMessage?> FindAsync(FiledCopy copy, CancellationToken ct)
    {
        await foreach (
            var message in store.Mail.ReadMessagesAsync(copy.MailboxId, [new UidRange(copy.Uid, copy.Uid)], ct)
        )
            return message;
        return null;
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Message {Id}, which scanners were late for, is not where it was filed any more"
    )]
    private static partial void LogGone(ILogger log, TraceId id);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Message {Id}, which was taken before scanners were through with it, is {Verdict} {Virus}"
    )]
    private static partial void LogScanned(ILogger log, TraceId id, string verdict, string virus);
}
