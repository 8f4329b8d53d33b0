using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Filtering;
using Postreiter.Delivery.Milters;
using Postreiter.Messages;
using Postreiter.Smtp.Server;
using Postreiter.Storage.Blobs;

namespace Postreiter.Delivery.Inbound;

/// <content>Milters.</content>
internal sealed partial class IncomingMessage
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>Sees the message as it is kept; null where no milter looks at it.</summary>
    public MilterMessage? Milters { get; init; }

    private async ValueTask ShowAsync(ReadOnlyMemory<byte> body, CancellationToken ct)
    {
        if (Milters is not null)
            EarlyRefusal ??= await Milters.BodyAsync(body, ct);
    }

    /// <summary>What milters make of the message, and then what rules say of that.</summary>
    private async Task<(MilterOutcome Made, SpamOutcome? Spam)> MilterAndFilterAsync(
        PendingBlob content,
        MessageFacts facts,
        DomainName? reverseName,
        SenderVerdict? verdict,
        CancellationToken ct
    )
    {
        var made = Milters is null
            ? new MilterOutcome
            {
                Content = content,
                Facts = facts,
                Envelope = envelope,
            }
            : await Milters.EndAsync(content, facts, ct);
        if (made.Refusal is not null)
            return (made, null);
        if (made.HasChanged)
            await SignAgainAsync(made.Content, made.Envelope, ct);
        return (made, await FilterAsync(made.Content, made.Envelope, reverseName, verdict, ct));
    }

    /// <summary>Where there is a reply for each recipient (RFC 2033 §4.2), it is for those that were accepted, whatever milters have made of them.</summary>
    private IReadOnlyList<SmtpReply> RepliesFor(SmtpEnvelope changed, IReadOnlyList<SmtpReply> replies)
    {
        if (ReferenceEquals(changed, envelope) || (peer.Role != ListenerRole.Lmtp && replies.Count == 1))
            return replies;
        var told = new Dictionary<AcceptedRecipient, SmtpReply>(ReferenceEqualityComparer.Instance);
        foreach (var (recipient, reply) in changed.Recipients.Zip(replies))
            told[recipient] = reply;
        // Of one that was added nobody is told: where it failed, all come again.
        var added = changed
            .Recipients.Except(envelope.Recipients)
            .Select(r => told[r])
            .FirstOrDefault(static r => !r.IsPositive);
        var taken = replies.FirstOrDefault(static r => r.IsPositive) ?? replies[0];
        return [.. envelope.Recipients.Select(r => added ?? told.GetValueOrDefault(r, taken))];
    }

    /// <summary>What milters have changed is signed and sealed as it is now: what was counted while it came is of no use.</summary>
    private async ValueTask SignAgainAsync(PendingBlob content, SmtpEnvelope changed, CancellationToken ct)
    {
        _signing?.Dispose();
        _signing = null;
        if (intake.Keys is not { } keys || !MessageSigning.IsWanted(peer, changed, check is not null))
            return;
        var start = await MilterMessage.ReadHeaderAsync(content, ct);
        var length = MilterHeader.Read(start).Length;
        _signing = await MessageSigning.StartAsync(
            keys,
            peer,
            changed,
            LargeHeader.ForSigning(WithoutEmptyLine(start[..length])),
            shared: null,
            intake.Time,
            ct
        );
        var piece = new byte[PieceBytes];
        for (long at = length; _signing is not null; )
        {
            var count = await content.ReadAsync(at, piece, ct);
            if (count == 0)
                return;
            at += count;
            _signing.AppendBody(piece.AsSpan(0, count));
        }
    }
}
