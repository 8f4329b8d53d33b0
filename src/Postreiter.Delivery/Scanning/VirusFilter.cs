using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Inbound;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Scanning;

/// <summary>
/// Has every message looked at by scanners while it arrives, and decides before the reply: infected mail is refused with the name of
/// what was found, and one that could not be looked at is deferred or marked (F6). The scanners may change at any time.
/// </summary>
/// <param name="hostName">Ours, for the mark.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of what is found, and of scanners that fail.</param>
public sealed partial class VirusFilter(DomainName hostName, TimeProvider time, ILogger log)
{
    private static readonly SmtpReply NotNow = new(
        451,
        "4.7.1",
        "Message cannot be checked for viruses now, try again later"
    );

    private static readonly TimeSpan TellAgain = TimeSpan.FromHours(1);
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);

    /// <summary>Whom to ask; null for nobody.</summary>
    public ScannerChain? Chain { get; set; }

    /// <summary>What follows; may change at any time, for messages that end then.</summary>
    public VirusFilterOptions Options { get; set; } = new();

    /// <summary>Whether an account's owner is to be told of an infected message: once an hour.</summary>
    internal bool MayTell(EmailAddress owner)
    {
        var now = time.GetTimestamp();
        lock (_told)
        {
            if (_told.TryGetValue(owner.Key, out var last) && time.GetElapsedTime(last, now) < TellAgain)
                return false;
            // Accounts are ours, and so are not without number; still, those that are over are let go.
            if (_told.Count >= 1000)
                _told.Clear();
            _told[owner.Key] = now;
            return true;
        }
    }

    /// <summary>Begins with one message; null when there are no scanners.</summary>
    internal ContentScan? Begin() => Chain is { Scanners.Count: > 0 } chain ? chain.Begin() : null;

    /// <summary>The refusal of a message in which something was found before its end.</summary>
    internal SmtpReply Refuse(SmtpPeer peer, SmtpEnvelope envelope, ScanStep found)
    {
        ScannerMetrics.Count(found);
        LogFound(
            peer.ConnectionId,
            envelope.Id,
            found.Scanner,
            found.Answer.Detail,
            envelope.Mail.ReversePath?.ToString() ?? "<>"
        );
        return RefusalOf(found);
    }

    /// <summary>What the sender of an infected message is told.</summary>
    internal static SmtpReply RefusalOf(ScanStep found) =>
        new(554, "5.7.1", $"Message refused: it contains {found.Answer.Detail}");

    /// <summary>Waits for the scanners, and decides.</summary>
    /// <param name="scan">The scan of a whole message.</param>
    /// <param name="peer">Who brought it.</param>
    /// <param name="envelope">Its envelope.</param>
    /// <param name="open">Opens the stored message.</param>
    /// <param name="ct">Ends with the session.</param>
    internal async ValueTask<VirusOutcome> CompleteAsync(
        ContentScan scan,
        SmtpPeer peer,
        SmtpEnvelope envelope,
        Func<Stream> open,
        CancellationToken ct
    )
    {
        var options = Options;
        using var budget = new CancellationTokenSource(options.Budget, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, ct);
        var steps = await scan.CompleteAsync(open, either.Token);
        ct.ThrowIfCancellationRequested();
        if (steps.FirstOrDefault(static s => s.Answer.State == ScanState.Infected) is { } found)
        {
            if (options.QuarantinesInfected)
                return Quarantine(peer, envelope, found, steps);
            return new VirusOutcome
            {
                Refusal = Refuse(peer, envelope, found),
                Found = found,
                Steps = steps,
            };
        }

        foreach (var step in steps)
            ScannerMetrics.Count(step);
        var failed = steps.Where(static s => s.Answer.State == ScanState.Failed).ToList();
        foreach (var step in failed)
            LogFailed(peer.ConnectionId, envelope.Id, step.Scanner, step.Answer.Detail);
        if (failed.Count == 0)
            return new VirusOutcome { Steps = steps, Marks = $"X-Virus-Scanned: yes at {hostName.Ascii}\r\n" };
        var isLate = budget.IsCancellationRequested;
        if (isLate)
            InboundMetrics.Limit("F7");
        InboundMetrics.Limit("F6");
        return options.Defers(peer.Role)
            ? new VirusOutcome { Refusal = NotNow, Steps = steps }
            : new VirusOutcome
            {
                Marks = "X-Virus-Scanned: no\r\n",
                Steps = steps,
                IsLate = isLate,
            };
    }

    /// <summary>Asks the scanners about a message that is stored, with more time.</summary>
    /// <returns>What was found; null for nothing, or when they are not through then either.</returns>
    internal async Task<ScanStep?> ScanLateAsync(Func<Stream> open, CancellationToken ct)
    {
        if (Chain is not { Scanners.Count: > 0 } chain)
            return null;
        using var budget = new CancellationTokenSource(Options.LateBudget, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, ct);
        await using var scan = new ContentScan(chain, arrives: false);
        var steps = await scan.CompleteAsync(open, either.Token);
        ct.ThrowIfCancellationRequested();
        foreach (var step in steps)
            ScannerMetrics.Count(step);
        return steps.FirstOrDefault(static s => s.Answer.State == ScanState.Infected);
    }

    private VirusOutcome Quarantine(SmtpPeer peer, SmtpEnvelope envelope, ScanStep found, IReadOnlyList<ScanStep> steps)
    {
        ScannerMetrics.Count(found);
        LogApart(peer.ConnectionId, envelope.Id, found.Scanner, found.Answer.Detail);
        return new VirusOutcome
        {
            Quarantine = $"virus: {found.Answer.Detail}",
            Marks = $"X-Virus-Scanned: yes at {hostName.Ascii}; {found.Answer.Detail}\r\n",
            Found = found,
            Steps = steps,
        };
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Connection}: message {Id} is kept in quarantine: {Scanner} found {Virus}"
    )]
    private partial void LogApart(string connection, TraceId id, string scanner, string virus);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Connection}: message {Id} from {Sender} is refused: {Scanner} found {Virus}"
    )]
    private partial void LogFound(string connection, TraceId id, string scanner, string virus, string sender);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "{Connection}: message {Id} could not be checked by {Scanner}: {Reason}"
    )]
    private partial void LogFailed(string connection, TraceId id, string scanner, string reason);
}
