using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Foreign;
using Postreiter.Delivery.Inbound;
using Postreiter.Delivery.Milters;
using Postreiter.Delivery.Queue;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Scanning.Contents;
using Postreiter.Imap;
using Postreiter.Milter.Server;
using Postreiter.Milter.Syntax;
using Postreiter.Pop3;
using Postreiter.Settings;
using Postreiter.Smtp.Server;
using Postreiter.Spam.Spamd;

namespace Postreiter.Hosting;

/// <summary>The settings in the words of the rooms.</summary>
internal static class RoomOptions
{
    /// <summary>For SMTP and LMTP.</summary>
    public static SmtpServerOptions Smtp(ServerSettings settings) =>
        new()
        {
            HostName = settings.Hostname.Ascii,
            AllowPlaintextAuth = settings.Tls.AllowPlaintextAuth,
            Limits = new SmtpLimits
            {
                MaxMessageBytes = settings.Smtp.MaxMessageSize,
                MaxRecipients = settings.Smtp.MaxRecipients,
                MaxMessages = settings.Smtp.MaxMessagesPerSession,
                MaxTextLineBytes = settings.Smtp.MaxLineLength,
                SlowErrors = settings.Smtp.MaxErrors / 2,
                MaxErrors = settings.Smtp.MaxErrors,
                SlowUnknownRecipients = (settings.Smtp.MaxUnknownRecipients + 4) / 5,
                MaxUnknownRecipients = settings.Smtp.MaxUnknownRecipients,
                MaxIdleCommands = settings.Smtp.MaxIdleCommands,
                MaxFailedLogins = settings.Login.MaxFailuresPerSession,
            },
            Timeouts = new SmtpTimeouts
            {
                Command = settings.Smtp.CommandTimeout,
                DataBlock = settings.Smtp.DataTimeout,
                MinDataRate = settings.Smtp.MinDataRate,
                WithoutMessage = settings.Smtp.SessionTimeout,
            },
        };

    /// <summary>For what users may send to other servers.</summary>
    public static OutboundLimits Outbound(ServerSettings settings) =>
        new()
        {
            MaxMessages = settings.Submission.MaxMessagesPerDay,
            MaxNewRecipients = settings.Submission.MaxNewRecipientsPerDay,
        };

    /// <summary>For the check of senders.</summary>
    public static SenderCheckOptions Senders(ServerSettings settings) =>
        new()
        {
            IsOn = settings.Senders.Check,
            LocalNetworks = settings.Senders.LocalNetworks,
            TrustedNetworks =
            [
                .. settings.Senders.TrustedForwarders.Select(f => f.Network).OfType<System.Net.IPNetwork>(),
            ],
            TrustedDomains =
            [
                .. settings.Senders.TrustedForwarders.Where(f => f.Network is null).Select(f => f.Domain),
            ],
            TrustedSealers = settings.Senders.TrustedSealers,
            OnSpfFail = Policy(settings.Senders.OnSpfFail),
            OnDmarcReject = Policy(settings.Senders.OnDmarcReject),
            Budget = settings.Smtp.VerdictBudget,
        };

    /// <summary>For tags of senders.</summary>
    public static BounceTagOptions BounceTags(ServerSettings settings) =>
        new() { Domains = settings.BounceTags.Domains, Days = settings.BounceTags.Days };

    /// <summary>For the life of DKIM keys.</summary>
    public static DkimRotationOptions Rotation(ServerSettings settings) =>
        new() { RotateAfter = settings.Signing.RotateAfter, Grace = settings.Signing.Grace };

    /// <summary>For IMAP.</summary>
    public static ImapOptions Imap(ServerSettings settings) =>
        new()
        {
            AllowPlaintext = settings.Tls.AllowPlaintextAuth,
            MaxMessageBytes = settings.Smtp.MaxMessageSize,
            MaxFailedLogins = settings.Login.MaxFailuresPerSession,
        };

    /// <summary>For POP3.</summary>
    public static Pop3Options Pop3(ServerSettings settings) =>
        new()
        {
            Hostname = settings.Hostname.Ascii,
            AllowPlaintextAuth = settings.Tls.AllowPlaintextAuth,
            MaxFailedLogins = settings.Login.MaxFailuresPerSession,
        };

    /// <summary>The scanners of viruses.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="current">Those in force; they stay when nothing has changed about them.</param>
    /// <param name="time">The clock.</param>
    public static ScannerChain Scanners(ServerSettings settings, ScannerChain? current, TimeProvider time)
    {
        var budget = settings.Smtp.VerdictBudget;
        if (
            current?.Budget == budget
            && current.Scanners.Select(static s => s.Name).SequenceEqual(settings.Virus.Scanners)
        )
            return current;
        var scanners = settings.Virus.Scanners.Select(text =>
            ScannerText.TryRead(text, out var scanner)
                ? scanner.Create(time, budget)
                : throw new InvalidOperationException($"'{text}' is no scanner")
        );
        return new ScannerChain([.. scanners], time) { Budget = budget };
    }

