using System.Globalization;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate.Checks;
using Postreiter.Delivery.Gate.Tracing;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Scanning.Contents;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Gate;

namespace Postreiter.Delivery.Gate;

/// <content>The message, and the record of the whole.</content>
public sealed partial class ReceptionGate
{
    /// <summary>DATA or the first BDAT came.</summary>
    /// <returns>A refusal of the whole, or null.</returns>
    internal SmtpReply? Data(SmtpPeer peer)
    {
        if (Session(peer) is not { Transaction: { } transaction })
            return null;
        var refusal = DelayData(peer, transaction);
        if (refusal is not null)
            transaction.Reply = refusal;
        return refusal;
    }

    /// <summary>The message is whole, and is known as far as it ever will be.</summary>
    /// <returns>A refusal of the whole, or null.</returns>
    internal SmtpReply? Judge(
        SmtpPeer peer,
        SenderVerdict? sender,
        SpamOutcome? spam,
        long? size,
        VirusOutcome? virus = null,
        ContentOutcome? contents = null,
        SmtpReply? refusal = null
    )
    {
        if (Session(peer) is not { Transaction: { } transaction })
            return null;
        transaction.Size = size;
        if (sender is not null)
            NoteSender(transaction, sender);
        foreach (var step in virus?.Steps ?? [])
            transaction.Add(
                new CheckRecord(
                    $"scanner {step.Scanner}",
                    step.Answer.State.ToString().ToLowerInvariant(),
                    0,
                    step.Elapsed.TotalMilliseconds,
                    step.Answer.Detail.Length > 0 ? step.Answer.Detail : "nothing was found"
                )
            );
        if (contents is not null)
            NoteContents(transaction, contents);
        if (spam is not null)
        {
            transaction.IsJunk = spam.IsJunk;
            transaction.Add(
                new CheckRecord(
                    "rules",
                    spam.Refusal is not null ? "unscanned"
                        : spam.IsRejected ? "refuse"
                        : spam.IsJunk ? "spam"
                        : "clean",
                    spam.Points,
                    spam.Milliseconds,
                    spam.Tests.Length > 0 ? spam.Tests : "no rule has hit"
                )
            );
        }

        if ((refusal ?? sender?.Refusal ?? virus?.Refusal ?? contents?.Refusal ?? spam?.Refusal) is not null)
            return null;
        if (DelayUnsigned(peer, transaction, sender) is { } delay)
            return delay;
        NoteVouched(transaction, sender);
        return null;
    }

    /// <summary>The reply to a recipient who has to wait, though others take the message; null for none.</summary>
    internal static SmtpReply? DelayOf(SmtpPeer peer, EmailAddress recipient) =>
        Session(peer)?.Transaction?.Delays.GetValueOrDefault(recipient);

    /// <summary>The record of a message that is about to be filed; kept with it.</summary>
    internal TraceRecord? Trace(SmtpPeer peer, SmtpEnvelope envelope, SmtpReply reply)
    {
        if (
            Session(peer) is not { Transaction: { } transaction } session
            || session.Options.KeepTraces <= TimeSpan.Zero
        )
            return null;
        transaction.Id = envelope.Id;
        transaction.Reply = reply;
        return Record(peer, transaction, [reply]);
    }

    /// <summary>A recipient's mail is kept apart.</summary>
    internal static void NoteApart(SmtpPeer peer, EmailAddress recipient, string reason)
    {
        if (Session(peer)?.Transaction is not { } transaction || !transaction.Apart.Add(recipient.ToString()))
            return;
        if (transaction.Apart.Count == 1)
            transaction.Add(new CheckRecord("quarantine", "held", 0, 0, reason));
    }

    /// <summary>A message has ended.</summary>
    internal void MessageEnded(SmtpPeer peer, IReadOnlyList<SmtpReply> replies)
    {
        if (Session(peer) is not { Transaction: { } transaction })
            return;
        if (replies.Count > 1)
            NoteReplies(transaction, replies);
        transaction.Reply = replies.FirstOrDefault(static r => r.IsPositive) ?? replies[0];
        // Where they differ, what was filed with the message does not know it: this record takes its place.
        transaction.IsKept = replies.All(static r => r.IsPositive);
        if (transaction is { Vouched.IsEmpty: false, Reply.IsPositive: true })
            greylist.NoteGood(transaction.Vouched);
        Finish(peer, PerRecipientReplies.ToWire(peer.Role, replies));
    }

    // RFC 2033 §4.2: one for each recipient that was accepted, in order.
    private static void NoteReplies(GateTransaction transaction, IReadOnlyList<SmtpReply> replies)
    {
        var next = 0;
        for (var i = 0; i < transaction.Recipients.Count && next < replies.Count; i++)
        {
            var (address, refusal) = transaction.Recipients[i];
            if (refusal is null && replies[next++] is { IsPositive: false } told)
                transaction.Recipients[i] = (address, told);
        }
    }

