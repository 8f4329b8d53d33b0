using Postreiter.Core;
using Postreiter.Delivery.Authentication;
using Postreiter.Delivery.Gate;
using Postreiter.Delivery.Inbound;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Milters;

/// <summary>A policy with milters behind it: they are asked about what it lets pass.</summary>
/// <param name="policy">Who may, and what is wanted.</param>
/// <param name="chain">The milters.</param>
/// <param name="gate">Keeps the record of what they decide.</param>
public sealed class MilteredPolicy(IReceptionPolicy policy, MilterChain chain, ReceptionGate gate) : IReceptionPolicy
{
    /// <inheritdoc/>
    public async ValueTask<SmtpReply?> OnConnectAsync(SmtpPeer peer, CancellationToken ct)
    {
        if (await policy.OnConnectAsync(peer, ct) is { } refusal)
            return refusal;
        if (chain.Begin(peer) is not { } milters)
            return null;
        PeerNotes.Of(peer).Milters = milters;
        return gate.NoteSession(peer, milters, await milters.ConnectAsync(ct));
    }

    /// <inheritdoc/>
    public async ValueTask<SmtpReply?> OnHeloAsync(SmtpPeer peer, CancellationToken ct)
    {
        if (await policy.OnHeloAsync(peer, ct) is { } refusal)
            return refusal;
        return Of(peer) is { } milters ? gate.NoteSession(peer, milters, await milters.HeloAsync(ct)) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<SmtpReply?> OnMailAsync(SmtpPeer peer, MailArguments mail, CancellationToken ct)
    {
        if (await policy.OnMailAsync(peer, mail, ct) is { } refusal)
            return refusal;
        return Of(peer) is { } milters ? gate.NoteWhole(peer, milters, await milters.MailAsync(mail, ct)) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<RecipientDecision> OnRcptAsync(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        RcptArguments recipient,
        CancellationToken ct
    )
    {
        var decision = await policy.OnRcptAsync(peer, envelope, recipient, ct);
        if (Of(peer) is not { } milters)
            return decision;
        var refusal = await milters.RcptAsync(envelope, recipient, decision, ct);
        // As the gate has noted it: without the tag of a bounce.
        var plain = (decision.Target as Resolution)?.Untagged ?? recipient.Recipient;
        gate.NoteRecipient(peer, milters, plain, refusal);
        return refusal is null ? decision : new RecipientDecision(refusal);
    }

    /// <inheritdoc/>
    public void OnMessageEnd(SmtpPeer peer, SmtpEnvelope envelope, IReadOnlyList<SmtpReply> replies) =>
        policy.OnMessageEnd(peer, envelope, replies);

    /// <inheritdoc/>
    public void OnClose(SmtpPeer peer)
    {
        policy.OnClose(peer);
        Of(peer)?.Close();
    }

    private static MilterSession? Of(SmtpPeer peer) => (peer.Notes as PeerNotes)?.Milters;
}
