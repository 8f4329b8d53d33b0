using Postreiter.Core;
using Postreiter.Delivery.Milters;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Gate;

/// <content>What milters decide, in the trace.</content>
public sealed partial class ReceptionGate
{
    /// <summary>Milters were asked at connect or HELO: a refusal is an attempt of its own, everything else is told with the mail that follows.</summary>
    internal SmtpReply? NoteSession(SmtpPeer peer, MilterSession milters, SmtpReply? refusal)
    {
        if (refusal is null || Session(peer) is not { } session)
            return refusal;
        Finish(peer);
        session.Transaction = new GateTransaction(null, time.GetTimestamp()) { Reply = refusal };
        NoteMilters(session.Transaction, milters);
        return refusal;
    }

    /// <summary>Milters were asked at MAIL, at DATA, or while the message came: a refusal is one of the whole.</summary>
    internal SmtpReply? NoteWhole(SmtpPeer peer, MilterSession milters, SmtpReply? refusal)
    {
        if (Session(peer) is not { Transaction: { } transaction })
            return refusal;
        NoteMilters(transaction, milters);
        if (refusal is not null)
            transaction.Reply = refusal;
        return refusal;
    }

    /// <summary>Milters were asked about a recipient.</summary>
    internal void NoteRecipient(SmtpPeer peer, MilterSession milters, EmailAddress recipient, SmtpReply? refusal)
    {
        if (Session(peer) is not { Transaction: { } transaction })
            return;
        NoteMilters(transaction, milters, recipient);
        if (refusal is not null && transaction.Recipients is [.., var last] && last.Address == recipient)
            transaction.Recipients[^1] = (recipient, refusal);
    }

    /// <summary>Milters have changed for whom the message is.</summary>
    internal void NoteAdded(SmtpPeer peer, EmailAddress recipient) => Session(peer)?.Transaction?.Add(recipient, null);

    private static void NoteMilters(GateTransaction transaction, MilterSession milters, EmailAddress? recipient = null)
    {
        foreach (var record in milters.TakeRecords())
            transaction.Add(recipient is { } to ? record with { Recipient = to.ToString() } : record);
    }
}
