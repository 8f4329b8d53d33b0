using Microsoft.Extensions.Logging;
using Postreiter.Core;
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
/// <param name="maxMessageBytes">L3; 50 MiB by default.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of our own faults.</param>
public sealed class MessageIntake(
    IStore store,
    RecipientResolver resolver,
    NoticeFiler notices,
    Func<IMessageScanner> scanner,
    DomainName hostName,
    long maxMessageBytes,
    TimeProvider time,
    ILogger<MessageIntake> log
) : IMessageIntake
{
    internal IStore Store => store;

    internal RecipientResolver Resolver => resolver;

    internal NoticeFiler Notices => notices;

    internal string HostName => hostName.Ascii;

    internal long MaxMessageBytes => maxMessageBytes;

    internal TimeProvider Time => time;

    internal ILogger Log => log;

    internal QuotaWatch Quotas { get; } = new(store, time);

    /// <inheritdoc/>
    public ValueTask<IncomingMessageStart> BeginAsync(SmtpPeer peer, SmtpEnvelope envelope, CancellationToken ct) =>
        new(new IncomingMessageStart(new IncomingMessage(this, scanner(), peer, envelope), null));
}
