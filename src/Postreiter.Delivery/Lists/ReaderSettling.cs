using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Inbound;
using Postreiter.Messages;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Lists;

/// <summary>What follows of a whole message for each who gets it: points of the rules, lists, and whom they have written to.</summary>
internal static class ReaderSettling
{
    /// <summary>Who gets it, and what follows for each; none where it is a user's own.</summary>
    /// <param name="gate">Knows what was found before the message; null for nothing.</param>
    /// <param name="filter">Scores; null for nobody.</param>
    /// <param name="peer">Who brought it.</param>
    /// <param name="envelope">For whom.</param>
    /// <param name="facts">What it is.</param>
    /// <param name="sender">What is known of its sender.</param>
    /// <param name="spam">What the rules say; settled when this returns.</param>
    public static Readers Settle(
        ReceptionGate? gate,
        SpamFilter? filter,
        SmtpPeer peer,
        SmtpEnvelope envelope,
        MessageFacts facts,
        SenderVerdict? sender,
        ref SpamOutcome? spam
    )
    {
        if (!SpamFilter.Wants(peer))
            return new Readers();
        var readers = gate?.ReadersOf(peer, envelope, Authors.Of(facts.Root.Envelope), sender) ?? new Readers();
        foreach (var recipient in envelope.Recipients)
            readers.Complete(Readers.AddressOf(recipient), recipient.Target as Resolution);
        var all = readers.Of(envelope).ToList();
        var options = gate?.Options ?? new GateOptions();
        if (spam is { Score: not null } && filter is not null)
            spam = filter.Settle(peer, envelope, spam, all);
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
}
