using Postreiter.Core;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Gate;

/// <summary>A policy with the gate behind it: who may send what to whom first, then whether it is wanted.</summary>
/// <param name="policy">Who may.</param>
/// <param name="gate">What is wanted.</param>
public sealed class GatedPolicy(IReceptionPolicy policy, ReceptionGate gate) : IReceptionPolicy
{
    /// <inheritdoc/>
    public async ValueTask<SmtpReply?> OnConnectAsync(SmtpPeer peer, CancellationToken ct) =>
        // What the policy asks the DNS is under way while the client is watched.
        await policy.OnConnectAsync(peer, ct) ?? await gate.ConnectAsync(peer);

    /// <inheritdoc/>
    public async ValueTask<SmtpReply?> OnHeloAsync(SmtpPeer peer, CancellationToken ct)
    {
        gate.Hello(peer);
        return await policy.OnHeloAsync(peer, ct);
    }

    /// <inheritdoc/>
    public async ValueTask<SmtpReply?> OnMailAsync(SmtpPeer peer, MailArguments mail, CancellationToken ct) =>
        gate.Mail(peer, mail, await policy.OnMailAsync(peer, mail, ct));

    /// <inheritdoc/>
    public async ValueTask<RecipientDecision> OnRcptAsync(
        SmtpPeer peer,
        SmtpEnvelope envelope,
        RcptArguments recipient,
        CancellationToken ct
    ) =>
        await gate.RecipientAsync(
            peer,
            envelope,
            recipient.Recipient,
            await policy.OnRcptAsync(peer, envelope, recipient, ct),
            ct
        );

    /// <inheritdoc/>
    public void OnMessageEnd(SmtpPeer peer, SmtpEnvelope envelope, IReadOnlyList<SmtpReply> replies) =>
        gate.MessageEnded(peer, replies);

    /// <inheritdoc/>
    public void OnClose(SmtpPeer peer) => gate.Finish(peer);
}
