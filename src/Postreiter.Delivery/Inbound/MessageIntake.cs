using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Milters;
using Postreiter.Delivery.Reports;
using Postreiter.Messages;
using Postreiter.Smtp.Server;
using Postreiter.Storage;

namespace Postreiter.Delivery.Inbound;

/// <summary>Takes messages in, files them into mailboxes and the queue in one unit of work, and says what became of them.</summary>
/// <param name="store">Where they go.</param>
/// <param name="resolver">For recipients that the policy did not resolve.</param>
/// <param name="notices">Writes success reports of local deliveries.</param>
/// <param name="scanner">Makes a scanner for one message.</param>
/// <param name="hostName">Ours, for Received.</param>
/// <param name="maxMessageBytes">L3 at the start; <see cref="MaxMessageBytes"/>.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of our own faults.</param>
/// <param name="maxHops">L7 at the start; <see cref="MaxHops"/>.</param>
/// <param name="checks">Checks who sends; null for nobody.</param>
/// <param name="rewriting">Makes senders for forwarded mail; null to leave them.</param>
/// <param name="keys">Sign what goes out; null for no signatures.</param>
/// <param name="reports">Sums up reports that come in; null for none.</param>
/// <param name="reporting">Counts for the reports that go out; null for none.</param>
public sealed partial class MessageIntake(
    IStore store,
    RecipientResolver resolver,
    NoticeFiler notices,
    Func<IMessageScanner> scanner,
    DomainName hostName,
    long maxMessageBytes,
    TimeProvider time,
    ILogger<MessageIntake> log,
    int maxHops = 100,
    SenderChecks? checks = null,
    SenderRewriting? rewriting = null,
    SigningKeys? keys = null,
    DmarcReportIntake? reports = null,
    DmarcReporting? reporting = null
) : IMessageIntake
{
    /// <summary>F1.</summary>
    internal static readonly SmtpReply DiskFull = new(452, "4.3.1", "Insufficient storage, try again later");

    private static readonly SmtpReply Unavailable = new(451, "4.3.0", "Temporary failure, try again later");

    internal IStore Store => store;

    internal RecipientResolver Resolver => resolver;

    internal NoticeFiler Notices => notices;

    internal SenderRewriting? Rewriting => rewriting;

    internal SigningKeys? Keys => keys;

    internal DmarcReportIntake? Reports => reports;

    internal DmarcReporting? Reporting => reporting;

    internal string HostName => hostName.Ascii;

    /// <summary>L3: largest message in bytes; may change at any time. Default 50 MiB.</summary>
    public long MaxMessageBytes { get; set; } = maxMessageBytes;

    /// <summary>L7: most Received fields; may change at any time, for messages that begin then. Default 100.</summary>
    public int MaxHops { get; set; } = maxHops;

    internal TimeProvider Time => time;

    internal ILogger Log => log;

    internal QuotaWatch Quotas => resolver.Quotas;

    /// <inheritdoc/>
    public async ValueTask<IncomingMessageStart> BeginAsync(SmtpPeer peer, SmtpEnvelope envelope, CancellationToken ct)
    {
        var refusal = Gate?.Data(peer);
        var milters = (peer.Notes as PeerNotes)?.Milters;
        if (refusal is null && milters is not null)
            refusal = await AskMiltersAsync(milters, peer, envelope, ct);
        if (refusal is not null)
            return new IncomingMessageStart(null, refusal);
        try
        {
            var check = checks?.Covers(peer) == true ? checks.Begin(peer, envelope) : null;
            var message = new IncomingMessage(this, scanner(), peer, envelope, check)
            {
                Milters = milters is null ? null : new MilterMessage(milters, this, peer, envelope),
            };
            return new IncomingMessageStart(message, null);
        }
        catch (StoreException e)
        {
            return new IncomingMessageStart(null, ReplyTo(e, peer, envelope));
        }
    }

    /// <summary>F1, F3 and the rest: a fault of the store is told as one of ours, and logged.</summary>
    internal SmtpReply ReplyTo(StoreException e, SmtpPeer peer, SmtpEnvelope envelope)
    {
        LogFault(log, e, peer.ConnectionId, envelope.Id);
        return e.Fault == StoreFault.DiskFull ? DiskFull : Unavailable;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Connection}: message {Id} cannot be stored")]
    private static partial void LogFault(ILogger log, StoreException e, string connection, TraceId id);
}
