using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Lists;
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

    /// <summary>Who gets it, and what follows for each; none where it is a user's own.</summary>
    private Readers Settle(SenderVerdict? sender, MilterOutcome made, ref SpamOutcome? spam)
    {
        if (!SpamFilter.Wants(peer))
            return new Readers();
        var readers =
            intake.Gate?.ReadersOf(peer, made.Envelope, Authors.Of(made.Facts.Root.Envelope), sender) ?? new Readers();
        foreach (var recipient in made.Envelope.Recipients)
            readers.Complete(Readers.AddressOf(recipient), recipient.Target as Resolution);
        var all = readers.Of(made.Envelope).ToList();
        var options = intake.Gate?.Options ?? new GateOptions();
        if (spam is { Score: not null } && intake.Spam is { } filter)
            spam = filter.Settle(peer, made.Envelope, spam, all);
        else
            foreach (var reader in all)
                reader.Verdict = CopyVerdict.ByLists(reader, options.Threshold, options.RejectAt, spam?.Marks ?? "");
        foreach (var reader in all.Where(static r => r.IsBackscatter))
        {
            var verdict = reader.Verdict!;
            reader.Verdict = verdict with
            {
                IsJunk = true,
                IsRefused = verdict.IsRefused || reader.Refusal is not null,
            };
        }

        return readers;
    }

    // What goes on to other servers keeps the subject that its author signed.
    private static bool StaysHere(SmtpEnvelope envelope) =>
        envelope.Recipients.All(r => r.Target is Resolution { Remote.Count: 0 });

    private async ValueTask<TaggedContent?> TagAsync(MilterOutcome made, SpamOutcome? spam, CancellationToken ct) =>
        spam?.Header is { } header && StaysHere(made.Envelope)
            ? await TaggedContent.WriteAsync(intake.Store.Blobs, intake.NewScanner(), made.Content, header, ct)
            : null;
}
