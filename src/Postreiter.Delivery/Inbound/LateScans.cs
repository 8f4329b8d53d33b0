using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Lists;
using Postreiter.Storage;
using Postreiter.Storage.Mail;

namespace Postreiter.Delivery.Inbound;

/// <summary>A copy of a message that was taken unscanned.</summary>
/// <param name="Account">Whose mailbox it is in.</param>
/// <param name="Copy">Where.</param>
/// <param name="Reader">What else counts for it; null for nothing.</param>
internal sealed record LateCopy(long Account, FiledCopy Copy, Reader? Reader)
{
    /// <summary>Where it is now: one scan may move it before another one comes to its end.</summary>
    public FiledCopy Copy { get; set; } = Copy;
}

/// <summary>
/// Messages that were taken unscanned because their scan took too long (F7): it goes on, and what turns out to be spam is moved to
/// Junk and flagged <c>$Junk</c>, if it still is where it was filed. Its header stays as it is: a message that somebody may have read does
/// not change.
/// </summary>
/// <param name="store">Where they are.</param>
/// <param name="resolver">Knows the mailboxes.</param>
/// <param name="log">Told what became of them.</param>
internal sealed partial class LateScans(IStore store, RecipientResolver resolver, ILogger log) : IDisposable
{
    /// <summary>Scans that go on at one time; each holds its message. Further ones are given up.</summary>
    public const int Most = 16;

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<(TraceId Id, bool IsVirus), Task> _open = new();

    // Two scans may end for one message at one time: each finds it where the other one left it.
    private readonly SemaphoreSlim _moving = new(1);

    /// <summary>Complete when none is going on.</summary>
    public Task Idle => Task.WhenAll(_open.Values);

    /// <summary>Lets a scan go on.</summary>
    /// <param name="id">The message.</param>
    /// <param name="scan">Its scan; disposed at its end.</param>
    /// <param name="threshold">Points from which it is spam.</param>
    /// <param name="copies">Where it was filed.</param>
    public void Begin(TraceId id, LateScan scan, double threshold, IReadOnlyList<LateCopy> copies)
    {
        if (_open.Count >= Most || copies.Count == 0 || _stopping.IsCancellationRequested)
        {
            SpamMetrics.Verdict("given up");
            scan.Dispose();
            return;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _open[(id, false)] = done.Task;
        _ = FollowAsync();

        async Task FollowAsync()
        {
            try
            {
                await EndAsync(id, scan, threshold, copies);
            }
            finally
            {
                scan.Dispose();
                _open.TryRemove((id, false), out _);
                done.SetResult();
            }
        }
    }

    /// <summary>Ends them; <see cref="Idle"/> says when they have ended. Those that would begin later are given up.</summary>
    public void Dispose()
    {
        // Scans that begin meanwhile still ask it: its end is left to the collector.
        _stopping.Cancel();
    }

    private async Task EndAsync(TraceId id, LateScan scan, double threshold, IReadOnlyList<LateCopy> copies)
    {
        try
        {
            var ct = _stopping.Token;
            if (await scan.Task.WaitAsync(ct) is not { } scanned)
                return;
            var (points, required) = (scanned.Verdict.Points, scanned.UserRequired ?? threshold);
            var junk = copies
                .Where(c => points + (c.Reader?.Points ?? 0) >= (c.Reader?.Threshold ?? required))
                .ToList();
            SpamMetrics.Verdict(junk.Count > 0 ? "late junk" : "late clean");
            LogLate(log, id, junk.Count > 0 ? "spam" : "clean", points);
            foreach (var copy in junk)
                await InTurnAsync(() => MoveAsync(copy, ct), ct);
        }
        catch (OperationCanceledException)
        {
            SpamMetrics.Verdict("given up");
            LogGivenUp(log, id);
        }
        // The message is safe where it is.
        catch (Exception e)
        {
            LogFault(log, e, id);
        }
    }

    private async Task InTurnAsync(Func<Task> work, CancellationToken ct)
    {
        await _moving.WaitAsync(ct);
        try
        {
            await work();
        }
        finally
        {
            _moving.Release();
        }
    }

    private async Task MoveAsync(LateCopy late, CancellationToken ct)
    {
        var copy = late.Copy;
        var junk = await resolver.Directory.FindJunkAsync(late.Account, ct);
        if (junk == copy.MailboxId)
            return;
        UidRange[] uid = [new(copy.Uid, copy.Uid)];
        var flags = new FlagChange(FlagChangeKind.Add, new MessageFlags(SystemFlags.None, ["$Junk"]));
        await store.Mail.ChangeFlagsAsync(copy.MailboxId, uid, flags, unchangedSince: null, ct);
        var moved = await store.Mail.TransferAsync(copy.MailboxId, uid, junk, move: true, ct);
        if (moved is { Status: TransferStatus.Done, Uids: [var (_, to)] })
            late.Copy = copy with { MailboxId = junk, UidValidity = moved.UidValidity, Uid = to };
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Message {Id}, which was taken unscanned, is {Verdict} ({Points} points)"
    )]
    private static partial void LogLate(ILogger log, TraceId id, string verdict, double points);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {Id} stays unscanned: its scan came to no end")]
    private static partial void LogGivenUp(ILogger log, TraceId id);

    [LoggerMessage(Level = LogLevel.Error, Message = "The late scan of message {Id} failed; it stays where it is")]
    private static partial void LogFault(ILogger log, Exception e, TraceId id);
}
