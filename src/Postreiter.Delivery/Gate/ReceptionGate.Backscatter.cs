using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.MailAuth.Batv;
using Postreiter.Messages;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Lists;

namespace Postreiter.Delivery.Gate;

/// <content>Notices about mail that nobody here sent.</content>
public sealed partial class ReceptionGate
{
    private const string TagCheck = "batv";

    // draft-levine-smtp-batv-01 leaves the moment open. After the message it is, for a caller who only asks whether an address is there
    // must hear that it is, and only the message shows that it is a reader's receipt.
    private static readonly SmtpReply NotOurMail = new(
        550,
        "5.7.1",
        "This is a notice about mail that the recipient did not send"
    );

    private static void NoteTag(GateTransaction transaction, EmailAddress recipient, BatvStatus tag)
    {
        // RCPT may name one twice; the good tag counts.
        if (tag == BatvStatus.Valid)
        {
            transaction.DidSend.Add(recipient);
            transaction.DidNotSend.Remove(recipient);
        }
        else if (!transaction.DidSend.Contains(recipient))
        {
            transaction.DidNotSend.Add(recipient);
        }

        var (result, reason) = tag switch
        {
            BatvStatus.Valid => ("pass", "the tag is ours: a notice about mail from here"),
            BatvStatus.Expired => ("expired", "the tag is ours, of mail that was sent too long ago"),
            BatvStatus.Forged => ("fail", "the tag is not ours"),
            _ => ("none", "no tag: no notice about mail from here"),
        };
        transaction.Add(
            new CheckRecord(TagCheck, result, 0, 0, reason)
            {
                Recipient = recipient.ToString(),
                IsAgainst = tag != BatvStatus.Valid,
            }
        );
    }

    /// <summary>The message is whole, and nothing has looked into it yet.</summary>
    /// <param name="peer">Who brought it.</param>
    /// <param name="facts">What it is.</param>
    internal static void NoteKind(SmtpPeer peer, MessageFacts facts)
    {
        if (Session(peer)?.Transaction is not { DidNotSend.Count: > 0 } transaction)
            return;
        transaction.IsReceipt =
            facts.Root is { Type: "multipart", Subtype: "report" } root
            && root.Parameters.Any(static p =>
                p.Key == "report-type" && p.Value.Equals("disposition-notification", StringComparison.OrdinalIgnoreCase)
            );
        if (transaction.IsReceipt)
            transaction.Add(
                new CheckRecord(TagCheck, "receipt", 0, 0, "a reader's receipt, which needs no tag (RFC 8098)")
            );
    }

    /// <summary>The refusal of a notice that none of its recipients' mail is the reason for; null where one may have it.</summary>
    /// <param name="peer">Who brought it.</param>
    /// <param name="authors">The addresses of its From field: an entry for one may let it in.</param>
    /// <param name="verdict">What is known of its sender.</param>
    internal static SmtpReply? RefuseNotice(SmtpPeer peer, IReadOnlyList<EmailAddress> authors, SenderVerdict? verdict)
    {
        if (
            Session(peer) is not { Transaction: { DidNotSend.Count: > 0 } transaction } session
            || session.Options.OnBackscatter != FailurePolicy.Reject
        )
            return null;
        LookAtAuthors(transaction, authors, verdict);
        transaction.Scopes.TryGetValue(IListStore.Site, out var site);
        foreach (var reader in transaction.Recipients.SelectMany(r => transaction.Readers.Of(r.Address)))
            Note(transaction, reader, site);
        return transaction.Recipients.TrueForAll(r => r.Refusal is not null || transaction.IsBackscatterFor(r.Address))
            ? NotOurMail
            : null;
    }
}
