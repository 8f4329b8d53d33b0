using Postreiter.Core;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Lists;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Quarantine;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Inbound;

/// <content>The quarantine: what is kept apart is on disk once, with all that is needed to deliver it.</content>
internal sealed partial class IncomingFiling
{
    /// <summary>Why the message is kept from everybody; null where it is not.</summary>
    public string? Apart { get; init; }

    /// <summary>Takes what is to be kept apart out of a filing's copies and queue items.</summary>
    private Filing SetApart(Filing filing, IReadOnlyList<(AcceptedRecipient Recipient, Resolution Target)> recipients)
    {
        var kept = new List<NewQuarantined>();
        var copies = new List<MailboxCopy>();
        foreach (var copy in filing.Copies)
        {
            if (ReasonFor(_readers.GetValueOrDefault(copy.AccountId)) is { } reason)
                kept.Add(Kept(copy.AccountId, AddressesOf(recipients, copy.AccountId), reason, copy.Prefix));
            else
                copies.Add(copy);
        }

        var queue = new List<NewQueueItem>();
        foreach (var item in filing.Queue)
        {
            // What goes on to others stays where it would be refused or held there: only what is kept from all is kept from them.
            if (Apart is { } reason)
                kept.Add(
                    Kept(
                        peer.User?.AccountId ?? 0,
                        [.. item.Recipients.Select(static r => r.Address)],
                        reason,
                        item.Prefix
                    ) with
                    {
                        Queue = item,
                    }
                );
            else
                queue.Add(item);
        }

        foreach (var (recipient, target) in recipients)
        {
            var reason =
                Apart
                ?? target
                    .Accounts.Select(a => ReasonFor(_readers.GetValueOrDefault(a.Id)))
                    .FirstOrDefault(r => r is not null);
            if (reason is not null)
                ReceptionGate.NoteApart(peer, Address(recipient, target), reason);
        }

        return kept.Count == 0 ? filing : filing with { Copies = copies, Queue = queue, Quarantine = kept };
    }

    private string? ReasonFor(Reader? reader) =>
        Apart
        ?? (
            reader?.Verdict is { IsJunk: true } verdict
            && Spam is { Score: not null } spam
            && Math.Min(spam.Points, verdict.Points) >= (intake.Spam?.Options.QuarantineAt ?? double.MaxValue)
                ? "spam by the rules"
                : null
        );

    private NewQuarantined Kept(
        long account,
        IReadOnlyList<EmailAddress> recipients,
        string reason,
        ReadOnlyMemory<byte> prefix
    ) =>
        new()
        {
            AccountId = account,
            Sender = envelope.Mail.ReversePath,
            Recipients = recipients,
            Reason = reason,
            Received = now,
            Prefix = prefix,
        };

    private static List<EmailAddress> AddressesOf(
        IReadOnlyList<(AcceptedRecipient Recipient, Resolution Target)> recipients,
        long account
    ) =>
        [
            .. recipients
                .Where(r => r.Target.Accounts.Any(a => a.Id == account))
                .Select(static r => Address(r.Recipient, r.Target))
                .Distinct(),
        ];

    /// <summary>Whether there is room for what is kept apart.</summary>
    private async ValueTask<bool> HasRoomAsync(Filing filing, CancellationToken ct)
    {
        if (filing.Quarantine.Count == 0)
            return true;
        var more = filing.Quarantine.Sum(q => q.Prefix.Length + filing.Content.Length);
        return await intake.Store.Quarantine.CountBytesAsync(ct) + more <= intake.Quarantine.MaxBytes;
    }
}
