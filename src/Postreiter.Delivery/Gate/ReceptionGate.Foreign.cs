using Postreiter.Core;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Gate;

/// <content>Mail that another server takes in.</content>
public sealed partial class ReceptionGate
{
    /// <summary>The client turned out to be one of the other server's own users.</summary>
    internal static void Trust(SmtpPeer peer)
    {
        if (Session(peer) is { } session)
            session.IsChecked = false;
    }

    /// <summary>A transaction of another server has ended, as far as we know: nothing of it was filed, so its record is kept by itself.</summary>
    internal void ForeignEnded(SmtpPeer peer, SmtpReply reply)
    {
        if (Session(peer) is not { Transaction: { } transaction })
            return;
        transaction.Reply = reply;
        if (transaction is { Vouched.IsEmpty: false, Reply.IsPositive: true })
            greylist.NoteGood(transaction.Vouched);
        Finish(peer);
    }

    /// <summary>Whether any recipient of the open transaction was let pass.</summary>
    internal static bool HasPassed(SmtpPeer peer) =>
        Session(peer)?.Transaction is { } transaction && transaction.Recipients.Exists(static r => r.Refusal is null);
}
