using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Lists;
using Postreiter.Smtp.Server;
using Postreiter.Spam.Results;
using Postreiter.Spam.Scanning;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Filtering;

/// <summary>
/// Has each message from outside scanned after its final dot and before the reply, and decides: refuse, Junk, or inbox. What was
/// found stands in the message's own X-Spam fields. A scan that fails never loses a message (P14).
/// </summary>
/// <param name="scanner">Scans.</param>
/// <param name="hostName">Ours, for the marks.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of every verdict, and of faults.</param>
public sealed partial class SpamFilter(IMailScanner scanner, DomainName hostName, TimeProvider time, ILogger log)
{
    private static readonly SmtpReply Refused = new(550, "5.7.1", "Message refused as spam");
    private static readonly SmtpReply Unwanted = new(550, "5.7.1", "You are not wanted here");
    private static readonly SmtpReply NotNow = new(451, "4.7.1", "Message cannot be checked now, try again later");

    /// <summary>What follows from points; may change at any time, for messages that end then.</summary>
    public SpamFilterOptions Options { get; set; } = new();

    /// <summary>Whether messages of such a peer are scanned: those of logged-in users are not.</summary>
    internal static bool Wants(SmtpPeer peer) => peer.Role != ListenerRole.Submission && peer.User is null;

    /// <summary>Whether mail is judged at all. Default true.</summary>
    public bool Judges { get; set; } = true;

    /// <summary>Scans a whole message.</summary>
    /// <param name="peer">Who brought it.</param>
    /// <param name="envelope">Its envelope.</param>
    /// <param name="trace">Fields that will stand in front of it, Return-Path and Received: rules look at them.</param>
    /// <param name="content">The message.</param>
    /// <param name="sender">What was found of its sender; null when nobody asked.</param>
    /// <param name="ct">Ends with the session.</param>
    /// <returns>Null when nothing is scanned because there are no rules.</returns>
    internal async ValueTask<SpamOutcome?> CheckAsync(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        string trace,
        PendingBlob content,
        SenderVerdict? sender,
        CancellationToken ct
    )
    {
        if (!Judges)
            return null;
        var options = Options;
        var began = time.GetTimestamp();
        using var budget = new CancellationTokenSource(options.Budget, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, ct);
        LateScan? late = null;
        try
        {
            var mail = await ReadAsync(trace, content, options.MaxScanBytes, either.Token);
            // Not the session's: where the message is taken all the same, its scan goes on without it.
            var scan = late = new LateScan(time, options.LateBudget);
            scan.Start(token => scanner.ScanAsync(mail, Context(peer, envelope, sender), token));
            if (await scan.Task.WaitAsync(either.Token) is not { } scanned)
                return null;
            Tell(peer, envelope, scanned);
            var prefix = Encoding.UTF8.GetByteCount(trace);
            return Decide(options, scanned, mail[prefix..], content.Length) with
            {
                Milliseconds = time.GetElapsedTime(began).TotalMilliseconds,
            };
        }
        catch (OperationCanceledException) when (budget.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            InboundMetrics.Limit("F7");
            LogLate(peer.ConnectionId, envelope.Id, options.Budget.TotalSeconds);
            var outcome = Unscanned(peer, options, "it took too long");
            if (options.Defers(peer.Role) || late is not { IsStarted: true })
                return outcome;
            (outcome, late) = (outcome with { Late = late }, null);
            return outcome;
        }
        // Whatever goes wrong in a scan is ours, and no reason to lose mail.
        catch (Exception e) when (e is not OperationCanceledException and not Storage.StoreException)
        {
            LogFault(e, peer.ConnectionId, envelope.Id);
            return Unscanned(peer, options, "an error");
        }
        finally
        {
            late?.Dispose();
        }
    }

    private void Tell(SmtpPeer peer, SmtpEnvelope envelope, ScannedMail scanned)
    {
        if (scanned.Unanswered.Count > 0)
        {
            LogUnanswered(
                peer.ConnectionId,
                envelope.Id,
                scanned.Unanswered.Count,
                string.Join(", ", scanned.Unanswered.Take(10))
            );
        }

        foreach (var zone in scanned.BlockedZones)
            LogBlocked(zone);
    }

    private static MailContext Context(SmtpPeer peer, SmtpEnvelope envelope, SenderVerdict? sender) =>
        new()
        {
            User = UserOf(envelope),
            EnvelopeFrom = envelope.Mail.ReversePath?.ToString() ?? "",
            Senders = sender?.ForRules(peer, envelope),
        };

    // A message has one verdict: one account's preferences hold where the message is for nobody else.
    private static string? UserOf(SmtpEnvelope envelope)
    {
        long? account = null;
        string? user = null;
        foreach (var recipient in envelope.Recipients)
        {
            if (recipient.Target is not Resolution { Remote.Count: 0, Accounts: [var one] })
                return null;
            if (account is { } known && known != one.Id)
                return null;
            (account, user) = (one.Id, one.Address.Key);
        }

        return user;
    }

