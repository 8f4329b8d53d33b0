using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Milters;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Inbound;

/// <content>The filter of spam.</content>
internal sealed partial class IncomingMessage
{
    // Rules look at the message as its reader will have it: with our own trace in front.
    private ValueTask<SpamOutcome?> FilterAsync(
        PendingBlob content,
        SmtpEnvelope envelope,
        DomainName? reverseName,
        SenderVerdict? sender,
        CancellationToken ct
    ) =>
        intake.Spam is { } filter && SpamFilter.Wants(peer)
            ? filter.CheckAsync(
                peer,
                envelope,
                TraceField.ReturnPath(envelope.Mail.ReversePath)
                    + TraceField.Received(peer, envelope, reverseName, intake.HostName, _now),
                content,
                sender,
                ct
            )
            : default;

    // What goes on to other servers keeps the subject that its author signed.
    private static bool StaysHere(SmtpEnvelope envelope) =>
        envelope.Recipients.All(r => r.Target is Resolution { Remote.Count: 0 });

    private async ValueTask<TaggedContent?> TagAsync(MilterOutcome made, SpamOutcome? spam, CancellationToken ct) =>
        spam?.Header is { } header && StaysHere(made.Envelope)
            ? await TaggedContent.WriteAsync(intake.Store.Blobs, intake.NewScanner(), made.Content, header, ct)
            : null;
}
