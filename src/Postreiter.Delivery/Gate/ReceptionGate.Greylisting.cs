using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Greylisting;
using Postreiter.MailAuth.Dkim;
using Postreiter.MailAuth.Dmarc;
using Postreiter.MailAuth.Spf;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Gate;

/// <content>Who has to come again.</content>
public sealed partial class ReceptionGate
{
    private const string GreylistCheck = "greylist";

    /// <summary>Whether a recipient is refused for now.</summary>
    private SmtpReply? Delay(
        SmtpPeer peer,
        GateSession session,
        GateTransaction transaction,
        EmailAddress recipient,
        SpfOutcome? spf
    )
    {
        var mode = greylist.Options.Mode;
        if (mode == GreylistMode.Off)
            return null;
        var sender = transaction.Mail?.ReversePath;
        void Note(string result, string reason) =>
            transaction.Add(new CheckRecord(GreylistCheck, result, 0, 0, reason) { Recipient = recipient.ToString() });

        var client = new GreylistClient(peer.Address, PoolOf(sender, spf));
        if (Exemption(session, peer, transaction, client, recipient) is { } reason)
        {
            Note("exempt", reason);
            return null;
        }

        if (mode == GreylistMode.Smart && !HasAgainst(session, transaction, recipient))
        {
            Note("not-needed", "nothing speaks against the caller");
            return null;
        }

        // RFC 6647 §5: who only asks, or brings a notice, is told at DATA.
        if (GreylistSender.AsksOnly(sender))
        {
            transaction.Waiting.Add((recipient, client));
            return null;
        }

        var answer = greylist.Check(client, sender, recipient);
        if (!answer.IsDelayed)
        {
            Note(Word(answer), Words(answer));
            return null;
        }

        // A signature of a domain that we know can only be seen in the message.
        if (sender is { } address && greylist.IsKnownDomain(address.Domain))
        {
            Note("postponed", $"good mail came from {address.Domain.Ascii}: its signature decides");
            transaction.Postponed.Add((recipient, answer.Seconds));
            return null;
        }

        Note(Word(answer), Words(answer));
        return GreylistReply.Of(peer.Address, sender, recipient, answer.Seconds);
    }

    /// <summary>Recipients of a notice or of somebody who only asks, at DATA.</summary>
    private SmtpReply? DelayData(SmtpPeer peer, GateTransaction transaction)
    {
        (EmailAddress Recipient, uint Seconds)? first = null;
        var sender = transaction.Mail?.ReversePath;
        foreach (var (recipient, client) in transaction.Waiting)
        {
            var answer = greylist.Check(client, sender, recipient);
            transaction.Add(
                new CheckRecord(GreylistCheck, Word(answer), 0, 0, Words(answer)) { Recipient = recipient.ToString() }
            );
            // One reply for all of them: who waits longest says when.
            if (answer.IsDelayed && (first is null || answer.Seconds > first.Value.Seconds))
                first = (recipient, answer.Seconds);
        }

        transaction.Waiting.Clear();
        return first is { } wait ? GreylistReply.Of(peer.Address, sender, wait.Recipient, wait.Seconds) : null;
    }

    /// <summary>Recipients whose delay waited for a signature, at the end of the message.</summary>
    private SmtpReply? DelayUnsigned(SmtpPeer peer, GateTransaction transaction, SenderVerdict? verdict)
    {
        if (transaction.Postponed.Count == 0)
            return null;
        var signer = verdict
            ?.Dkim.Where(static d => d.Result == DkimResult.Pass)
            .Select(static d => DomainName.TryParse(d.Domain, out var domain) ? domain : default)
            .FirstOrDefault(d => !d.IsEmpty && greylist.IsKnownDomain(d));
        if (signer is { IsEmpty: false } known)
        {
            transaction.Add(
                new CheckRecord(GreylistCheck, "signed", 0, 0, $"{known.Ascii} has signed it, and its mail was good")
            );
            return null;
        }

        transaction.Add(
            new CheckRecord(GreylistCheck, "unsigned", 0, 0, "no domain of which good mail came has signed it")
        );
        SmtpReply Reply((EmailAddress Recipient, uint Seconds) wait) =>
            GreylistReply.Of(peer.Address, transaction.Mail?.ReversePath, wait.Recipient, wait.Seconds);
        foreach (var wait in transaction.Postponed)
            transaction.Delays[wait.Recipient] = Reply(wait);
        return
            transaction.Mail?.TakesReplyEach == true
            && transaction.Recipients.Exists(r => r.Refusal is null && !transaction.Delays.ContainsKey(r.Address))
            ? null
            : Reply(transaction.Postponed.MaxBy(static p => p.Seconds));
    }

    /// <summary>Keeps who vouches for a message that is good: it counts when the message is taken.</summary>
    private static void NoteVouched(GateTransaction transaction, SenderVerdict? verdict)
    {
        if (
            transaction.IsJunk != true
            && verdict is { Dmarc.Result: DmarcResult.Pass, Action: SenderAction.Accept }
            && DomainName.TryParse(verdict.Dmarc.Domain, out var author)
        )
            transaction.Vouched = author;
    }

    private string? Exemption(
        GateSession session,
        SmtpPeer peer,
        GateTransaction transaction,
        in GreylistClient client,
        EmailAddress recipient
    )
    {
        if (transaction.IsWantedBy(recipient))
            return "the lists let it in";
        var name = Notes(peer).Iprev is { IsCompletedSuccessfully: true } iprev ? iprev.Result.Name : null;
        if (session.Options.GreylistAllow.Find(peer.Address, name) is { } entry)
            return $"{entry} is never delayed";
        if (!client.Pool.IsEmpty && session.Options.GreylistAllow.Find(peer.Address, client.Pool) is { } pool)
            return $"{pool} is never delayed, and SPF vouches for it";
        if (transaction.Mail?.ReversePath is { } sender && greylist.IsCorrespondent(sender))
            return "somebody here has written to the sender";
        // Looked at once more by the greylist itself; said here by its own name.
        return greylist.IsKnown(client) ? "the client has come back often enough" : null;
    }

    private static bool HasAgainst(GateSession session, GateTransaction transaction, EmailAddress recipient) =>
        transaction.HasAgainst(recipient)
        || transaction.PointsFor(recipient) >= session.Options.Threshold - NearThreshold;

    private static DomainName PoolOf(EmailAddress? sender, SpfOutcome? spf) =>
        spf?.Result == SpfResult.Pass
        && sender is { } address
        && DomainName.TryParse(spf.Domain, out var domain)
        && domain == address.Domain
            ? domain
            : default;

    private static string Word(GreylistAnswer answer) =>
        answer.Result switch
        {
            GreylistResult.New => "new",
            GreylistResult.Early => "early",
            GreylistResult.CameBack => "came-back",
            GreylistResult.Known => "known",
            _ => "known-client",
        };

    private static string Words(GreylistAnswer answer) =>
        answer.Result switch
        {
            GreylistResult.New => $"never seen: to come again in {answer.Seconds} s",
            GreylistResult.Early => $"too early: to come again in {answer.Seconds} s",
            GreylistResult.CameBack => $"came back after {answer.Seconds} s",
            GreylistResult.Known => "has passed before",
            _ => "the client has come back often enough",
        };
}
