using System.Text;
using Microsoft.Extensions.Logging;
using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Lists;
using Postreiter.Delivery.Scanning;
using Postreiter.Delivery.Scanning.Contents;
using Postreiter.Messages.Reports;
using Postreiter.Smtp.Server;
using Postreiter.Storage;
using Postreiter.Storage.Blobs;
using Postreiter.Storage.Mail;
using Postreiter.Storage.Queue;

namespace Postreiter.Delivery.Inbound;

/// <summary>A whole message and its recipients: files it once, or for LMTP recipient by recipient where they differ.</summary>
internal sealed partial class IncomingFiling(
    MessageIntake intake,
    SmtpPeer peer,
    SmtpEnvelope envelope,
    PendingBlob content,
    ReadOnlyMemory<byte> structure,
    IReadOnlyList<string> deliveredTo,
    DomainName? reverseName,
    SenderVerdict? verdict,
    MessageSigning? signing,
    DateTimeOffset now
)
{
    private static readonly SmtpReply AliasLoop = new(554, "5.4.6", "Mail loop: this address was passed already");
    private static readonly SmtpReply NotNow = new(451, "4.3.0", "Temporary failure, try again later");

    /// <summary>What the rules say; null when nothing was scanned.</summary>
    public SpamOutcome? Spam { get; init; }

    /// <summary>What scanners said of it; null where nobody was asked.</summary>
    public VirusOutcome? Virus { get; init; }

    /// <summary>What the rules about contents say of it; null where there are none.</summary>
    public ContentOutcome? Contents { get; init; }

    /// <summary>Who gets it, and what follows for each.</summary>
    public required Readers Readers { get; init; }

    // The first recipient by which an account gets it decides for its copy.
    private readonly Dictionary<long, Reader?> _readers = [];

    // Who gets it from the queue by now: two aliases that lead to one address send it there once, also when they are filed singly.
    private readonly HashSet<EmailAddress> _sentOn = [];

    // What was filed, for a scan that is still going on.
    private readonly List<LateCopy> _filed = [];

    private readonly SmtpReply _accepted = new(250, "2.0.0", $"{envelope.Id} accepted");

    // RFC 8601 §4: above our own Received, so that a reader knows whose it is.
    private readonly string _trace =
        verdict?.Results.ToField(allowUtf8: envelope.Mail.SmtpUtf8)
        + TraceField.Received(peer, envelope, reverseName, intake.HostName, now);

    /// <summary>One reply, or where the client takes them one for each recipient.</summary>
    public async ValueTask<IReadOnlyList<SmtpReply>> FileAsync(CancellationToken ct)
    {
        var replies = await FileWithLateAsync(ct);
        if (Virus is { IsLate: true } && _filed.Count > 0 && intake.Virus is { } filter)
            intake.Late.Begin(envelope.Id, filter, (envelope.Mail.ReversePath, Addresses()), _filed);
        return replies;
    }

    private List<EmailAddress> Addresses() => [.. envelope.Recipients.Select(static r => r.Arguments.Recipient)];

    private async ValueTask<IReadOnlyList<SmtpReply>> FileWithLateAsync(CancellationToken ct)
    {
        if (Spam?.Late is not { } late)
            return await FileAllAsync(ct);
        var isHandedOver = false;
        try
        {
            var replies = await FileAllAsync(ct);
            isHandedOver = true;
            intake.Late.Begin(envelope.Id, late, intake.Spam?.Options.Threshold ?? 0, _filed);
            return replies;
        }
        finally
        {
            if (!isHandedOver)
                late.Dispose();
        }
    }

    private async ValueTask<IReadOnlyList<SmtpReply>> FileAllAsync(CancellationToken ct)
    {
        var all = new List<(AcceptedRecipient Recipient, Resolution Target)>();
        foreach (var recipient in envelope.Recipients)
            all.Add((recipient, await TargetAsync(recipient, ct)));

        // One reply for all: where somebody wants it, those who do not have it in Junk.
        if (peer.Role != ListenerRole.Lmtp && !(envelope.Mail.TakesReplyEach && all.Count > 1))
            return [await FileForAsync(all, ct)];
        return await FileEachAsync(all, all.ConvertAll(r => RefusalFor(Address(r.Recipient, r.Target))), ct);
    }

    private SmtpReply? RefusalFor(EmailAddress recipient) =>
        ReceptionGate.DelayOf(peer, recipient) ?? Readers.RefusalOf(Readers.Of(recipient), Spam);

    private async ValueTask<IReadOnlyList<SmtpReply>> FileEachAsync(
        List<(AcceptedRecipient Recipient, Resolution Target)> all,
        List<SmtpReply?> refusals,
        CancellationToken ct
    )
    {
        var wanted = all.Where((_, i) => refusals[i] is null).ToList();
        var reply = wanted.Count > 0 ? await FileForAsync(wanted, ct) : null;
        var replies = new List<SmtpReply>(all.Count);
        for (var i = 0; i < all.Count; i++)
        {
            if (refusals[i] is { } refusal)
                replies.Add(refusal);
            else if (reply!.IsPositive || wanted.Count == 1)
                replies.Add(reply);
            // RFC 2033 §4.2: nothing was changed; now each recipient for itself. The delivery id keeps copies single.
            else
                replies.Add(await FileForAsync([all[i]], ct, part: i + 1));
        }

        return replies;
    }

    private async ValueTask<Resolution> TargetAsync(AcceptedRecipient recipient, CancellationToken ct)
    {
        if (recipient.Target is Resolution known)
            return known;
        var found = await intake.Resolver.ResolveAsync(recipient.Arguments.Recipient, ct);
        return found;
    }

    private async ValueTask<SmtpReply> FileForAsync(
        IReadOnlyList<(AcceptedRecipient Recipient, Resolution Target)> recipients,
        CancellationToken ct,
        int part = 0
    )
    {
        if (recipients.Any(r => r.Target.Accounts.Count + r.Target.Remote.Count == 0))
            return NotNow;
        if (recipients.Any(IsLooping))
            return AliasLoop;
        var filing = new Filing
        {
            DeliveryId = envelope.Id,
            Part = part,
            Content = content,
            Structure = structure,
            Copies = await CopiesAsync(recipients, ct),
            Queue = await QueueAsync(recipients, ct),
        };
        filing = SetApart(filing, recipients);
        if (!await HasRoomAsync(filing, ct))
        {
            InboundMetrics.Limit("quarantine");
            return MessageIntake.DiskFull;
        }

        filing = filing with { Trace = intake.Gate?.Trace(peer, envelope, _accepted) };
        var result = await intake.Store.Mail.FileAsync(filing, ct);
        switch (result.Status)
        {
            case FilingStatus.OverQuota:
                return await OverQuotaAsync(recipients, ct);
            case FilingStatus.NoSuchAccount:
                // Gone since RCPT: at the next try RCPT says so.
                return NotNow;
        }

        _sentOn.UnionWith(recipients.SelectMany(static r => r.Target.Remote));
        foreach (var account in recipients.SelectMany(r => r.Target.Accounts))
            intake.Quotas.NoteDelivery(account);
        foreach (var (copy, filed) in filing.Copies.Zip(result.Copies))
        {
            if ((Spam?.Late is not null || Virus is { IsLate: true }) && !filed.WasThere)
                _filed.Add(new LateCopy(copy.AccountId, filed, _readers.GetValueOrDefault(copy.AccountId)));
        }

        await ReportSuccessAsync(recipients, ct);
        return _accepted;
    }

    // The address that is meant, without what we put in front of it for bounces.
    private static EmailAddress Address(AcceptedRecipient recipient, Resolution target) =>
        target.Untagged ?? recipient.Arguments.Recipient;

    /// <summary>Forwarding that led back here: our own Delivered-To of this alias is in the message.</summary>
    private bool IsLooping((AcceptedRecipient Recipient, Resolution Target) r) =>
        r.Target is { Status: ResolutionStatus.Found, Remote.Count: > 0 }
        && deliveredTo.Contains(Address(r.Recipient, r.Target).ToString(), StringComparer.OrdinalIgnoreCase);

    private async ValueTask<List<MailboxCopy>> CopiesAsync(
        IReadOnlyList<(AcceptedRecipient Recipient, Resolution Target)> recipients,
        CancellationToken ct
    )
    {
        var copies = new List<MailboxCopy>();
        var seen = new HashSet<long>();
        foreach (var (recipient, target) in recipients)
        {
            foreach (var account in target.Accounts)
            {
                if (!seen.Add(account.Id))
                    continue;
                var reader = Readers.Find(Address(recipient, target), account.Id);
                _readers[account.Id] = reader;
                var prefix =
                    TraceField.ReturnPath(envelope.Mail.ReversePath)
                    + Virus?.Marks
                    + Contents?.Marks
                    + reader?.Verdict?.Marks
                    + TraceField.DeliveredTo(Address(recipient, target))
                    + _trace;
                copies.Add(
                    new MailboxCopy
                    {
                        AccountId = account.Id,
                        MailboxId = await MailboxAsync(account.Id, reader, ct),
                        Prefix = Encoding.UTF8.GetBytes(prefix),
                        InternalDate = now,
                    }
                );
            }
        }

        return copies;
    }

    private ValueTask<long> MailboxAsync(long accountId, Reader? reader, CancellationToken ct) =>
        reader?.Verdict is { IsJunk: true }
        || (verdict?.Action == SenderAction.Quarantine && reader is not { IsExemptFromPolicy: true })
            ? intake.Resolver.Directory.FindJunkAsync(accountId, ct)
            : intake.Resolver.Directory.FindInboxAsync(accountId, ct);

    /// <summary>
    /// One item for each destination; forwarded recipients apart, for they carry Delivered-To of their alias and a sender of its
    /// domain.
    /// </summary>
    private async ValueTask<List<NewQueueItem>> QueueAsync(
        IReadOnlyList<(AcceptedRecipient Recipient, Resolution Target)> recipients,
        CancellationToken ct
    )
    {
        var seen = new HashSet<EmailAddress>();
        var groups = recipients
            .SelectMany(r => r.Target.Remote.Select(address => (Address: address, r.Recipient, r.Target)))
            .Where(r => !_sentOn.Contains(r.Address) && seen.Add(r.Address))
            .GroupBy(r =>
                (
                    r.Address.Domain,
                    Alias: r.Target.Status == ResolutionStatus.Found
                        ? Address(r.Recipient, r.Target)
                        : (EmailAddress?)null
                )
            );
        var items = new List<NewQueueItem>();
        foreach (var group in groups)
        {
            var marks = Readers
                .Find(Address(group.First().Recipient, group.First().Target), account: null)
                ?.Verdict?.Marks;
            var (sender, prefix) = (envelope.Mail.ReversePath, marks + _trace);
            if (group.Key.Alias is { } alias)
            {
                if (intake.Rewriting is { } rewriting)
                    sender = await rewriting.RewriteAsync(sender, alias.Domain, ct);
                prefix = TraceField.DeliveredTo(alias) + Virus?.Marks + Contents?.Marks + prefix;
                if (verdict is not null && signing is not null)
                    prefix = signing.Seal(alias.Domain, verdict, envelope.Mail.SmtpUtf8) + prefix;
            }

            // A user's mail alone: a bounce to what a stranger sent in our name is not to find its way.
            if (peer.User is not null && intake.Tags is { } tags)
                sender = await tags.SignAsync(sender, ct);
            prefix = signing?.Signatures() + prefix;

            items.Add(
                new NewQueueItem
                {
                    Destination = group.Key.Domain,
                    Envelope = Outgoing() with { ReversePath = sender },
                    Recipients =
                    [
                        .. group.Select(r => new QueueRecipient(
                            r.Address,
                            (DsnNotify)r.Recipient.Arguments.Notify,
                            r.Recipient.Arguments.OriginalRecipient
                        )),
                    ],
                    Prefix = Encoding.UTF8.GetBytes(prefix),
                    Created = now,
                    NextAttempt = now,
                }
            );
        }

        return items;
    }

    private QueueEnvelope Outgoing() =>
        new()
        {
            ReversePath = envelope.Mail.ReversePath,
            EnvelopeId = envelope.Mail.EnvelopeId,
            Return = envelope.Mail.Return?.ToUpperInvariant() switch
            {
                "FULL" => DsnReturn.Full,
                "HDRS" => DsnReturn.Headers,
                _ => DsnReturn.Unspecified,
            },
            SmtpUtf8 = envelope.Mail.SmtpUtf8,
            Body = (BodyType)envelope.Mail.Body,
        };

    private async ValueTask<SmtpReply> OverQuotaAsync(
        IReadOnlyList<(AcceptedRecipient Recipient, Resolution Target)> recipients,
        CancellationToken ct
    )
    {
        foreach (var account in recipients.SelectMany(r => r.Target.Accounts))
        {
            if (await intake.Quotas.CheckAsync(account, content.Length, ct) is { } full)
                return full;
        }

        return new SmtpReply(452, "4.2.2", "Mailbox full");
    }

    /// <summary>NOTIFY=SUCCESS of those that are in a mailbox now (RFC 3461 §5.2.3). The message is safe: a fault here is only logged.</summary>
    private async ValueTask ReportSuccessAsync(
        IReadOnlyList<(AcceptedRecipient Recipient, Resolution Target)> recipients,
        CancellationToken ct
    )
    {
        var asked = recipients
            // What is kept apart is not delivered.
            .Where(r => r.Target.Accounts.Any(a => ReasonFor(_readers.GetValueOrDefault(a.Id)) is null))
            .Where(r => r.Recipient.Arguments.Notify.HasFlag(SmtpNotify.Success))
            .Select(r => new ReportedRecipient(
                r.Recipient.Arguments.Recipient,
                ReportAction.Delivered,
                new EnhancedStatus(2, 0, 0)
            )
            {
                OriginalRecipient = r.Recipient.Arguments.OriginalRecipient,
            })
            .ToList();
        if (asked.Count == 0)
            return;
        var open = new List<BlobWriter>();
        try
        {
            var notice = await intake.Notices.WriteAsync(
                Outgoing(),
                now,
                asked,
                content.Length,
                content.ReadAsync,
                open,
                ct
            );
            if (notice is not null)
                await intake.Store.Mail.FileAsync(notice, ct);
        }
        catch (StoreException e)
        {
            LogNoNotice(intake.Log, e, peer.ConnectionId, envelope.Id);
        }
        finally
        {
            foreach (var writer in open)
                await writer.DisposeAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Connection}: no success report for message {Id}")]
    private static partial void LogNoNotice(ILogger log, StoreException e, string connection, TraceId id);
}
