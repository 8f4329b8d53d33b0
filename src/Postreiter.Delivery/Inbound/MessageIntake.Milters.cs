using Postreiter.Core;
using Postreiter.Delivery.Milters;
using Postreiter.Smtp.Server;

namespace Postreiter.Delivery.Inbound;

/// <content>Milters.</content>
public sealed partial class MessageIntake
{
    private async ValueTask<SmtpReply?> AskMiltersAsync(
        MilterSession milters,
        SmtpPeer peer,
        SmtpEnvelope envelope,
        CancellationToken ct
    )
    {
        var refusal = await milters.DataAsync(envelope, ct);
        return Gate is { } gate ? gate.NoteWhole(peer, milters, refusal) : refusal;
    }
}