    /// <summary>Which milters look at mail.</summary>
    public static MilterOptions Milters(ServerSettings settings) =>
        new()
        {
            Mx = settings.Milter.Smtp,
            Submission = settings.Milter.Submission,
            Lmtp = settings.Milter.Lmtp,
            OnFailure = settings.Milter.OnFailure,
            ConnectTimeout = settings.Milter.ConnectTimeout,
            CommandTimeout = settings.Milter.CommandTimeout,
            ContentTimeout = settings.Milter.ContentTimeout,
            Budget = settings.Smtp.VerdictBudget,
            MaxBodyBytes = settings.Smtp.MaxMessageSize,
            // Never fewer than RFC 5321 §4.5.3.1.8 has ten times over: a copy for an archive is not to fail for a narrow limit on clients.
            MaxRecipients = Math.Max(1_000, settings.Smtp.MaxRecipients),
            KeepsConnections = settings.Milter.KeepConnections,
            Macros = new Dictionary<MilterStage, IReadOnlyList<string>>
            {
                [MilterStage.Connect] = settings.Milter.ConnectMacros,
                [MilterStage.Helo] = settings.Milter.HeloMacros,
                [MilterStage.Mail] = settings.Milter.MailMacros,
                [MilterStage.Rcpt] = settings.Milter.RcptMacros,
                [MilterStage.Data] = settings.Milter.DataMacros,
                [MilterStage.EndOfHeader] = settings.Milter.EndOfHeaderMacros,
                [MilterStage.EndOfMessage] = settings.Milter.EndOfMessageMacros,
            },
        };

    /// <summary>What other servers that ask our gate are told.</summary>
    public static ForeignOptions ForeignGate(ServerSettings settings) =>
        new()
        {
            HoldsJunk = settings.Foreign.OnQuarantine == ForeignQuarantine.Hold,
            AddsResults = settings.Foreign.AddResults,
            MaxMessageBytes = settings.Smtp.MaxMessageSize,
        };

    /// <summary>Who may ask our gate.</summary>
    public static MilterServerOptions Foreign(ServerSettings settings) =>
        new() { AllowFrom = settings.Foreign.AllowFrom, IdleTimeout = settings.Smtp.SessionTimeout };

    /// <summary>What follows from what scanners say.</summary>
    public static VirusFilterOptions Virus(ServerSettings settings) =>
        new()
        {
            DefersUnscanned = settings.Virus.OnFailure == ScannerFailure.Defer,
            QuarantinesInfected = settings.Virus.OnFound == InfectedAction.Quarantine,
            DefersUnscannedBySubmission = Defers(settings.Virus.OnFailureSubmission),
            DefersUnscannedByLmtp = Defers(settings.Virus.OnFailureLmtp),
            Budget = settings.Smtp.VerdictBudget,
        };

    /// <summary>What may be in messages.</summary>
    public static ContentRules Contents(ServerSettings settings) =>
        settings.Content with
        {
            Budget = settings.Smtp.VerdictBudget,
        };

    /// <summary>For what becomes of spam.</summary>
    public static SpamFilterOptions Spam(ServerSettings settings) =>
        new()
        {
            Threshold = settings.Spam.Threshold,
            RejectAt = settings.Spam.RejectAt,
            QuarantineAt = settings.Spam.QuarantineAt,
            SubjectTag = settings.Spam.SubjectTag,
            MaxScanBytes = (int)settings.Spam.MaxScanSize,
            Budget = settings.Smtp.VerdictBudget,
            DefersUnscanned = settings.Spam.OnFailure == ScannerFailure.Defer,
            DefersUnscannedByLmtp = Defers(settings.Spam.OnFailureLmtp),
        };

    /// <summary>How long the rules of spam may wait for the DNS; null where they may not ask it.</summary>
    public static TimeSpan? SpamNetwork(ServerSettings settings) =>
        settings.Spam.Network ? settings.Spam.NetworkBudget : null;

    /// <summary>For the spamd protocol.</summary>
    public static SpamdOptions Spamd(ServerSettings settings) =>
        new()
        {
            HostName = settings.Hostname.Ascii,
            AllowFrom = settings.Spamd.AllowFrom,
            MaxMailBytes = settings.Spamd.MaxMessageSize,
            RequestTimeout = settings.Spamd.Timeout,
        };

    /// <summary>For the queue.</summary>
    public static RetrySchedule Schedule(ServerSettings settings) =>
        new()
        {
            Steps = settings.Outbound.Retry,
            GiveUp = settings.Outbound.GiveUp,
            WarnAfter = settings.Outbound.WarnAfter,
        };

    private static bool? Defers(ListenerFailure failure) =>
        failure == ListenerFailure.Same ? null : failure == ListenerFailure.Defer;

    private static FailurePolicy Policy(FailureAction action) =>
        action switch
        {
            FailureAction.Reject => FailurePolicy.Reject,
            FailureAction.Quarantine => FailurePolicy.Quarantine,
            _ => FailurePolicy.Mark,
        };
}