    /// <summary>The transaction is over, or the session: what was not filed is recorded.</summary>
    /// <param name="peer">Whose.</param>
    /// <param name="next">The last replies, where they are not said yet.</param>
    internal void Finish(SmtpPeer peer, IReadOnlyList<SmtpReply>? next = null)
    {
        if (Session(peer) is not { Transaction: { } transaction } session)
            return;
        session.Transaction = null;
        if (transaction.IsKept || traces is null || session.Options.KeepTraces <= TimeSpan.Zero)
            return;
        // MAIL alone, and then nothing: there is nothing to tell.
        if (transaction.Recipients.Count == 0 && transaction.Reply is null)
            return;
        if (transaction.Id.IsEmpty)
            transaction.Id = TraceId.Create(time.GetUtcNow(), random);
        traces.Add(Record(peer, transaction, next ?? []));
    }

    private static void NoteSender(GateTransaction transaction, SenderVerdict sender)
    {
        transaction.IsQuarantined = sender.Action == SenderAction.Quarantine;
        foreach (var result in sender.Results.Results)
        {
            // SPF of MAIL FROM was looked at already.
            if (result.Method == "spf" && transaction.Checks.Any(static c => c.Check == "spf"))
                continue;
            if (result.Method == "iprev" && transaction.Checks.Any(static c => c.Check == "iprev"))
                continue;
            transaction.Add(new CheckRecord(result.Method, result.Result, 0, 0, ReasonOf(result, sender)));
        }

        if (sender.Action != SenderAction.Accept)
            transaction.Add(
                new CheckRecord("sender-policy", sender.Action.ToString().ToLowerInvariant(), 0, 0, sender.Reason)
            );
    }

    private static void NoteContents(GateTransaction transaction, ContentOutcome contents)
    {
        if (contents.Findings.Count == 0)
            transaction.Add(
                new CheckRecord(
                    "contents",
                    "clean",
                    0,
                    contents.Milliseconds,
                    string.Create(CultureInfo.InvariantCulture, $"nothing was found in {contents.Files} files")
                )
            );
        foreach (var finding in contents.Findings)
            transaction.Add(
                new CheckRecord(
                    $"contents {ContentFilter.RuleName(finding.Rule)}",
                    contents.ActionFor(finding.Rule),
                    0,
                    contents.Milliseconds,
                    $"{finding.File}: {finding.Detail}"
                )
            );
    }

    private static string ReasonOf(MailAuth.AuthenticationResult result, SenderVerdict sender)
    {
        var reason = result.Method switch
        {
            "dmarc" => sender.Dmarc.Reason,
            "arc" => sender.Arc.Reason,
            _ => result.Reason,
        };
        return reason.Length > 0
            ? reason
            : string.Join(' ', result.Properties.Select(static p => $"{p.Type}.{p.Name}={p.Value}"));
    }

    private static IEnumerable<RecipientVerdict> Recipients(
        GateTransaction transaction,
        EmailAddress recipient,
        SmtpReply? refusal
    )
    {
        var readers = transaction.Readers.Of(recipient);
        if (readers.Count > 1 && refusal is null && transaction.Reply is { IsPositive: true })
            return readers.Select(r => new RecipientVerdict(
                recipient.ToString(),
                transaction.ActionFor(r),
                transaction.Points + r.OwnPoints
            )
            {
                Account = r.Account?.Address.ToString(),
            });
        return
        [
            new RecipientVerdict(
                recipient.ToString(),
                transaction.ActionFor(recipient, refusal),
                transaction.PointsFor(recipient),
                refusal?.ToString()
            ),
        ];
    }

    private static TraceRecord Record(SmtpPeer peer, GateTransaction transaction, IReadOnlyList<SmtpReply> next)
    {
        var sender = transaction.Mail?.ReversePath;
        var dialogue = peer.Dialogue?.Lines() ?? [];
        var verdict = new Verdict
        {
            Id = transaction.Id.ToString(),
            Began = transaction.Id.Time,
            Connection = peer.ConnectionId,
            Door = peer.Door ?? peer.Role.ToString().ToLowerInvariant(),
            Client = peer.Address.Plain().ToString(),
            Name = peer.ReverseName is { IsCompletedSuccessfully: true } name ? name.Result?.Ascii : null,
            Helo = peer.Helo,
            User = peer.User?.Address.ToString(),
            Sender = transaction.Mail is null ? null : sender?.ToString() ?? "",
            Size = transaction.Size,
            Checks = transaction.Checks,
            Points = transaction.Points,
            Recipients = [.. transaction.Recipients.SelectMany(r => Recipients(transaction, r.Address, r.Refusal))],
            Reply = transaction.Reply?.ToString(),
            // Its last lines are what this record is a part of: said as soon as both are kept.
            Dialogue = dialogue.Count > 0 ? [.. dialogue, .. next.Select(static r => $"S: {r}")] : dialogue,
        };
        var addresses = transaction.Recipients.Select(static r => r.Address);
        return new TraceRecord(
            transaction.Id,
            [.. (sender is { } from ? addresses.Prepend(from) : addresses).Distinct()],
            verdict.ToJson()
        );
    }
}