    /// <summary>Says what follows for each reader.</summary>
    /// <param name="peer">Who brought it.</param>
    /// <param name="envelope">Its envelope.</param>
    /// <param name="spam">What the scan found.</param>
    /// <param name="readers">Who gets it.</param>
    /// <returns>The same with the header with its tagged subject, where it is spam for all.</returns>
    internal SpamOutcome Settle(SmtpPeer peer, SmtpEnvelope envelope, SpamOutcome spam, IReadOnlyList<Reader> readers)
    {
        if (spam.Score is not { } score)
            return spam;
        foreach (var reader in readers)
            reader.Verdict = score.For(reader);
        var isRefused = Readers.AreAgainst(readers);
        var isJunk = readers.Any(static r => r.Verdict!.IsJunk);
        SpamMetrics.Verdict(
            isRefused ? "refused"
            : isJunk ? "junk"
            : "clean"
        );
        LogVerdict(
            peer.ConnectionId,
            envelope.Id,
            isRefused ? "refused"
                : isJunk ? "spam"
                : "clean",
            score.Marker.PrintedPoints,
            score.Marker.PrintedThreshold,
            spam.Tests
        );
        return spam with
        {
            Header =
                readers.Count > 0 && readers.All(static r => r.Verdict!.IsJunk)
                    ? score.Tagged(readers[0].Verdict!)
                    : null,
        };
    }

    /// <summary>The reply that refuses a message for readers who would have it refused.</summary>
    internal static SmtpReply RefusalOf(SpamOutcome? spam) => spam is { IsRejected: true } ? Refused : Unwanted;

    private SpamOutcome Decide(SpamFilterOptions options, ScannedMail scanned, ReadOnlyMemory<byte> start, long length)
    {
        // Ours is the threshold, and marks stand in the header: a mail is never enclosed in another on its way in.
        var verdict = scanned.Verdict with
        {
            Required = scanned.UserRequired ?? options.Threshold,
        };
        var settings = scanned.Settings;
        MarkDirectives.TryApply(ref settings, "report_safe", "0");
        settings = settings with { Rewrites = new Dictionary<string, string>() };
        var context = new MarkContext { HostName = hostName.Ascii, Now = time.GetLocalNow() };
        var score = new ScoredMessage(verdict, settings, context, options.RejectAt)
        {
            Tag = scanned.UserSubjectTag ?? options.SubjectTag,
            Start = start,
            FurtherMarks =
                scanned.IsPartial || start.Length < length
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"X-Spam-Scanned: first {start.Length} of {length} octets\n"
                    )
                    : "",
        };
        return new SpamOutcome
        {
            IsJunk = verdict.IsSpam,
            Points = verdict.Points,
            Tests = score.Marker.RuleNames(),
            Score = score,
        };
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        string trace,
        PendingBlob content,
        int most,
        CancellationToken ct
    )
    {
        var prefix = Encoding.UTF8.GetBytes(trace);
        var mail = new byte[prefix.Length + (int)Math.Min(content.Length, Math.Max(most, 0))];
        prefix.CopyTo(mail, 0);
        for (var at = prefix.Length; at < mail.Length; )
        {
            var read = await content.ReadAsync(at - prefix.Length, mail.AsMemory(at), ct);
            if (read == 0)
                return mail.AsMemory(0, at);
            at += read;
        }

        return mail;
    }

    private static SpamOutcome Unscanned(SmtpPeer peer, SpamFilterOptions options, string reason)
    {
        SpamMetrics.Verdict("unscanned");
        return options.Defers(peer.Role)
            ? new SpamOutcome { Refusal = NotNow, Tests = $"not scanned: {reason}" }
            : new SpamOutcome { Marks = $"X-Spam-Scanned: no ({reason})\r\n", Tests = $"not scanned: {reason}" };
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Connection}: message {Id} is {Verdict} ({Points}/{Required}): {Tests}"
    )]
    private partial void LogVerdict(
        string connection,
        TraceId id,
        string verdict,
        string points,
        string required,
        string tests
    );

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Connection}: the scan of message {Id} was not through in {Seconds} s"
    )]
    private partial void LogLate(string connection, TraceId id, double seconds);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Connection}: {Count} questions of the rules about message {Id} got no answer in time and count as not listed: {Names}"
    )]
    private partial void LogUnanswered(string connection, TraceId id, int count, string names);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The list {Zone} answers us no more and is left alone for a time (dns_block_rule): "
            + "it may want a resolver of one's own, or to be paid"
    )]
    private partial void LogBlocked(string zone);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Connection}: the scan of message {Id} failed")]
    private partial void LogFault(Exception e, string connection, TraceId id);
}
